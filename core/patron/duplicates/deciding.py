"""The steward's queue: pairs that wait for somebody to say whether they are one, and what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update

from patron.accounts import audit
from patron.context import Context
from patron.customers.merging import MERGE
from patron.customers.models import Customer, MergeJournal
from patron.db import BigInt
from patron.duplicates.models import Duplicate
from patron.errors import NotFound
from patron.prepared import Prepared
from patron.records import table
from patron.resources.scope import of_reached_customers

SHOWN = 20
_SHOWN_OF_EACH = ("id", "name", "kind", "primary_email", "primary_phone", "city", "birth_date", "created_at")


@dataclass(frozen=True)
class Pair:
    """Two customers side by side, how likely they are one in percent, and the reasons: field and level of each."""

    id: int
    first: Mapping[str, Any]
    second: Mapping[str, Any]
    percent: int
    reasons: Sequence[tuple[str, str]]
    place: tuple[int, int]


def queue(ctx: Context, *, state: str = "open", after: tuple[int, int] | None = None) -> list[Pair]:
    """Pairs of customers whom the actor may both change, the likeliest first; one more than ``SHOWN`` where there are
    more. ``after`` is the ``place`` of the last one that was seen. One statement."""
    t = table(Duplicate)
    clauses = [t.c.state == state]
    if after is not None:
        score, key = after
        clauses.append(or_(t.c.score < score, and_(t.c.score == score, t.c.id > key)))
    return _pairs(ctx, clauses)


def of_customer(ctx: Context, customer_id: int) -> list[Pair]:
    """Open pairs of one customer, the likeliest first. One statement where there is none, else two."""
    if _ANY.first(ctx.session, {"customer": customer_id}) is None:
        return []
    t = table(Duplicate)
    either = or_(t.c.first_id == customer_id, t.c.second_id == customer_id)
    return _pairs(ctx, [t.c.state == "open", either])[:SHOWN]


def _any(_: str) -> Any:
    t, customer = table(Duplicate), bindparam("customer", type_=BigInt())
    either = or_(t.c.first_id == customer, t.c.second_id == customer)
    return select(t.c.id).where(either, t.c.state == "open").limit(1)


_ANY = Prepared(_any)


def _pairs(ctx: Context, clauses: Sequence[Any]) -> list[Pair]:
    t, c = table(Duplicate), table(Customer)
    first, second = c.alias("first"), c.alias("second")
    columns = [first.c[name].label(f"first_{name}") for name in _SHOWN_OF_EACH]
    columns += [second.c[name].label(f"second_{name}") for name in _SHOWN_OF_EACH]
    statement = (
        select(t.c.id.label("pair_id"), t.c.score, t.c.reasons, *columns)
        .join(first, and_(first.c.id == t.c.first_id, first.c.trashed_at.is_(None)))
        .join(second, and_(second.c.id == t.c.second_id, second.c.trashed_at.is_(None)))
        .where(
            *clauses, *(of_reached_customers(ctx, side.c.id, "customers.edit") for side in (first, second))
        )
        .order_by(t.c.score.desc(), t.c.id)
        .limit(SHOWN + 1)
    )
    return [_pair(row) for row in ctx.session.execute(statement).mappings()]


def _pair(row: Mapping[Any, Any]) -> Pair:
    return Pair(
        id=row["pair_id"],
        first={name: row[f"first_{name}"] for name in _SHOWN_OF_EACH},
        second={name: row[f"second_{name}"] for name in _SHOWN_OF_EACH},
        percent=row["score"] // 10,
        reasons=[(field, level) for field, level in row["reasons"]],
        place=(row["score"], row["pair_id"]),
    )


def decide(ctx: Context, pair_id: int, state: str) -> None:
    """Say that the two are not one (``dismissed``), or take that back (``open``). NotFound, Forbidden."""
    ctx.actor.require(MERGE)
    t = table(Duplicate)
    pairs = _pairs(ctx, [t.c.id == pair_id])
    if not pairs:
        raise NotFound("There is no such pair.")
    (pair,) = pairs
    decided = {"decided_at": ctx.now, "decided_by": ctx.actor.name} if state != "open" else {}
    changed = {"state": state, "decided_at": None, "decided_by": "", **decided}
    ctx.session.execute(update(t).where(t.c.id == pair_id).values(changed))
    for mine, other in ((pair.first, pair.second), (pair.second, pair.first)):
        action = "not a duplicate" if state == "dismissed" else "perhaps a duplicate"
        audit.record(
            ctx, action, "customers", mine["id"], {"other": (None, other["id"])}, customer_id=mine["id"]
        )


def merged_lately(ctx: Context, count: int = 5) -> list[dict[str, Any]]:
    """The last merges into customers whom the actor may change: id, name of who stayed, when, by whom, whether undone.
    One statement."""
    m, c = table(MergeJournal), table(Customer)
    mine = of_reached_customers(ctx, m.c.survivor_id, "customers.edit")
    statement = (
        select(m.c.id, c.c.name, m.c.at, m.c.by, m.c.split_at.is_not(None).label("undone"))
        .join(c, c.c.id == m.c.survivor_id)
        .where(mine)
        .order_by(m.c.id.desc())
        .limit(count)
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]
