"""Relationships between customers: kinds, both ends, dates, and no cycles where none may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from patron.accounts import audit
from patron.context import Context
from patron.customers.models import Customer, Relationship
from patron.db import BigInt
from patron.errors import Invalid, NotFound
from patron.prepared import Prepared
from patron.records import table


@dataclass(frozen=True)
class RelationshipKind:
    """How a relationship reads from either end; ``acyclic`` kinds form a tree."""

    name: str
    label: str
    reverse: str
    acyclic: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        RelationshipKind("works_at", "Works at", "Employs"),
        RelationshipKind("member_of_household", "Member of household", "Has member"),
        RelationshipKind("subsidiary_of", "Subsidiary of", "Has subsidiary", acyclic=True),
        RelationshipKind("site_of", "Site of", "Has site", acyclic=True),
        RelationshipKind("member_of_group", "Member of buying group", "Has member"),
        RelationshipKind("partner_for", "Partner for", "Served by partner"),
        RelationshipKind("succeeded_by", "Succeeded by", "Successor of", acyclic=True),
        RelationshipKind("referred_by", "Referred by", "Referred"),
    )
}

UNRELATE = "unrelate"
SAID = ("role", "since", "until", "is_primary")
"""What is said of a relationship beside its ends and its kind."""


def relate(
    ctx: Context,
    from_id: int,
    to_id: int,
    kind: str,
    *,
    role: str = "",
    since: date | None = None,
    until: date | None = None,
    is_primary: bool = False,
) -> int:
    """Relate one customer to another; who may must be checked for both ends before. Returns the relationship's id."""
    if kind not in KINDS:
        raise Invalid.field("kind", f"A relationship is one of: {', '.join(KINDS)}.")
    if from_id == to_id:
        raise Invalid.field("to_id", "A customer cannot be related to itself.")
    _check_days(since, until)
    is_primary = is_primary and not _ended(until, ctx.now.date())
    if KINDS[kind].acyclic and from_id in _above(ctx, to_id, kind):
        raise Invalid.field("to_id", f"That would make a circle of “{KINDS[kind].label.lower()}”.")
    t = table(Relationship)
    values = {
        "from_id": from_id,
        "to_id": to_id,
        "kind": kind,
        "role": role[:200],
        "since": since,
        "until": until,
        "is_primary": is_primary,
    }
    relationship_id = int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())
    if is_primary:
        _stand_alone(ctx, from_id, kind, relationship_id)
    audit.record(ctx, "relate", "customers", from_id, {kind: (None, to_id)}, customer_id=from_id)
    return relationship_id


def change(
    ctx: Context,
    customer_id: int,
    relationship_id: int,
    *,
    role: str,
    since: date | None,
    until: date | None,
    is_primary: bool,
) -> None:
    """Set what is said of a relationship of a customer, from either end. The main one of its kind is one alone."""
    t = table(Relationship)
    row = _of(ctx, customer_id, relationship_id)
    _check_days(since, until)
    values = {
        "role": role[:200],
        "since": since,
        "until": until,
        "is_primary": is_primary and not _ended(until, ctx.now.date()),
    }
    changed = {name: (row[name], value) for name, value in values.items() if row[name] != value}
    if not changed:
        return
    ctx.session.execute(update(t).where(t.c.id == relationship_id).values(values))
    if values["is_primary"]:
        _stand_alone(ctx, row["from_id"], row["kind"], relationship_id)
    named = {row["kind"]: (row["to_id"], row["to_id"])}
    audit.record(
        ctx, "rerelate", "customers", row["from_id"], {**named, **changed}, customer_id=row["from_id"]
    )


def end(ctx: Context, customer_id: int, relationship_id: int, on: date | None = None) -> None:
    """End a relationship of a customer on a day, today by default: that it was stays on record."""
    row = _of(ctx, customer_id, relationship_id)
    until = on or ctx.now.date()
    given = {"role": row["role"], "since": row["since"], "until": until, "is_primary": False}
    change(ctx, customer_id, relationship_id, **given)


