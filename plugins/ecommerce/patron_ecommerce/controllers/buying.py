"""Checkout, payment, following an order, and an account for who wants one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from patron import (
    Conflict,
    Context,
    FieldError,
    Flash,
    Invalid,
    Json,
    Money,
    NotFound,
    Page,
    Redirect,
    Route,
    get,
    limits,
    normalise,
    post,
    whole_number,
)

from patron_ecommerce import testpay
from patron_ecommerce.controllers.shared import OPEN, faults, page, reading, writing
from patron_ecommerce.providers import Forged, PaymentRequest
from patron_ecommerce.services import buyers, carts, checkout, letters, payments, shelves, tracking
from patron_ecommerce.services.checkout import FIELDS, Placed
from patron_ecommerce.services.common import buyer_of
from patron_ecommerce.services.paying import said_by_test, test_payment

WINDOW = timedelta(minutes=15)


@get("/shop/checkout", **OPEN)
def show_checkout(ctx: Context) -> Page | Redirect:
    """Where to, how paid, what it costs."""
    return _checkout(ctx, buyers.details_of(ctx, buyer_of(ctx)))


def _checkout(ctx: Context, values: Mapping[str, str], error: Invalid | None = None) -> Page | Redirect:
    view = carts.priced(ctx, carts.find(ctx))
    if not view.items:
        return Redirect("/shop/cart")
    told = faults(error) if error else {"errors": [], "by_field": {}}
    guest = buyer_of(ctx) is None
    drawings = {item.product.id: shelves.drawing_of(item.product.category) for item in view.items}
    data = {
        "view": view, "drawings": drawings, "values": values, "guest": guest, "may_order": _may_order(ctx),
        "methods": checkout.methods(ctx, guest=guest), **told,
    }  # fmt: skip
    return page(ctx, "checkout.html", data, 422 if error else 200)


def _may_order(ctx: Context) -> bool:
    """Whether who is signed in may order for the customer they act for; whoever is not buys as a guest."""
    return ctx.actor.kind != "customer" or buyer_of(ctx) is not None


@post("/shop/checkout", **OPEN, transaction="none")
def order(ctx: Context) -> Page | Redirect:
    """Order the cart (form: name, email, phone, the address, delivery_note, method, terms, seen).

    The order is written and committed before any provider is asked for the money.
    """
    web = ctx.web
    given = {name: (web.values(name) or [""])[0] for name in (*FIELDS, "method", "terms")}
    try:
        with writing(ctx) as work:
            placed = _place(work, given, web.value("seen"))
    except (Invalid, Conflict) as error:
        shown = (
            error
            if isinstance(error, Invalid)
            else Invalid(error.detail, errors=[FieldError("", error.detail)])
        )
        with reading(ctx) as look:
            return _checkout(look, given, shown)
    if isinstance(placed, str):
        return Redirect(f"/shop/thanks/{placed}")
    return Redirect(_next(ctx, placed))


def _place(ctx: Context, given: Mapping[str, str], seen: str) -> Placed | str:
    """The order; or the token of the one that this very form has made already."""
    limits.rate_limit(ctx.session, limits.address_bucket("shop order", ctx.address), 60, WINDOW)
    if not _may_order(ctx):
        raise Conflict("Your account may not order for this customer. Ask who administers it.")
    customer_id = buyer_of(ctx)
    basket = carts.find(ctx)
    if basket is None:
        ordered = carts.ordered(ctx)
        if ordered is None or not (token := checkout.placed_from(ctx, ordered)):
            raise Invalid.field("cart", "There is nothing in the cart.")
        return token
    details = checkout.read_details(ctx, given, guest=customer_id is None)
    return checkout.place(
        ctx, basket.id, details, customer_id=customer_id, account_id=ctx.actor.id if customer_id else None,
        seen_minor=whole_number(seen),
    )  # fmt: skip


def _next(ctx: Context, placed: Placed) -> str:
    """Where the buyer goes after ordering: to pay, or to be thanked."""
    thanks = f"/shop/thanks/{placed.token}"
    provider = payments.provider_of(ctx, placed.provider) if placed.provider else None
    if provider is None:
        return thanks
    back = f"{ctx.assembly.settings.base_url.rstrip('/')}{thanks}"
    asked = PaymentRequest(placed.reference, placed.number, placed.gross, placed.email, back)
    return provider.begin(ctx, asked)


@get("/shop/thanks/{token:str}", **OPEN)
def show_thanks(ctx: Context, token: str) -> Page:
    """The confirmation of an order."""
    return _tracking(ctx, token, thanks=True)


@get("/shop/orders/{token:str}", **OPEN)
def show_order(ctx: Context, token: str) -> Page:
    """How far an order is, by its signed link."""
    return _tracking(ctx, token, thanks=False)


def _tracking(ctx: Context, token: str, *, thanks: bool) -> Page:
    found = tracking.by_token(ctx, token)
    personal = not normalise.email_address(found.email).is_role if found.email else False
    offers = personal and found.guest and found.claimed_at is None and ctx.actor.kind != "customer"
    data = {
        **tracking.page_of(ctx, found),
        "thanks": thanks,
        "offers_account": offers,
        "confirms": letters.confirms(ctx),
    }
    return page(ctx, "order.html", data)


@post("/shop/orders/{token:str}/pay", **OPEN, transaction="none")
def pay_again(ctx: Context, token: str) -> Redirect:
    """Try to pay once more."""
    with writing(ctx) as work:
        found = tracking.by_token(work, token)
        payment = payments.retry(work, found.key)
        provider = payments.provider_of(work, payment.provider) if payment else None
        if payment is None or provider is None:
            return Redirect(f"/shop/orders/{token}", Flash("There is nothing to pay here.", "info"))
        placed = Placed(
            found.key,
            token,
            found.number,
            Money(payment.amount_minor, payment.currency),
            found.email,
            payment.provider,
            payment.reference,
        )
    return Redirect(_next(ctx, placed))


@get("/shop/pay/test/{token:str}", **OPEN)
def show_test_payment(ctx: Context, token: str) -> Page:
    """The payment page of the test provider."""
    return page(ctx, "test_payment.html", test_payment(ctx, token))


@post("/shop/pay/test/{token:str}", **OPEN)
def test_pay(ctx: Context, token: str) -> Redirect:
    """What the test provider does when the buyer has decided (form: outcome): it says so by a signed webhook."""
    order_token, amount = said_by_test(ctx, token)
    kind = "paid" if ctx.web.value("outcome") == "paid" else "failed"
    headers, body = testpay.signed(ctx, f"evt_{ctx.request_id}", kind, token, amount)
    payments.receive(ctx, testpay.NAME, testpay.read(ctx, headers, body), body)
    return Redirect(f"/shop/thanks/{order_token}")


@post("/shop/payments/{provider:str}/webhook", **OPEN, csrf=False, upload=100_000, transaction="none")
def webhook(ctx: Context, provider: str) -> Json:
    """Where providers say what has happened: 401 unless signed, 409 for an id that came with another body."""
    found = payments.provider_of(ctx, provider)
    if found is None:
        raise NotFound("There is no such provider.")
    try:
        event = found.read(ctx, ctx.web.headers, ctx.web.body)
    except Forged as error:
        return Json({"title": error.title, "detail": error.detail}, status=401)
    with writing(ctx) as work:
        received = payments.receive(work, provider, event, ctx.web.body)
    if received.conflict:
        return Json({"outcome": "refused", "reason": "This id came before with another body."}, status=409)
    return Json({"outcome": received.outcome, "reason": received.reason})


@get("/shop/sign-up", **OPEN)
def show_sign_up(ctx: Context) -> Page:
    """An account of one's own."""
    values = {"email": ctx.web.param("email")[:320], "name": ctx.web.param("name")[:200]}
    return _sign_up(ctx, values)


