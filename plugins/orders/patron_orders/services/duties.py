"""What the law and accounts ask of a customer's records: what must stay, what is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Context, Customer, audit, table
from sqlalchemy import func, select, update

from patron_orders.models import CustomerHold, Invoice, OpenItem, Order, OrderLine
from patron_orders.services.holds import hold_of

MERGED = "Merged with a customer that is on hold."


def reasons_to_keep(ctx: Context, customers: Sequence[Customer]) -> list[str]:
    """A sentence for each customer that still owes, or is owed: one statement."""
    t = table(OpenItem)
    ids = [customer.key for customer in customers]
    statement = (
        select(t.c.customer_id, func.count())
        .where(t.c.customer_id.in_(ids), t.c.state.in_(("open", "refund")))
        .group_by(t.c.customer_id)
    )
    names = {customer.key: customer.name for customer in customers}
    return [
        f"{names[customer_id]} has {count} open {'item' if count == 1 else 'items'}: settle them first."
        for customer_id, count in ctx.session.execute(statement)
    ]


def report(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    """The lines of a customer's orders, which no declared link reaches: one statement."""
    o, t = table(Order), table(OrderLine)
    statement = (
        select(o.c.number, t.c.description, t.c.quantity_milli, t.c.net_minor, o.c.currency)
        .select_from(t.join(o, o.c.id == t.c.order_id))
        .where(o.c.customer_id == customer_id)
        .order_by(t.c.id)
    )
    return {"order_lines": [dict(row) for row in ctx.session.execute(statement).mappings()]}


def before_merge(ctx: Context, survivor_id: int, merged_id: int) -> Sequence[Mapping[str, Any]]:
    """Two customers on hold become one on hold once: the merged one's is released, so that one release is enough."""
    if hold_of(ctx, survivor_id) is None or hold_of(ctx, merged_id) is None:
        return ()
    t = table(CustomerHold)
    values = {"released_at": ctx.now, "released_by": ctx.actor.name, "release_reason": MERGED}
    held = (t.c.customer_id == merged_id, t.c.released_at.is_(None), t.c.trashed_at.is_(None))
    rows = ctx.session.execute(update(t).where(*held).values(values).returning(t.c.id, t.c.reason)).all()
    for row in rows:
        audit.record(
            ctx, "release", "orders.holds", row.id, {"reason": (row.reason, MERGED)}, customer_id=survivor_id
        )
    return [{"hold": row.id} for row in rows]


def after_split(ctx: Context, journal: Sequence[Mapping[str, Any]]) -> None:
    """The holds that a merge released are in force again."""
    t = table(CustomerHold)
    ids = [int(entry["hold"]) for entry in journal]
    values = {"released_at": None, "released_by": "", "release_reason": ""}
    ctx.session.execute(update(t).where(t.c.id.in_(ids), t.c.release_reason == MERGED).values(values))
    for hold_id in ids:
        audit.record(ctx, "restore", "orders.holds", hold_id)


def erase(ctx: Context, customer_id: int) -> str:
    """Invoices are kept for as long as the law asks; without any, nothing here needs to stay."""
    t = table(Invoice)
    newest = select(func.max(t.c.issued_on)).where(t.c.customer_id == customer_id)
    issued_on = ctx.session.execute(newest).scalar()
    if issued_on is None:
        return "erased"
    year = issued_on.year + int(ctx.assembly.setting("orders", "retention_years"))
    return f"retained until {year}-12-31 because invoices must be kept"
