"""Checkout: one transaction makes an order of a cart, or nothing at all.

In this order: the cart is taken (once), the voucher is used, the pieces are promised, then customer, order and payment
are written, and the confirmation is queued. Two who order at once wait for each other where they want the same, in the
same order of rows, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from patron import (
    Conflict,
    Context,
    FieldError,
    Invalid,
    Money,
    audit,
    mandates,
    normalise,
    publish,
    table,
    timeline,
)
from patron_orders.api import create_order, require_free
from sqlalchemy import select, update

from patron_ecommerce.models import Cart, Checkout
from patron_ecommerce.services import buyers, carts, letters, payments, stock, vouchers
from patron_ecommerce.services.buyers import Buyer
from patron_ecommerce.services.common import MODULE, fresh_secret, shop, sign
from patron_ecommerce.services.pricing import Priced
from patron_ecommerce.services.tracking import order_number

KEY = "ecommerce.checkouts"
INVOICE = payments.INVOICE
HELD = "We cannot take this order online just now. Please call or write to us: we will gladly help you."
FIELDS = ("name", "email", "phone", "line1", "line2", "postcode", "city", "country", "delivery_note")
_REQUIRED = {
    "name": "Say who gets it.", "email": "Say where the confirmation goes.", "line1": "Street and number, please.",
    "postcode": "The postcode, please.", "city": "The town, please.", "country": "Two letters, such as DE.",
}  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """An order that was placed. ``token`` opens its page; ``reference`` names it to the provider."""

    checkout_id: int
    token: str
    number: str
    gross: Money
    email: str
    provider: str
    reference: str


def methods(ctx: Context, *, guest: bool) -> list[tuple[str, str, str]]:
    """Ways to pay for whoever asks: value, label, hint."""
    found = [(one.name, one.label, one.hint) for one in payments.providers(ctx)]
    who = ctx.assembly.setting(MODULE, "invoice")
    if who == "everybody" or (who == "accounts" and not guest):
        found.append(
            (INVOICE, payments.way_of(ctx, INVOICE), "Pay within the usual time, once it has arrived.")
        )
    return found


def read_details(ctx: Context, given: Mapping[str, str], *, guest: bool) -> dict[str, str]:
    """The checkout's form, checked: every fault at once. Invalid."""
    details = {name: " ".join(given.get(name, "").split())[:300] for name in FIELDS}
    details["delivery_note"] = given.get("delivery_note", "").strip()[:1000]
    details["country"] = details["country"].upper()
    errors = [FieldError(name, said) for name, said in _REQUIRED.items() if not details[name]]
    if details["email"]:
        errors += _faults("email", lambda: normalise.email_address(details["email"]))
    if details["phone"]:
        errors += _faults(
            "phone", lambda: normalise.phone_number(details["phone"], details["country"] or "DE")
        )
    if details["country"] and not (
        len(details["country"]) == 2 and details["country"].isascii() and details["country"].isalpha()
    ):
        errors.append(FieldError("country", _REQUIRED["country"]))
    if given.get("method", "") not in [method for method, _, _ in methods(ctx, guest=guest)]:
        errors.append(FieldError("method", "Choose how to pay."))
    if given.get("terms") != "true":
        errors.append(FieldError("terms", "Please read the terms and agree to them."))
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return {**details, "method": given["method"]}


def _faults(name: str, check: Callable[[], object]) -> list[FieldError]:
    try:
        check()
    except Invalid as error:
        return [FieldError(name, error.errors[0].message if error.errors else error.detail)]
    return []


def place(
    ctx: Context, cart_id: int, details: Mapping[str, str], *, customer_id: int | None, account_id: int | None,
    seen_minor: int | None = None, source: str = "shop",
) -> Placed:  # fmt: skip
    """Order the cart. Conflict when it was ordered already, or the customer is on hold; Invalid says what to change.

    ``seen_minor`` is the sum that the buyer saw: where prices have changed since, they are asked once more.
    """
    inside = shop(ctx)
    voucher_id = _take(inside, cart_id)
    basket = carts.Basket(cart_id, customer_id, voucher_id)
    view = carts.priced(inside, basket)
    _check(view, voucher_id, seen_minor)
    if customer_id is not None and details["method"] == INVOICE:
        _require_mandate(ctx, customer_id, view.totals.gross)
    _require_free(inside, customer_id, details["email"])
    guest = customer_id is None
    buyer = Buyer(customer_id or buyers.guest(inside, details), account_id, guest)
    checkout = _write(inside, cart_id, view, details, buyer)
    if view.voucher:
        vouchers.use(inside, view.voucher.id)
    _reserve(inside, checkout.key, view)
    order_id = create_order(
        inside, buyer.customer_id, view.lines, source=source, reference_resource=KEY, reference_id=checkout.key,
        currency=checkout.currency,
    )  # fmt: skip
    return _finish(inside, checkout, order_id, view)


