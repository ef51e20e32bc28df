"""Payments by providers: what is pending, and what their webhooks make of it.

The state follows rules, not the order in which webhooks arrive: paid once is paid; a failure after it says nothing;
what does not fit (amount, currency, an order that was cancelled meanwhile) is held for a person, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from patron import Conflict, Context, Invalid, Money, audit, editing, job_actor, publish, table, timeline
from patron_orders.api import credit_invoice, issue_invoice, open_items, refund, register_payment
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from patron_ecommerce.models import Checkout, Payment, PaymentEvent
from patron_ecommerce.providers import PaymentProvider, ProviderEvent
from patron_ecommerce.services import stock, vouchers

KEY = "ecommerce.payments"
PERMISSION = "ecommerce.settle_payments"
STATES = ("pending", "paid", "failed", "expired", "held", "settled", "refunded")
HOOK = "ecommerce_payment_providers"
INVOICE = "invoice"


@dataclass(frozen=True)
class Received:
    """What became of a webhook. ``conflict``: its id came before, with another body."""

    outcome: str
    reason: str = ""
    conflict: bool = False


def providers(ctx: Context) -> list[PaymentProvider]:
    """Those that the checkout shows."""
    return [provider for provider in ctx.assembly.offered(HOOK) if provider.offered(ctx)]


def provider_of(ctx: Context, name: str) -> PaymentProvider | None:
    """The provider of that name, shown or not: a payment that began must be able to end."""
    return next((one for one in ctx.assembly.offered(HOOK) if one.name == name), None)


def way_of(ctx: Context, method: str) -> str:
    """How a way to pay is called: “Invoice”, a provider's label, or as it is named where the provider is away."""
    if method == INVOICE:
        return "Invoice"
    provider = provider_of(ctx, method)
    return provider.label if provider else method


def working(ctx: Context) -> Context:
    """The same work as the shop itself: money is booked by a rule, whoever's request brought the news."""
    return ctx.acting_as(job_actor("Shop"))


