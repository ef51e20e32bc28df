"""Undoing the deletion of what stood beside a customer, from what the audit remembers of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from patron.accounts import audit
from patron.accounts.models import Audit, AuditValue
from patron.context import Context
from patron.customers import names, relationships
from patron.customers.contacts import Point, ensure_points
from patron.customers.models import ContactHolder, CustomerName, Relationship
from patron.customers.names import UNNAME
from patron.customers.points import UNREACH
from patron.customers.relationships import UNRELATE
from patron.errors import Conflict, NotFound
from patron.records import table


def undo(ctx: Context, customer_id: int, audit_id: int) -> None:
    """Give back what the actor deleted of a customer; NotFound for others' acts, Conflict when it is there again."""
    a, v = table(Audit), table(AuditValue)
    mine = (a.c.actor_kind == ctx.actor.kind, a.c.actor_id == ctx.actor.id)
    statement = (
        select(a.c.action, a.c.record_id, v.c.was)
        .select_from(a.join(v, v.c.audit_id == a.c.id))
        .where(a.c.id == audit_id, a.c.resource == "customers", a.c.action.in_(_RESTORERS), *mine)
    )
    row = ctx.session.execute(statement).first()
    if row is None or not row.was:
        raise NotFound("There is nothing to undo.")
    _RESTORERS[row.action](ctx, customer_id, row.record_id, row.was)


def _relationship(ctx: Context, customer_id: int, from_id: int, was: Mapping[str, Any]) -> None:
    kind, to_id = next((kind, was[kind]) for kind in relationships.KINDS if kind in was)
    _is_theirs(customer_id, from_id, to_id)
    since, until = _day(was, "since"), _day(was, "until")
    t = table(Relationship)
    same = (t.c.from_id == from_id, t.c.to_id == to_id, t.c.kind == kind, t.c.role == was.get("role", ""))
    _not_there(ctx, select(t.c.id).where(*same, t.c.since.is_not_distinct_from(since)))
    relationships.relate(
        ctx,
        from_id,
        to_id,
        kind,
        role=was.get("role", ""),
        since=since,
        until=until,
        is_primary=bool(was.get("is_primary")),
    )


def _name(ctx: Context, customer_id: int, record_id: int, was: Mapping[str, Any]) -> None:
    _is_theirs(customer_id, record_id)
    if was.get("hidden"):
        raise NotFound("Nothing remembers a hidden name.")
    t = table(CustomerName)
    kind, name = was[names.AUDITED["kind"]], was[names.AUDITED["name"]]
    _not_there(ctx, select(t.c.id).where(t.c.customer_id == customer_id, t.c.kind == kind, t.c.name == name))
    names.add_name(
        ctx,
        customer_id,
        kind,
        name,
        since=_day(was, "since"),
        until=_day(was, "until"),
    )


def _point(ctx: Context, customer_id: int, record_id: int, was: Mapping[str, Any]) -> None:
    _is_theirs(customer_id, record_id)
    point = Point(was["point"], was["value"], was.get("display", ""), parts=was.get("parts") or {})
    (point_id,) = ensure_points(ctx, [point]).values()
    t = table(ContactHolder)
    _not_there(ctx, select(t.c.id).where(t.c.customer_id == customer_id, t.c.contact_point_id == point_id))
    verified = was.get("verified_at")
    ctx.session.execute(
        insert(t).values(
            contact_point_id=point_id,
            customer_id=customer_id,
            use=was["use"],
            label=was.get("label", ""),
            is_primary=False,
            since=_day(was, "since"),
            until=_day(was, "until"),
            verified_at=datetime.fromisoformat(verified) if verified else None,
        )
    )
    given = {point.kind: (None, point.display or point.value)}
    audit.record(ctx, "reach", "customers", customer_id, given, customer_id=customer_id)


def _is_theirs(customer_id: int, *ends: int) -> None:
    if customer_id not in ends:
        raise NotFound("There is nothing to undo.")


def _not_there(ctx: Context, same: Any) -> None:
    if ctx.session.execute(same).first() is not None:
        raise Conflict("It is there already.")


def _day(was: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(was[name]) if was.get(name) else None


_RESTORERS: Mapping[str, Callable[[Context, int, int, Mapping[str, Any]], None]] = {
    UNRELATE: _relationship,
    UNNAME: _name,
    UNREACH: _point,
}
