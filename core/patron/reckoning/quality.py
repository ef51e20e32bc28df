"""How good the data is, reckoned for some customers at a time and kept, and for the whole base by day and source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Integer, cast, delete, func, insert, or_, select

from patron.bulk import among
from patron.context import Context
from patron.contributions import Choice, CustomerFields, Field
from patron.customers.models import ContactHolder, ContactPoint, Customer
from patron.customers.preferring import GONE
from patron.duplicates.models import Duplicate
from patron.reckoning.keeping import keep
from patron.reckoning.models import BaseQuality, CustomerQuality
from patron.reckoning.scoring import FIXES, WEIGHTS, score_of
from patron.records import table

WHOLE = "*"
SOURCES = 50
_COLUMNS = ("id", "kind", "name", "given_name", "family_name", "website", "owner_id", "team_id", "birth_date",
            "updated_at", "last_contact_at")  # fmt: skip

FIELDS = CustomerFields(
    model=CustomerQuality,
    fields=(
        Field("quality", "Data quality", "integer", default=0, column="score"),
        Field(
            "first_fix",
            "To put right first",
            "choice",
            default="",
            choices=tuple(Choice(name, label) for name, label in FIXES.items()),
        ),
    ),
    permission="customers.read",
    kept="event",
)


def reckon(ctx: Context, customers: Collection[int]) -> int:
    """Bring the data quality of these customers up to date. Returns how many changed. At most seven statements."""
    ids = sorted(customers)
    if not ids:
        return 0
    c, h, p = table(Customer), table(ContactHolder), table(ContactPoint)
    living = select(*(c.c[name] for name in _COLUMNS)).where(
        among(c.c.id, ids), c.c.trashed_at.is_(None), c.c.erased_at.is_(None), c.c.life_state.not_in(GONE)
    )
    rows = ctx.session.execute(living).mappings().all()
    held = (
        select(h.c.customer_id, p.c.kind, p.c.value, p.c.parts, p.c.deliverability, h.c.verified_at)
        .join(p, p.c.id == h.c.contact_point_id)
        .where(among(h.c.customer_id, ids), h.c.until.is_(None))
    )
    points: dict[int, list[Mapping[str, Any]]] = {}
    for point in ctx.session.execute(held).mappings():
        points.setdefault(point["customer_id"], []).append(dict(point))
    alike = _likeness(ctx, ids)
    found: dict[int, Mapping[str, Any] | None] = dict.fromkeys(ids)
    for row in rows:
        said = score_of(dict(row), points.get(row["id"], ()), alike.get(row["id"], 0), ctx.now)
        values = {**asdict(said), "fixes": ",".join(said.fixes), "first_fix": next(iter(said.fixes), "")}
        found[row["id"]] = values
    return keep(ctx, table(CustomerQuality), found, {"as_of": ctx.now})


def _likeness(ctx: Context, ids: Sequence[int]) -> dict[int, int]:
    """How likely another customer is the same, by the likeliest open pair."""
    d, wanted = table(Duplicate), set(ids)
    pairs = select(d.c.first_id, d.c.second_id, d.c.score).where(
        d.c.state == "open", or_(among(d.c.first_id, ids), among(d.c.second_id, ids))
    )
    found: dict[int, int] = {}
    for first, second, score in ctx.session.execute(pairs):
        for one in wanted.intersection((first, second)):
            found[one] = max(found.get(one, 0), score)
    return found


def reckon_base(ctx: Context) -> None:
    """Keep what the whole base and each of its sources is like today, of the customers' kept rows. Four statements."""
    c, t, b = table(Customer), table(CustomerQuality), table(BaseQuality)
    source = func.coalesce(c.c.source, "").label("source")
    joined = t.join(c, c.c.id == t.c.customer_id)
    sums = [func.sum(t.c[name]).label(name) for name in ("score", *WEIGHTS)]
    alive = c.c.trashed_at.is_(None)
    rows = ctx.session.execute(
        select(source, func.count().label("customers"), *sums)
        .select_from(joined)
        .where(alive)
        .group_by(source)
        .order_by(cast(func.count(), Integer).desc(), source)
    ).all()
    first = ctx.session.execute(
        select(source, t.c.first_fix, func.count().label("number"))
        .select_from(joined)
        .where(alive, t.c.first_fix != "")
        .group_by(source, t.c.first_fix)
    ).all()
    whole = _sum([dict(row._mapping) for row in rows])
    fixes: dict[str, dict[str, int]] = {WHOLE: {}}
    for row in first:
        fixes.setdefault(row.source, {})[row.first_fix] = int(row.number)
        fixes[WHOLE][row.first_fix] = fixes[WHOLE].get(row.first_fix, 0) + int(row.number)
    kept = [_line(ctx, WHOLE, whole, fixes)] if rows else []
    kept += [
        _line(ctx, row.source, dict(row._mapping), fixes) for row in rows[:SOURCES] if row.source != WHOLE
    ]
    ctx.session.execute(delete(b).where(b.c.day == ctx.now.date()))
    if kept:
        ctx.session.execute(insert(b), kept)


def _sum(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(int(row[name]) for row in rows) for name in ("customers", "score", *WEIGHTS)}


def _line(
    ctx: Context, source: str, sums: Mapping[str, Any], fixes: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    number = int(sums["customers"])
    means = {name: round(int(sums[name]) / number) for name in ("score", *WEIGHTS)}
    return {
        "day": ctx.now.date(),
        "source": source,
        "customers": number,
        "fixes": dict(fixes.get(source, {})),
        **means,
    }


def base(ctx: Context) -> dict[str, Any]:
    """What was kept last: ``day``, ``whole``, ``sources``, the largest first, ``days`` of the whole. Two statements."""
    b = table(BaseQuality)
    history = (
        ctx.session.execute(select(b).where(b.c.source == WHOLE).order_by(b.c.day.desc()).limit(90))
        .mappings()
        .all()
    )
    if not history:
        return {"day": None, "whole": None, "sources": [], "days": []}
    newest = dict(history[0])
    rows = (
        select(b)
        .where(b.c.day == newest["day"], b.c.source != WHOLE)
        .order_by(b.c.customers.desc(), b.c.source)
    )
    return {
        "day": newest["day"],
        "whole": _with_fixes(newest),
        "sources": [_with_fixes(dict(row)) for row in ctx.session.execute(rows).mappings()],
        "days": [(row["day"], row["score"]) for row in reversed(history)],
    }


def _with_fixes(row: dict[str, Any]) -> dict[str, Any]:
    """With what to put right first, by how many customers need it: (word, sentence, number)."""
    counted = sorted(row["fixes"].items(), key=lambda item: (-item[1], item[0]))
    return {**row, "todo": [(name, FIXES[name], number) for name, number in counted if name in FIXES]}