def unrelate(ctx: Context, customer_id: int, relationship_id: int) -> int:
    """Remove a relationship of a customer that was a mistake; one that ended gets an end date instead.

    Returns the audit's id, by which ``deletions.undo`` gives it back.
    """
    t = table(Relationship)
    row = _of(ctx, customer_id, relationship_id)
    ctx.session.execute(delete(t).where(t.c.id == relationship_id))
    was = {row["kind"]: (row["to_id"], None), **{name: (row[name], None) for name in SAID if row[name]}}
    return audit.record(ctx, UNRELATE, "customers", row["from_id"], was, customer_id=row["from_id"])


def _of(ctx: Context, customer_id: int, relationship_id: int) -> dict[str, Any]:
    t = table(Relationship)
    mine = (t.c.from_id == customer_id) | (t.c.to_id == customer_id)
    row = ctx.session.execute(select(t).where(t.c.id == relationship_id, mine)).mappings().first()
    if row is None:
        raise NotFound("There is no such relationship.")
    return dict(row)


def _stand_alone(ctx: Context, from_id: int, kind: str, relationship_id: int) -> None:
    """No other relationship of this kind is the main one."""
    t = table(Relationship)
    others = (t.c.from_id == from_id, t.c.kind == kind, t.c.id != relationship_id, t.c.is_primary.is_(True))
    ctx.session.execute(update(t).where(*others).values(is_primary=False))


def _check_days(since: date | None, until: date | None) -> None:
    if since and until and until < since:
        raise Invalid.field("until", "It cannot end before it begins.")


def _ended(until: date | None, today: date) -> bool:
    """The last day of a relationship belongs to it."""
    return until is not None and until < today


def _above(ctx: Context, customer_id: int, kind: str) -> set[int]:
    """Everyone above a customer by one kind: one recursive statement."""
    t = table(Relationship)
    chain = (
        select(t.c.to_id.label("id"))
        .where(t.c.from_id == customer_id, t.c.kind == kind)
        .cte("chain", recursive=True)
    )
    chain = chain.union(select(t.c.to_id).where(t.c.from_id == chain.c.id, t.c.kind == kind))
    return {customer_id, *ctx.session.execute(select(chain.c.id)).scalars()}


@dataclass(frozen=True)
class Related:
    """One relationship as the page of a customer shows it."""

    id: int
    label: str
    role: str
    customer_id: int
    name: str
    kind: str
    since: date | None
    until: date | None
    is_primary: bool
    ended: bool


def related_to(ctx: Context, customer_id: int) -> list[Related]:
    """Relationships of a customer from both ends, the current ones first. One statement."""
    return related_of(_RELATED.rows(ctx.session, {"customer": customer_id}), customer_id, ctx.now.date())


def related_of(rows: Iterable[Any], customer_id: int, today: date) -> list[Related]:
    """Relationships as the customer sees them, of the rows that ``relating`` selects: those that last first."""
    found = []
    for row in rows:
        kind = KINDS.get(row.kind)
        out = row.from_id == customer_id
        label = row.kind if kind is None else kind.label if out else kind.reverse
        other = row.to_id if out else row.from_id
        said = (row.since, row.until, bool(row.is_primary), _ended(row.until, today))
        found.append(Related(row.id, label, row.role, other, row.name, row.other_kind, *said))
    return sorted(found, key=lambda one: (one.ended, not one.is_primary))


def relating(_: str) -> Any:
    """Selects the relationships of ``customer`` from both ends."""
    t, c = table(Relationship), table(Customer)
    customer = bindparam("customer", type_=BigInt())
    wanted = (t, c.c.name, c.c.kind.label("other_kind"))
    forward = select(*wanted).join(c, c.c.id == t.c.to_id).where(t.c.from_id == customer)
    backward = select(*wanted).join(c, c.c.id == t.c.from_id).where(t.c.to_id == customer)
    both = forward.union_all(backward).subquery()
    return select(both).order_by(both.c.until.is_not(None), both.c.id).limit(50)


_RELATED = Prepared(relating)