def _sign_up(
    ctx: Context, values: Mapping[str, str], *, asked: bool = False, error: Invalid | None = None
) -> Page:
    told = faults(error) if error else {"errors": [], "by_field": {}}
    data = {"values": values, "asked": asked, "mails": letters.invites(ctx), **told}
    return page(ctx, "sign_up.html", data, 422 if error else 200)


@post("/shop/sign-up", **OPEN)
def sign_up(ctx: Context) -> Page:
    """Ask for an account (form: email, name). The answer never says whether there is one already."""
    email, name = ctx.web.value("email")[:320], ctx.web.value("name")[:200]
    limits.rate_limit(ctx.session, limits.address_bucket("shop sign-up", ctx.address), 20, WINDOW)
    values = {"email": email, "name": name}
    try:
        if not name:
            raise Invalid.field("name", "Your name, please.")
        if letters.invites(ctx) and (url := buyers.sign_up(ctx, email, name)):
            letters.invite(ctx, email, name, url)
    except Invalid as error:
        ctx.session.rollback()
        return _sign_up(ctx, values, error=error)
    return _sign_up(ctx, values, asked=True)


ROUTES: tuple[Route, ...] = (
    show_checkout, order, show_thanks, show_order, pay_again, show_test_payment, test_pay, webhook, show_sign_up,
    sign_up,
)  # fmt: skip
