"""A believable past: eighteen months of orders, invoiced, mostly paid, a few overdue, two customers on hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from patron import Context, Customer, Money, User, editing, table
from patron_catalog.api import ProductInfo, price, products
from sqlalchemy import func, select

from patron_orders.models import OpenItem, Order
from patron_orders.services import holds, invoices, orders, payments
from patron_orders.services.totals import Line

_ORDERS, _DAYS = 150, 545
_FIRMS = (
    "Adler Architekten", "Baltic Media", "Café Linden", "Dornier Labs", "Ehrlich & Partner", "Falken Logistik",
    "Grünwald Schulen", "Hansen Shipping", "Isar Software", "Jansen Optik", "Kranich Verlag", "Lindgren Studio",
)  # fmt: skip
_HABITS = (3, 7, 12, 14, 18, 25, 70)  # days after the invoice
_REASONS = ("Three invoices unpaid for more than 60 days", "Cheque returned, waiting for the bank")


@dataclass
class _Payer:
    """A customer of the sample, who looks after it, and how fast it pays."""

    customer_id: int
    owner_id: int | None
    team_id: int | None
    days: int  # after the invoice; above 60 it forgets some


def orders_of_the_past(ctx: Context, rng: Random) -> None:
    """Make the orders, once: nothing happens where there are orders or no products."""
    if ctx.session.execute(select(func.count()).select_from(table(Order))).scalar_one():
        return
    sold = [item for item in products(ctx, range(1, 400)).values() if item.active]
    if not sold:
        return
    payers = _payers(ctx, rng)
    count = max(12, round(_ORDERS * ctx.cache.get("sample scale", 1.0)))
    ages = (60 + rng.random() ** 1.3 * _DAYS * 1440 for _ in range(count))  # minutes: business grows
    moments = sorted(ctx.now - timedelta(minutes=age) for age in ages)
    for index, moment in enumerate(moments):
        _order(_at(ctx, moment), rng, rng.choice(payers), sold, index, fresh=index >= count - 3)
    _pay(ctx, rng, payers)
    _hold(ctx)


def _at(ctx: Context, moment: datetime) -> Context:
    return replace(ctx, now=moment, cache={})


def _payers(ctx: Context, rng: Random) -> list[_Payer]:
    """Customers that are there, organisations first; a dozen firms of our own where there are none."""
    t = table(Customer)
    statement = (
        select(t.c.id, t.c.owner_id, t.c.team_id)
        .where(t.c.trashed_at.is_(None), t.c.merged_into_id.is_(None))
        .order_by(t.c.kind != "organisation", t.c.id)
        .limit(45)
    )
    if ctx.session.execute(statement).first() is None:
        customers = ctx.assembly.resource("customers")
        for name in _FIRMS:
            editing.create(ctx, customers, {"kind": "organisation", "name": name})
    return [
        _Payer(row.id, row.owner_id, row.team_id, rng.choice(_HABITS))
        for row in ctx.session.execute(statement)
    ]


def _order(
    ctx: Context, rng: Random, payer: _Payer, sold: Sequence[ProductInfo], index: int, *, fresh: bool
) -> None:
    chosen = rng.sample(sold, rng.choice((1, 1, 2, 3, 4)))
    currency = ctx.assembly.settings.currency
    lines = [_line(ctx, rng, payer, item, currency) for item in chosen]
    order_id = orders.create_order(
        ctx,
        payer.customer_id,
        lines,
        source="sample",
        reference_resource="sample",
        reference_id=index + 1,
        currency=currency,
        owner_id=payer.owner_id,
        team_id=payer.team_id,
        reference=rng.choice(("", "", f"PO {rng.randrange(1000, 9999)}")),
    )
    if rng.random() < 0.03:
        editing.change(ctx, ctx.assembly.resource("orders.orders"), order_id, {"status": "cancelled"})
    elif not fresh:
        later = _at(ctx, ctx.now + timedelta(hours=rng.randrange(2, 90)))
        editing.change(later, later.assembly.resource("orders.orders"), order_id, {"status": "fulfilled"})
        invoice_id = invoices.issue_invoice(later, order_id)
        if rng.random() < 0.02:
            invoices.credit_invoice(_at(ctx, later.now + timedelta(days=1)), invoice_id, "Returned unused")


def _line(ctx: Context, rng: Random, payer: _Payer, item: ProductInfo, currency: str) -> Line:
    quantity = Decimal(rng.choice((1, 1, 2, 2, 4, 6, 10, 12, 25, 50)))
    found = price(ctx, item.id, quantity, customer_id=payer.customer_id, currency=currency)
    discount = rng.choice(("0", "0", "0", "0", "5", "7.5"))
    return Line(item.id, item.name, quantity, found.unit, found.tax_rate, discount)


def _pay(ctx: Context, rng: Random, payers: Sequence[_Payer]) -> None:
    """Each pays after its usual days; who is slow leaves some invoices open, and one in twelve pays in two parts."""
    habits = {payer.customer_id: payer.days for payer in payers}
    t = table(OpenItem)
    columns = (t.c.id, t.c.customer_id, t.c.amount_minor, t.c.currency, t.c.due_on, t.c.created_at)
    for item in ctx.session.execute(select(*columns).where(t.c.state == "open").order_by(t.c.id)).all():
        days = habits[item.customer_id] + rng.randrange(0, 4)
        moment = item.created_at + timedelta(days=days)
        forgotten = days > 60 and ctx.now - item.created_at < timedelta(days=170) and rng.random() < 0.6
        if moment > ctx.now or forgotten:
            continue
        then = _at(ctx, moment)
        whole = Money(item.amount_minor, item.currency)
        parts = whole.share([2, 3]) if rng.random() < 0.08 else [whole]
        for part in parts if rng.random() < 0.8 else parts[:1]:
            payments.register_payment(
                then, item.id, part, method=rng.choice(("transfer", "transfer", "card", "debit"))
            )


def _hold(ctx: Context) -> None:
    """The two customers that owe most beyond the due day are put on hold."""
    t = table(OpenItem)
    left = func.sum(t.c.amount_minor - t.c.paid_minor)
    statement = select(t.c.customer_id).where(t.c.state == "open", t.c.due_on < ctx.now.date())
    worst = ctx.session.execute(
        statement.group_by(t.c.customer_id).order_by(left.desc(), t.c.customer_id).limit(2)
    )
    then = _at(ctx, ctx.now - timedelta(days=9))
    user = ctx.session.execute(
        select(table(User).c.id, table(User).c.name).order_by(table(User).c.id)
    ).first()
    if user is not None:
        then = then.acting_as(replace(ctx.actor, kind="user", id=user.id, name=user.name))
    for customer_id, reason in zip(list(worst.scalars()), _REASONS, strict=False):
        holds.place(then, customer_id, reason)
