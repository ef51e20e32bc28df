"""Payments against open items: never more than is open, never more back than was paid, whoever pays at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from patron import (
    Conflict,
    Context,
    Invalid,
    Money,
    NotFound,
    audit,
    editing,
    publish,
    search,
    table,
    timeline,
)
from sqlalchemy import case, select, update

from patron_orders.models import Invoice, OpenItem, Payment

TOKEN = "orders.payment_token"  # noqa: S105 - a cache key


@dataclass(frozen=True)
class OpenItemInfo:
    """What a customer owes for one invoice; ``open`` is what is left of ``amount``."""

    id: int
    invoice_id: int
    number: str
    amount: Money
    open: Money
    due_on: date
    overdue: bool


def open_items(ctx: Context, customer_id: int) -> list[OpenItemInfo]:
    """What a customer owes, the longest due first: one statement."""
    t = table(OpenItem)
    statement = (
        select(t)
        .where(t.c.customer_id == customer_id, t.c.state == "open", t.c.trashed_at.is_(None))
        .order_by(t.c.due_on, t.c.id)
        .limit(500)
    )
    today = ctx.now.date()
    return [
        OpenItemInfo(
            row["id"],
            row["invoice_id"],
            row["number"],
            Money(row["amount_minor"], row["currency"]),
            Money(row["amount_minor"] - row["paid_minor"], row["currency"]),
            row["due_on"],
            row["due_on"] < today,
        )
        for row in ctx.session.execute(statement).mappings()
    ]


def register_payment(
    ctx: Context,
    open_item_id: int,
    amount: Money,
    *,
    paid_on: date | None = None,
    method: str = "transfer",
    reference: str = "",
    token: str = "",
) -> int:
    """Book money that came in. Conflict when less is open; nothing is booked then. Returns the payment's id.

    ``token`` makes it once: the same one again gives the same payment.
    """
    known = _with_token(ctx, token)
    if known is not None:
        return known
    ctx.cache[TOKEN] = token or None
    values = {
        "open_item": open_item_id,
        "amount": {"minor": amount.minor, "currency": amount.currency},
        "paid_on": paid_on or ctx.now.date(),
        "method": method,
        "reference": reference,
    }
    try:
        return int(editing.create(ctx, ctx.assembly.resource("orders.payments"), values).key)
    finally:
        ctx.cache.pop(TOKEN, None)


def _with_token(ctx: Context, token: str) -> int | None:
    t = table(Payment)
    if not token:
        return None
    found = ctx.session.execute(select(t.c.id).where(t.c.token == token)).scalar()
    return int(found) if found is not None else None


def refund(ctx: Context, open_item_id: int, amount: Money, *, reference: str = "") -> int:
    """Pay back for a credited invoice, at most what was paid for it. Conflict otherwise. Returns the payment's id.

    The caller has decided that the actor may.
    """
    if amount.minor <= 0:
        raise Invalid.field("amount", "A refund is above zero.")
    t = table(OpenItem)
    left = t.c.paid_minor - amount.minor
    taken = (
        update(t)
        .where(t.c.id == open_item_id, t.c.state == "refund", t.c.currency == amount.currency, left >= 0)
        .values(paid_minor=left, state=case((left == 0, "cancelled"), else_="refund"), **_stamp(ctx))
        .returning(t)
    )
    item = ctx.session.execute(taken).mappings().first()
    if item is None:
        raise Conflict(_why_not(ctx, open_item_id, "to be refunded"))
    payment = Payment(
        name=f"Refund of {amount.format(ctx.locale)} for {item['number']}",
        open_item_id=open_item_id,
        customer_id=item["customer_id"],
        currency=amount.currency,
        amount_minor=-amount.minor,
        paid_on=ctx.now.date(),
        bank_reference=reference[:200],
        owner_id=item["owner_id"],
        team_id=item["team_id"],
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.session.add(payment)
    ctx.session.flush()
    audit.record(ctx, "create", "orders.payments", payment.key, customer_id=payment.customer_id)
    search.index(ctx, ctx.assembly.resource("orders.payments"), payment)
    _tell(ctx, payment, "orders.payment.refunded")
    return payment.key


def book(ctx: Context, payment: Payment) -> None:
    """Count a payment towards its open item, in one conditional statement. Conflict when that much is not open."""
    if payment.amount_minor <= 0:
        raise Invalid.field("amount", "A payment is above zero.")
    t = table(OpenItem)
    paid = t.c.paid_minor + payment.amount_minor
    fits = (t.c.state == "open") & (t.c.currency == payment.currency) & (paid <= t.c.amount_minor)
    taken = (
        update(t)
        .where(t.c.id == payment.open_item_id, fits)
        .values(paid_minor=paid, state=case((paid == t.c.amount_minor, "paid"), else_="open"), **_stamp(ctx))
        .returning(t)
    )
    item = ctx.session.execute(taken).mappings().first()
    if item is None:
        raise Conflict(_why_not(ctx, payment.open_item_id, "open"))
    payment.customer_id, payment.owner_id, payment.team_id = (
        item["customer_id"],
        item["owner_id"],
        item["team_id"],
    )
    amount = Money(payment.amount_minor, payment.currency)
    payment.name = f"{amount.format(ctx.locale)} for {item['number']}"
    payment.token = ctx.cache.get(TOKEN)
    if item["state"] == "paid":
        _mark_paid(ctx, item["invoice_id"], item["customer_id"])


def _stamp(ctx: Context) -> dict[str, Any]:
    return {"version": table(OpenItem).c.version + 1, "updated_at": ctx.now}


def _why_not(ctx: Context, open_item_id: int, what: str) -> str:
    t = table(OpenItem)
    row = ctx.session.execute(select(t).where(t.c.id == open_item_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no open item {open_item_id}.")
    if what == "open":
        left = row["amount_minor"] - row["paid_minor"] if row["state"] == "open" else 0
    else:
        left = row["paid_minor"] if row["state"] == "refund" else 0
    money = Money(left, row["currency"])
    return f"Nothing was booked: of {row['number']} only {money.format(ctx.locale)} is {what}."


def _mark_paid(ctx: Context, invoice_id: int, customer_id: int) -> None:
    t = table(Invoice)
    ctx.session.execute(
        update(t)
        .where(t.c.id == invoice_id)
        .values(status="paid", version=t.c.version + 1, updated_at=ctx.now)
    )
    audit.record(
        ctx, "change", "orders.invoices", invoice_id, {"status": ("open", "paid")}, customer_id=customer_id
    )
    publish(ctx, "orders.invoice.paid", {"id": invoice_id}, customer_id=customer_id)


def received(ctx: Context, payment: Payment) -> None:
    """Tell the history and whoever listens of a payment that was just stored."""
    _tell(ctx, payment, "orders.payment.received")


def _tell(ctx: Context, payment: Payment, kind: str) -> None:
    timeline.add(
        ctx,
        payment.customer_id,
        kind,
        payment.name if payment.amount_minor < 0 else f"Payment of {payment.name}",
        module="orders",
        resource="orders.payments",
        record_id=payment.key,
    )
    payload = {
        "id": payment.key,
        "open_item": payment.open_item_id,
        "amount": payment.amount_minor,
        "currency": payment.currency,
    }
    publish(ctx, kind, payload, customer_id=payment.customer_id)


def payments_of(ctx: Context, open_item_id: int) -> list[dict[str, Any]]:
    """The payments booked for an open item, oldest first: one statement."""
    t = table(Payment)
    columns = (
        t.c.id,
        t.c.paid_on,
        t.c.amount_minor,
        t.c.currency,
        t.c.method,
        t.c.bank_reference.label("reference"),
    )
    statement = select(*columns).where(t.c.open_item_id == open_item_id).order_by(t.c.id).limit(200)
    return [dict(row) for row in ctx.session.execute(statement).mappings()]