def _take(ctx: Context, cart_id: int) -> int | None:
    """The cart becomes an order, once: who comes second finds it taken. Returns its voucher."""
    t = table(Cart)
    taken = (
        update(t)
        .where(t.c.id == cart_id, t.c.status.in_(("open", "abandoned")))
        .values(status="ordered", updated_at=ctx.now, version=t.c.version + 1)
        .returning(t.c.voucher_id)
    )
    row = ctx.session.execute(taken).first()
    if row is None:
        raise Conflict("This cart has been ordered already.")
    return int(row.voucher_id) if row.voucher_id is not None else None


def _check(view: Priced, voucher_id: int | None, seen_minor: int | None) -> None:
    if not view.items:
        raise Invalid.field("cart", "There is nothing in the cart.")
    if not view.ready:
        raise Invalid.field(
            "cart", "Something in the cart cannot be ordered as it stands. Look at the cart again."
        )
    if voucher_id is not None and view.voucher is None:
        raise Invalid.field("voucher", vouchers.WORTHLESS)
    if seen_minor is not None and seen_minor != view.totals.gross.minor:
        raise Invalid.field(
            "cart", "A price has changed meanwhile. Please look at the sum again, then order."
        )


def _require_mandate(ctx: Context, customer_id: int, gross: Money) -> None:
    """On account, the buyer commits the customer: only as far as their mandate goes."""
    if reason := mandates.beyond(ctx, customer_id, gross):
        raise Invalid.field("method", reason)


def _require_free(ctx: Context, customer_id: int | None, email: str) -> None:
    """A customer on hold is not sold to, whether signed in or not; the reason is the firm's own."""
    concerned = {customer_id} if customer_id is not None else buyers.known_holders(ctx, email)
    try:
        require_free(ctx.acting_as(ctx.actor), concerned)
    except Conflict as error:
        raise Conflict(HELD) from error


def _write(ctx: Context, cart_id: int, view: Priced, details: Mapping[str, str], buyer: Buyer) -> Checkout:
    checkout = Checkout(
        track_key=fresh_secret(), cart_id=cart_id, customer_id=buyer.customer_id, account_id=buyer.account_id,
        guest=buyer.guest, email_key=normalise.email_address(details["email"]).normalised, method=details["method"],
        voucher_code=view.voucher.code if view.voucher else "", currency=view.totals.gross.currency,
        gross_minor=view.totals.gross.minor, placed_at=ctx.now, created_at=ctx.now, updated_at=ctx.now,
    )  # fmt: skip
    for name in FIELDS:
        setattr(checkout, name, details[name])
    ctx.session.add(checkout)
    ctx.session.flush()
    return checkout


def _reserve(ctx: Context, checkout_id: int, view: Priced) -> None:
    wanted: dict[int, int] = {}
    for item in view.items:
        wanted[item.product.id] = wanted.get(item.product.id, 0) + item.quantity
    stock.reserve(ctx, checkout_id, wanted, {item.product.id: item.product.name for item in view.items})


def _finish(ctx: Context, checkout: Checkout, order_id: int, view: Priced) -> Placed:
    """Name the order, ask for the money, tell the buyer and the customer's history."""
    checkout.order_id, checkout.number = order_id, order_number(ctx, order_id)
    ctx.session.add(checkout)
    ctx.session.flush()
    by_provider = checkout.method != INVOICE
    reference = fresh_secret() if by_provider else ""
    if by_provider:
        payments.begin(ctx, checkout, checkout.method, reference)
    token = sign(ctx, "order", checkout.track_key)
    customer_id = checkout.customer_id
    audit.record(
        ctx, "place", KEY, checkout.key, {"number": (None, checkout.number)}, customer_id=customer_id
    )
    title = f"Ordered in the shop: {carts.summary(view)}"
    timeline.add(
        ctx, customer_id, "ecommerce.order.placed", title, module=MODULE, resource=KEY, record_id=checkout.key,
        snapshot={"number": checkout.number, "gross": checkout.gross_minor, "currency": checkout.currency},
    )  # fmt: skip
    payload = {
        "id": checkout.key,
        "order": order_id,
        "gross": checkout.gross_minor,
        "currency": checkout.currency,
    }
    publish(ctx, "ecommerce.order.placed", payload, customer_id=customer_id)
    letters.confirm(ctx, checkout, view, token)
    return Placed(
        checkout.key, token, checkout.number, view.totals.gross, checkout.email,
        checkout.method if by_provider else "", reference,
    )  # fmt: skip


def placed_from(ctx: Context, cart_id: int) -> str:
    """The tracking token of what a cart was ordered as; empty when it was not. For a form that was sent twice."""
    k = table(Checkout)
    key = ctx.session.execute(select(k.c.track_key).where(k.c.cart_id == cart_id)).scalar()
    return sign(ctx, "order", key) if key else ""
