"""What the pages of the module show: each a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from patron import Action, Context, Customer, Money, row_scope, table, together
from sqlalchemy import Select, case, func, select

from patron_orders.models import Invoice, OpenItem, Order
from patron_orders.services import holds, orders, payments
from patron_orders.services.totals import totals

_ROWS = 8


def order_page(ctx: Context, order: Order) -> dict[str, Any]:
    """Lines, sums, invoices and the hold of an order."""
    lines = orders.shown_lines(ctx, order.key, order.currency)
    return {
        "order": order,
        "lines": lines,
        "totals": totals(orders.lines_of(ctx, order.key, order.currency), currency=order.currency),
        "invoices": _invoices_of(ctx, order.key),
        "hold": holds.hold_of(ctx, order.bill_to_id or order.customer_id),
        "may_override": ctx.actor.may(holds.OVERRIDE),
        "may_change": ctx.actor.may("orders.orders.edit"),
    }


def _invoices_of(ctx: Context, order_id: int) -> list[dict[str, Any]]:
    t, resource = table(Invoice), ctx.assembly.resource("orders.invoices")
    if not ctx.actor.may(resource.permission("read")):
        return []
    columns = (t.c.id, t.c.number, t.c.kind, t.c.status, t.c.issued_on, t.c.gross_minor, t.c.currency)
    statement = select(*columns).where(t.c.order_id == order_id, row_scope(ctx, resource)).order_by(t.c.id)
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def order_actions(ctx: Context, order: Order) -> Sequence[Action]:
    """What can be done with an order of this status."""
    url = f"/orders/orders/{order.key}"
    edit = "orders.orders.edit"
    actions = []
    if order.status == "draft":
        held = holds.hold_of(ctx, order.bill_to_id or order.customer_id)
        if held is None:
            actions.append(Action("Confirm", f"{url}/confirm", edit, "post", "check", primary=True))
    if order.status == "confirmed":
        actions.append(Action("Mark fulfilled", f"{url}/fulfil", edit, "post", "truck"))
    if order.status in ("confirmed", "fulfilled") and orders.invoice_of(ctx, order.key) is None:
        actions.append(
            Action("Issue invoice", f"{url}/invoice", "orders.issue", "post", "receipt", primary=True)
        )
    return actions


def invoice_page(ctx: Context, invoice: Invoice) -> dict[str, Any]:
    """The document as it was issued, and what was paid for it."""
    t, resource = table(OpenItem), ctx.assembly.resource("orders.open-items")
    item = None
    if ctx.actor.may(resource.permission("read")):
        statement = select(OpenItem).where(t.c.invoice_id == invoice.key, row_scope(ctx, resource))
        item = ctx.session.execute(statement).scalars().first()
    return {
        "invoice": invoice,
        "document": invoice.document,
        "sign": -1 if invoice.kind == "credit_note" else 1,
        "may_credit": invoice.kind == "invoice"
        and invoice.status != "cancelled"
        and ctx.actor.may("orders.credit"),
        **(open_item_data(ctx, item) if item else {"open_item": None}),
    }


def open_item_data(ctx: Context, item: OpenItem) -> dict[str, Any]:
    """An open item with its payments, and a token that makes the form's payment one."""
    read = ctx.actor.may("orders.payments.read")
    return {
        "open_item": item,
        "remaining": Money(item.amount_minor - item.paid_minor, item.currency),
        "overdue": item.state == "open" and item.due_on < ctx.now.date(),
        "payments": payments.payments_of(ctx, item.key) if read else [],
        "may_pay": ctx.actor.may("orders.payments.create") and item.state == "open",
        "may_refund": ctx.actor.may("orders.credit") and item.state == "refund",
        "token": uuid4().hex,
        "today": ctx.now.date(),
    }


# Panels


def customer_summary(ctx: Context, customer_id: int) -> dict[str, Any]:
    """The newest orders of a customer and what it owes per currency, with its hold: one statement."""
    t, resource = table(Order), ctx.assembly.resource("orders.orders")
    columns = (t.c.id, t.c.number, t.c.status, t.c.ordered_on, t.c.gross_minor, t.c.currency)
    statement = (
        select(*columns)
        .where(t.c.customer_id == customer_id, t.c.trashed_at.is_(None), row_scope(ctx, resource))
        .order_by(t.c.ordered_on.desc(), t.c.id.desc())
        .limit(_ROWS)
    )
    may_collect = ctx.actor.may("orders.open-items.read")
    owed = _owed(ctx, table(OpenItem).c.customer_id == customer_id) if may_collect else None
    found = together(ctx.session, newest=statement, owed=owed, hold=holds.in_force(customer_id))
    holds.keep(ctx, customer_id, found["hold"])
    labels = {choice.value: choice for choice in resource.field("status").choices}
    return {
        "orders": [row._asdict() for row in found["newest"]],
        "owed": _sums(found["owed"]),
        "customer_id": customer_id,
        "statuses": labels,
        "may_create": ctx.actor.may(resource.permission("create")),
    }


def _owed(ctx: Context, clause: Any) -> Select[Any]:
    """Selects open and overdue sums per currency."""
    t, resource = table(OpenItem), ctx.assembly.resource("orders.open-items")
    left = t.c.amount_minor - t.c.paid_minor
    late = t.c.due_on < ctx.now.date()
    return (
        select(
            t.c.currency,
            func.count().label("items"),
            func.sum(left).label("open"),
            func.sum(case((late, left), else_=0)).label("overdue"),
            func.sum(case((late, 1), else_=0)).label("late"),
        )
        .where(clause, t.c.state == "open", t.c.trashed_at.is_(None), row_scope(ctx, resource))
        .group_by(t.c.currency)
        .order_by(t.c.currency)
    )


def _sums(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "currency": row.currency,
            "count": row.items,
            "open": Money(int(row.open), row.currency),
            "overdue": Money(int(row.overdue), row.currency),
            "late": int(row.late),
        }
        for row in rows
    ]


def overdue(ctx: Context) -> dict[str, Any]:
    """What is owed to the firm, and the invoices that are overdue the longest: two statements."""
    t, c = table(OpenItem), table(Customer)
    resource = ctx.assembly.resource("orders.open-items")
    statement = (
        select(
            t.c.id,
            t.c.number,
            t.c.due_on,
            t.c.currency,
            t.c.amount_minor,
            t.c.paid_minor,
            t.c.customer_id,
            c.c.name,
        )
        .select_from(t.join(c, c.c.id == t.c.customer_id))
        .where(t.c.state == "open", t.c.due_on < ctx.now.date(), t.c.trashed_at.is_(None))
        .where(row_scope(ctx, resource))
        .order_by(t.c.due_on, t.c.id)
        .limit(_ROWS)
    )
    items = [
        {
            "id": row["id"],
            "url": f"/orders/open-items/{row['id']}",
            "number": row["number"],
            "customer": row["name"],
            "customer_url": f"/customers/{row['customer_id']}",
            "days": _days(ctx.now.date(), row["due_on"]),
            "open": Money(row["amount_minor"] - row["paid_minor"], row["currency"]),
        }
        for row in ctx.session.execute(statement).mappings()
    ]
    return {"items": items, "owed": _sums(ctx.session.execute(_owed(ctx, t.c.id > 0)))}


def _days(today: date, due: date) -> int:
    return (today - due).days
