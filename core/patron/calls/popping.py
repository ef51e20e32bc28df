"""Which record opens for a call: an open case of the caller, else the caller, else the list of unknown callers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from patron.bulk import among
from patron.calls.models import Call
from patron.context import Context
from patron.contributions import OpenCase
from patron.customers import contacts
from patron.customers.models import ContactHolder, ContactPoint, Customer, Relationship
from patron.interactions.models import Interaction, Participant
from patron.records import table
from patron.resources.scope import row_scope

SHOWN = 30
_GUESSED = 10  # unknown numbers for which somebody is proposed
_SHORTEST = 10  # characters of a number whose last digits may be an extension


@dataclass(frozen=True)
class Pop:
    """``url`` is what opens at once, empty where one has to choose among ``cases`` and ``customers`` (id, name)."""

    number: str
    cases: Sequence[OpenCase]
    customers: Sequence[tuple[int, str]]
    url: str


def pop_for(ctx: Context, number: str, customer_id: int | None = None) -> Pop:
    """What opens when this number rings; ``customer_id`` where it is known already who it is."""
    customers = _visible(ctx, [customer_id]) if customer_id is not None else _holders(ctx, number)
    cases = _cases(ctx, [key for key, _ in customers])
    if len(cases) == 1 or (cases and len(customers) == 1):
        return Pop(number, cases, customers, cases[0].url)
    if len(customers) == 1:
        return Pop(number, cases, customers, f"/customers/{customers[0][0]}")
    return Pop(number, cases, customers, "" if customers else "/calls/unknown")


def _holders(ctx: Context, number: str) -> list[tuple[int, str]]:
    if not number:
        return []
    found = contacts.holders_of(ctx, "phone", [number]).get(number, ())
    return _visible(ctx, [row.customer_id for row in found])


def _visible(ctx: Context, ids: Sequence[int]) -> list[tuple[int, str]]:
    c = table(Customer)
    seen = row_scope(ctx, ctx.assembly.resource("customers"))
    rows = select(c.c.id, c.c.name).where(among(c.c.id, ids), c.c.trashed_at.is_(None), seen)
    return [(row.id, row.name) for row in ctx.session.execute(rows.order_by(c.c.id))]


def _cases(ctx: Context, customers: Sequence[int]) -> list[OpenCase]:
    if not customers:
        return []
    found = ctx.assembly.hooks.display(ctx, "find_open_cases", customers=_with_employers(ctx, customers))
    mine = [item for _, item in found if isinstance(item, OpenCase)]
    return sorted(mine, key=lambda case: (case.customer_id not in customers, -case.at.timestamp()))


def _with_employers(ctx: Context, customers: Sequence[int]) -> list[int]:
    """These customers, then the organisations at which they work today."""
    r = table(Relationship)
    works = select(r.c.to_id).where(
        among(r.c.from_id, customers),
        r.c.kind == "works_at",
        r.c.until.is_(None) | (r.c.until >= ctx.now.date()),
    )
    return list(dict.fromkeys((*customers, *ctx.session.execute(works).scalars())))


def ringing(ctx: Context, since: Any) -> list[dict[str, Any]]:
    """Calls that ring since then, the newest first."""
    return _calls(ctx, table(Call).c.state == "ringing", table(Call).c.at >= since)


def recent(ctx: Context) -> list[dict[str, Any]]:
    """The newest calls."""
    return _calls(ctx)


def _calls(ctx: Context, *where: Any) -> list[dict[str, Any]]:
    """Calls with caller; one whom the actor may not see is shown by the number alone. One statement."""
    t, i, p, c = table(Call), table(Interaction), table(Participant), table(Customer)
    seen = row_scope(ctx, ctx.assembly.resource("customers"))
    joined = (
        t.join(i, i.c.id == t.c.interaction_id)
        .outerjoin(p, (p.c.interaction_id == i.c.id) & (p.c.part == "caller"))
        .outerjoin(c, (c.c.id == p.c.customer_id) & seen)
    )
    wanted = (t.c.id, t.c.state, t.c.at, t.c.interaction_id, i.c.direction, i.c.intent, i.c.duration_seconds,
              p.c.address, p.c.customer_id.is_not(None).label("resolved"), c.c.id.label("customer_id"),
              c.c.name, c.c.kind)  # fmt: skip
    readable = row_scope(ctx, ctx.assembly.resource("interactions"))
    rows = select(*wanted).select_from(joined).where(*where, i.c.trashed_at.is_(None), readable)
    newest = rows.order_by(t.c.at.desc(), t.c.id.desc()).limit(SHOWN)
    return [dict(row) for row in ctx.session.execute(newest).mappings()]


def call_of(ctx: Context, call_id: int) -> dict[str, Any] | None:
    """One call, as the lists show it."""
    return next(iter(_calls(ctx, table(Call).c.id == call_id)), None)


def unknown(ctx: Context) -> list[dict[str, Any]]:
    """Numbers that called and are nobody's yet, the newest first, each once, with who may be meant. Two statements."""
    i, p = table(Interaction), table(Participant)
    readable = row_scope(ctx, ctx.assembly.resource("interactions"))
    rows = (
        select(p.c.id, p.c.interaction_id, p.c.address, p.c.name, i.c.at, i.c.subject, i.c.direction)
        .select_from(p.join(i, i.c.id == p.c.interaction_id))
        .where(
            p.c.part == "caller",
            p.c.customer_id.is_(None),
            p.c.address != "",
            i.c.channel == "phone",
            i.c.trashed_at.is_(None),
            readable,
        )
        .order_by(i.c.at.desc(), p.c.id.desc())
        .limit(5 * SHOWN)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in ctx.session.execute(rows).mappings():
        first = found.setdefault(row["address"], {**row, "times": 0})
        first["times"] += 1
    shown = list(found.values())[:SHOWN]
    near = _neighbours(ctx, [one["address"] for one in shown])
    return [{**one, "likely": near.get(one["address"], ())} for one in shown]


def _neighbours(ctx: Context, numbers: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """Organisations with a number of the same house: other last digits, or the main number. One statement."""
    houses = {number: _house(number) for number in numbers[:_GUESSED] if len(number) >= _SHORTEST}
    if not houses:
        return {}
    h, p, c = table(ContactHolder), table(ContactPoint), table(Customer)
    seen = row_scope(ctx, ctx.assembly.resource("customers"))
    rows = (
        select(p.c.value, c.c.id, c.c.name)
        .select_from(p.join(h, h.c.contact_point_id == p.c.id).join(c, c.c.id == h.c.customer_id))
        .where(
            p.c.kind == "phone",
            among(p.c.value, sorted(set().union(*houses.values()))),
            c.c.kind == "organisation",
            h.c.until.is_(None),
            c.c.trashed_at.is_(None),
            seen,
        )
        .order_by(c.c.id)
    )
    held = ctx.session.execute(rows).all()
    near = {
        number: [(row.id, row.name) for row in held if row.value in house] for number, house in houses.items()
    }
    return {number: list(dict.fromkeys(found))[:3] for number, found in near.items()}


def _house(number: str) -> set[str]:
    """Numbers that one would expect at the same place: up to two other last digits, and ``…0``, the main number."""
    return {f"{number[:-2]}{digits:02}" for digits in range(100)} | {f"{number[:-cut]}0" for cut in (2, 3)}
