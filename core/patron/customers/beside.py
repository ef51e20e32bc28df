"""What stands beside the row of a customer — roles, consents, team, preference, stage, quality — in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    bindparam,
    cast,
    false,
    func,
    literal,
    null,
    select,
    union_all,
)

from patron.accounts.models import Team, User
from patron.context import Context
from patron.customers.consents import Standing
from patron.customers.models import Assignment, Consent, CustomerRole, Preference
from patron.db import BigInt, UtcDateTime
from patron.prepared import Prepared
from patron.reckoning.models import CustomerQuality, CustomerStage
from patron.records import table

_PARTS = ("completeness", "validity", "freshness", "uniqueness")
_PREFERENCES = ("channel", "language", "hours", "time_zone", "salutation")


def beside(ctx: Context, customer_id: int) -> dict[str, Any]:
    """``roles`` (ended ones last), ``consents`` (what counts now), ``team`` (ended ones last),
    ``preference``, ``stage`` and ``quality`` (empty until they were reckoned)."""
    return beside_of(_BESIDE.rows(ctx.session, {"customer": customer_id}))


def beside_of(rows: Iterable[Any]) -> dict[str, Any]:
    """The same, of the rows that ``standing_beside`` selects."""
    found: dict[str, Any] = {
        "roles": [],
        "consents": [],
        "team": [],
        "preference": {},
        "stage": {},
        "quality": {},
    }
    for row in rows:
        if row.kind == "role":
            found["roles"].append({"role": row.t1, "module": row.t2, "since": row.at1, "until": row.at2})
        elif row.kind == "consent":
            found["consents"].append(Standing(row.t1, row.t2, bool(row.flag), row.at1, row.t3, row.t4))
        elif row.kind == "member":
            member = {"id": row.id, "role": row.t1, "user": row.t2, "team": row.t3}
            found["team"].append({**member, "since": _day(row.t4), "until": _day(row.t5)})
        elif row.kind == "stage":
            found["stage"] = {"name": row.t1, "since": row.at1, "definition": row.id}
        elif row.kind == "quality":
            score, fixes = int(row.t1), [name for name in row.t2.split(",") if name]
            parts = dict(zip(_PARTS, map(int, row.t3.split(",")), strict=True))
            found["quality"] = {"score": score, "fixes": fixes, "parts": parts, "as_of": row.at1}
        else:
            found["preference"] = dict(
                zip(_PREFERENCES, (row.t1, row.t2, row.t3, row.t4, row.t5), strict=True)
            )
    for name in ("roles", "team"):
        found[name].sort(key=lambda entry: entry["until"] is not None)
    return found


def standing_beside(_: str) -> Select[Any]:
    """Selects what stands beside the row of ``customer``."""
    customer_id = bindparam("customer", type_=BigInt())
    parts = union_all(
        _roles(customer_id),
        _consents(customer_id),
        _team(customer_id),
        _preference(customer_id),
        _stage(customer_id),
        _quality(customer_id),
    )
    rows = parts.subquery()
    return select(rows).order_by(rows.c.kind, rows.c.id)


_BESIDE = Prepared(standing_beside)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _row(
    kind: str,
    row_id: Any,
    texts: list[Any],
    at: list[Any] | None = None,
    flag: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """The one form that all parts have: kind, id, five texts, two instants, a flag."""
    instants = at or [cast(null(), UtcDateTime), cast(null(), UtcDateTime)]
    padded = [*texts, *[literal("")] * (5 - len(texts))]
    return select(
        literal(kind).label("kind"),
        row_id.label("id"),
        *(text.label(f"t{number}") for number, text in enumerate(padded, start=1)),
        *(instant.label(f"at{number}") for number, instant in enumerate(instants, start=1)),
        (false() if flag is None else flag).label("flag"),
    )


def _roles(customer_id: BindParameter[int]) -> Select[Any]:
    t = table(CustomerRole)
    return _row("role", t.c.id, [t.c.role, t.c.module], [t.c.since, t.c.until]).where(
        t.c.customer_id == customer_id
    )


def _consents(customer_id: BindParameter[int]) -> Select[Any]:
    """The newest act for each purpose, channel and brand."""
    t = table(Consent)
    newest = (t.c.at.desc(), t.c.id.desc())
    place = func.row_number().over(partition_by=(t.c.purpose, t.c.channel, t.c.brand_id), order_by=newest)
    acts = select(t, place.label("place")).where(t.c.customer_id == customer_id).subquery()
    texts = [acts.c.purpose, acts.c.channel, acts.c.source, acts.c.by]
    return _row("consent", acts.c.id, texts, [acts.c.at, acts.c.at], acts.c.granted).where(acts.c.place == 1)


def _team(customer_id: BindParameter[int]) -> Select[Any]:
    t, users, teams = table(Assignment), table(User), table(Team)
    texts = [t.c.role, users.c.name, teams.c.name, cast(t.c.since, String), cast(t.c.until, String)]
    joined = t.outerjoin(users, users.c.id == t.c.user_id).outerjoin(teams, teams.c.id == t.c.team_id)
    return _row("member", t.c.id, texts).select_from(joined).where(t.c.customer_id == customer_id)


def _preference(customer_id: BindParameter[int]) -> Select[Any]:
    t = table(Preference)
    texts = [t.c[name] for name in _PREFERENCES]
    return _row("preference", t.c.id, texts).where(t.c.customer_id == customer_id)


def _stage(customer_id: BindParameter[int]) -> Select[Any]:
    t = table(CustomerStage)
    return _row("stage", t.c.definition, [t.c.stage], [t.c.since, t.c.since]).where(
        t.c.customer_id == customer_id
    )


def _quality(customer_id: BindParameter[int]) -> Select[Any]:
    t = table(CustomerQuality)
    parts: ColumnElement[str] = cast(t.c[_PARTS[0]], String)
    for name in _PARTS[1:]:
        parts = parts + "," + cast(t.c[name], String)
    texts = [cast(t.c.score, String), t.c.fixes, parts]
    return _row("quality", t.c.id, texts, [t.c.as_of, t.c.as_of]).where(t.c.customer_id == customer_id)