def begin(ctx: Context, checkout: Checkout, provider: str, reference: str) -> Payment:
    """What is to be paid for a checkout. News that came before it (a quick provider) counts at once."""
    minutes = int(ctx.assembly.setting("ecommerce", "payment_minutes"))
    payment = Payment(
        name=checkout.number, checkout_id=checkout.key, customer_id=checkout.customer_id, provider=provider,
        reference=reference, currency=checkout.currency, amount_minor=checkout.gross_minor,
        due_at=ctx.now + timedelta(minutes=minutes), created_at=ctx.now, updated_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(payment)
    ctx.session.flush()
    audit.record(ctx, "create", KEY, payment.key, customer_id=payment.customer_id)
    _apply_waiting(ctx, payment.key)
    return payment


def receive(ctx: Context, provider: str, event: ProviderEvent, body: bytes) -> Received:
    """Take in what a provider said, its signature proven. The same event again changes nothing."""
    t = table(PaymentEvent)
    values = {
        "provider": provider, "event_id": event.id[:200], "digest": hashlib.sha256(body).hexdigest(),
        "kind": event.kind, "reference": event.reference[:200], "currency": event.amount.currency[:3],
        "amount_minor": event.amount.minor, "at": event.at, "received_at": ctx.now, "outcome": "waiting", "reason": "",
    }  # fmt: skip
    new = _insert_once(ctx, values)
    if new is None:
        known = select(t.c.digest, t.c.outcome).where(
            t.c.provider == provider, t.c.event_id == values["event_id"]
        )
        row = ctx.session.execute(known).one()
        return Received("repeated", conflict=row.digest != values["digest"])
    return _apply(ctx, new)


def _insert_once(ctx: Context, values: Mapping[str, Any]) -> int | None:
    """The id of the new row; None when the event is known. One statement, so that of two at once one is new."""
    t = table(PaymentEvent)
    insert = postgresql.insert if ctx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    once = insert(t).values(**values).on_conflict_do_nothing(index_elements=[t.c.provider, t.c.event_id])
    found = ctx.session.execute(once.returning(t.c.id)).scalar()
    return int(found) if found is not None else None


def _apply_waiting(ctx: Context, payment_id: int) -> None:
    t, p = table(PaymentEvent), table(Payment)
    waiting = (
        select(t.c.id)
        .select_from(t.join(p, (p.c.provider == t.c.provider) & (p.c.reference == t.c.reference)))
        .where(p.c.id == payment_id, t.c.outcome == "waiting")
        .order_by(t.c.id)
    )
    for event_id in list(ctx.session.execute(waiting).scalars()):
        _apply(ctx, event_id)


def _apply(ctx: Context, event_row: int) -> Received:
    """Let one event count: the payment's row is locked, so that two events of it are taken one after the other."""
    t, p = table(PaymentEvent), table(Payment)
    event = ctx.session.execute(select(t).where(t.c.id == event_row)).mappings().one()
    mine = (p.c.provider == event["provider"]) & (p.c.reference == event["reference"])
    payment: Payment | None = ctx.session.execute(
        select(Payment).where(mine).with_for_update().execution_options(populate_existing=True)
    ).scalar()
    if payment is None:
        return Received("waiting", "The payment is not known yet.")
    outcome, reason = _decide(ctx, payment, event)
    ctx.session.execute(update(t).where(t.c.id == event_row).values(outcome=outcome, reason=reason))
    return Received(outcome, reason)


def _decide(ctx: Context, payment: Payment, event: Mapping[Any, Any]) -> tuple[str, str]:
    """The rules: what an event does to a payment in its state."""
    if event["kind"] == "failed":
        if payment.state != "pending":
            return "ignored", f"The payment was {payment.state} already."
        _move(ctx, payment, "failed", "The provider says that it failed.")
        return "applied", ""
    if payment.state in ("paid", "settled", "refunded"):
        return "ignored", f"The payment was {payment.state} already."
    if payment.state == "held":
        return "held", payment.reason
    said, wanted = (
        Money(event["amount_minor"], event["currency"]),
        Money(payment.amount_minor, payment.currency),
    )
    payment.received_minor = said.minor
    if payment.state == "expired":
        return _hold(ctx, payment, "It was paid after the order had been cancelled for want of payment.")
    if said != wanted:
        return _hold(ctx, payment, f"{_said(ctx, said)} came, {_said(ctx, wanted)} was to be paid.")
    _pay(ctx, payment)
    return "applied", ""


def _said(ctx: Context, money: Money) -> str:
    known = len(money.currency) == 3 and money.currency.isascii() and money.currency.isalpha()
    return money.format(ctx.locale) if known else f"{money.minor} {money.currency}"


def _hold(ctx: Context, payment: Payment, reason: str) -> tuple[str, str]:
    _move(ctx, payment, "held", reason)
    publish(ctx, "ecommerce.payment.held", {"id": payment.key}, customer_id=payment.customer_id)
    timeline.add(
        ctx, payment.customer_id, "ecommerce.payment.held", f"Payment of {payment.name} held: {reason}",
        module="ecommerce", resource=KEY, record_id=payment.key,
    )  # fmt: skip
    return "held", reason


def _pay(ctx: Context, payment: Payment) -> None:
    """The order is paid: invoiced, the money booked, once."""
    inside = working(ctx)
    payment.paid_at = ctx.now
    order_id = _order_of(ctx, payment)
    payment.invoice_id = issue_invoice(inside, order_id)
    due = Money(payment.amount_minor, payment.currency)
    items = open_items(inside, payment.customer_id)
    item = next((item for item in items if item.invoice_id == payment.invoice_id), None)
    if item is not None:
        payment.open_item_id = item.id
        register_payment(
            inside, item.id, due, method="card", reference=payment.reference, token=f"ecommerce:{payment.key}"
        )
    _move(ctx, payment, "paid", "")
    payload = {"id": payment.key, "order": order_id, "amount": due.minor, "currency": due.currency}
    publish(ctx, "ecommerce.payment.paid", payload, customer_id=payment.customer_id)


def _order_of(ctx: Context, payment: Payment) -> int:
    k = table(Checkout)
    return int(ctx.session.execute(select(k.c.order_id).where(k.c.id == payment.checkout_id)).scalar_one())


def _move(ctx: Context, payment: Payment, state: str, reason: str) -> None:
    before, payment.state, payment.reason = payment.state, state, reason
    payment.version += 1
    payment.updated_at = ctx.now
    ctx.session.add(payment)
    ctx.session.flush()
    changed = {"state": (before, state), "reason": ("", reason)}
    audit.record(ctx, "change", KEY, payment.key, changed, customer_id=payment.customer_id)


def retry(ctx: Context, checkout_id: int) -> Payment | None:
    """The payment of a checkout where the buyer may try again: not paid, held or run out. It is pending then."""
    p = table(Payment)
    statement = select(Payment).where(p.c.checkout_id == checkout_id).with_for_update()
    payment: Payment | None = ctx.session.execute(statement).scalar()
    if payment is None or payment.state not in ("pending", "failed"):
        return None
    if payment.state == "failed":
        _move(ctx, payment, "pending", "")
    return payment


# What a person does


def settle(ctx: Context, payment_id: int, reason: str) -> None:
    """A held payment was dealt with by hand, as the reason says. Conflict when it is not held (any more)."""
    reason = _reason(reason)
    payment = _locked(ctx, payment_id)
    if payment.state != "held":
        raise Conflict(f"This payment is {payment.state}: there is nothing to settle.")
    _move(ctx, payment, "settled", reason)


def give_back(ctx: Context, payment_id: int, amount_minor: int, reason: str) -> None:
    """Take the invoice back and refund what was paid, or less. Once: Conflict the second time; Invalid for more."""
    reason = _reason(reason)
    payment = _locked(ctx, payment_id)
    if payment.state != "paid" or payment.invoice_id is None or payment.open_item_id is None:
        raise Conflict(f"This payment is {payment.state}: there is nothing to refund.")
    if not 0 < amount_minor <= payment.received_minor:
        paid = Money(payment.received_minor, payment.currency)
        raise Invalid.field(
            "amount", f"A refund is above zero, and at most the {_said(ctx, paid)} that was paid."
        )
    credit_invoice(ctx, payment.invoice_id, reason)
    refund(ctx, payment.open_item_id, Money(amount_minor, payment.currency), reference=payment.reference)
    _move(ctx, payment, "refunded", reason)


def read_amount(ctx: Context, payment_id: int, text: str) -> int:
    """An amount as people write it, in minor units of the payment's currency. Invalid; NotFound out of scope."""
    payment: Payment = editing.load(ctx, ctx.assembly.resource(KEY), payment_id)
    one = Money(1, payment.currency).decimal()
    try:
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > 10**12 or amount % one:
        raise Invalid.field("amount", "An amount such as 119.00.")
    return int(amount / one)


def _locked(ctx: Context, payment_id: int) -> Payment:
    """The payment, locked: of two who settle it at once the second sees what the first has done. NotFound."""
    editing.load(ctx, ctx.assembly.resource(KEY), payment_id)
    statement = select(Payment).where(table(Payment).c.id == payment_id).with_for_update()
    found: Payment = ctx.session.execute(statement.execution_options(populate_existing=True)).scalar_one()
    return found


def _reason(text: str) -> str:
    text = " ".join(text.split())[:500]
    if not text:
        raise Invalid.field("reason", "Say why, so that everybody understands.")
    return text


def events_of(ctx: Context, payment: Payment) -> list[dict[str, Any]]:
    """What the provider said of a payment, oldest first: one statement."""
    t = table(PaymentEvent)
    statement = select(t).where(t.c.provider == payment.provider, t.c.reference == payment.reference)
    return [dict(row) for row in ctx.session.execute(statement.order_by(t.c.id).limit(100)).mappings()]


# What the worker does


def expire(ctx: Context) -> int:
    """Cancel orders whose payment never came in its time: their pieces are free again. Returns how many."""
    p, k = table(Payment), table(Checkout)
    late = p.c.state.in_(("pending", "failed")) & (p.c.due_at < ctx.now)
    statement = select(Payment).where(late).order_by(p.c.id).limit(200).with_for_update(skip_locked=True)
    found = list(ctx.session.execute(statement).scalars())
    orders = ctx.assembly.resource("orders.orders")
    for payment in found:
        _move(ctx, payment, "expired", "It was not paid in time.")
        checkout = ctx.session.execute(
            select(k.c.order_id, k.c.voucher_code).where(k.c.id == payment.checkout_id)
        ).one()
        editing.change(ctx, orders, checkout.order_id, {"status": "cancelled"})
        undo(ctx, payment.checkout_id)
    return len(found)


def undo(ctx: Context, checkout_id: int) -> None:
    """Nothing comes of an order: its pieces are free again, its voucher counts again. Once."""
    k = table(Checkout)
    code = (
        update(k)
        .where(k.c.id == checkout_id, k.c.undone_at.is_(None))
        .values(undone_at=ctx.now)
        .returning(k.c.voucher_code)
    )
    row = ctx.session.execute(code).first()
    if row is None:
        return
    stock.release(ctx, checkout_id)
    if row.voucher_code:
        vouchers.give_back(ctx, row.voucher_code)
