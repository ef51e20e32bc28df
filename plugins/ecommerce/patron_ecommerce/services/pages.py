"""What staff see: a cart, a shop order, and the shop on the customer's and the home page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from patron import Context, Customer, Money, Panel, row_scope, table, together
from patron_orders.api import order_lines
from sqlalchemy import Select, func, select

from patron_ecommerce.models import Cart, CartLine, Checkout, Payment, Shopper, Stock
from patron_ecommerce.services import carts, letters

CARTS, CHECKOUTS, PAYMENTS = "ecommerce.carts", "ecommerce.checkouts", "ecommerce.payments"


def cart_page(ctx: Context, cart: Cart) -> Mapping[str, Any]:
    """The lines of a cart at today's prices, with what the price function says of each."""
    from patron_ecommerce.services.pricing import price_list

    view = carts.priced(ctx, carts.Basket(cart.key, cart.customer_id, cart.voucher_id))
    wanted: dict[int, int] = {}
    for item in view.items:
        wanted[item.product.id] = wanted.get(item.product.id, 0) + item.quantity
    found, _ = price_list(ctx, wanted, cart.customer_id)
    return {"cart": cart, "view": view, "traces": {key: price.trace for key, price in found.items()}}


def checkout_page(ctx: Context, checkout: Checkout) -> Mapping[str, Any]:
    """Lines, address and payment of a shop order."""
    p = table(Payment)
    payment = ctx.session.execute(
        select(p.c.id, p.c.state, p.c.reason).where(p.c.checkout_id == checkout.key)
    ).first()
    return {
        "checkout": checkout,
        "address": letters.address_text(checkout),
        "lines": order_lines(ctx, checkout.order_id or 0, checkout.currency),
        "payment": payment,
        "gross": Money(checkout.gross_minor, checkout.currency),
    }


def customer_panel(ctx: Context, customer: Customer) -> Panel:
    """The open cart and the last orders of a customer: one statement."""
    t = table(Shopper)
    found = together(
        ctx.session,
        facts=select(t).where(t.c.customer_id == customer.key),
        cart=_cart(ctx, customer.key) if ctx.actor.may(f"{CARTS}.read") else None,
        orders=_orders(ctx, customer.key),
    )
    lines = found["cart"]
    data = {
        "customer_id": customer.key,
        "facts": next(iter(found["facts"]), None),
        "cart": {**lines[0]._asdict(), "lines": len(lines)} if lines else None,
        "orders": [row._asdict() for row in found["orders"]],
    }
    return Panel("customer", "Shop", "ecommerce/customer_panel.html", data, "main", "shopping-cart", 45)


def _cart(ctx: Context, customer_id: int) -> Select[Any]:
    """Selects the newest cart that is not ordered, a row for each of its lines."""
    t, n = table(Cart), table(CartLine)
    newest = (
        select(t.c.id)
        .where(
            t.c.customer_id == customer_id, t.c.status != "ordered", t.c.pieces > 0, t.c.trashed_at.is_(None)
        )
        .where(row_scope(ctx, ctx.assembly.resource(CARTS)))
        .order_by(t.c.touched_at.desc(), t.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(t, n.c.quantity).select_from(t.join(n, n.c.cart_id == t.c.id)).where(t.c.id == newest)


def _orders(ctx: Context, customer_id: int) -> Select[Any]:
    k, p = table(Checkout), table(Payment)
    return (
        select(k.c.id, k.c.number, k.c.placed_at, k.c.gross_minor, k.c.currency, k.c.guest, p.c.state)
        .select_from(k.outerjoin(p, p.c.checkout_id == k.c.id))
        .where(k.c.customer_id == customer_id, k.c.trashed_at.is_(None))
        .where(row_scope(ctx, ctx.assembly.resource(CHECKOUTS)))
        .order_by(k.c.placed_at.desc(), k.c.id.desc())
        .limit(5)
    )


def home_panel(ctx: Context) -> Panel:
    """What needs somebody in the shop: held payments, carts left behind, articles that run out."""
    p, t, s = table(Payment), table(Cart), table(Stock)
    may = ctx.actor.may
    held = abandoned = low = None
    if may(f"{PAYMENTS}.read"):
        held = _count(ctx, select(func.count()).select_from(p).where(
            p.c.state == "held", row_scope(ctx, ctx.assembly.resource(PAYMENTS))))  # fmt: skip
    if may(f"{CARTS}.read"):
        recent = t.c.touched_at > ctx.now - timedelta(days=14)
        abandoned = _count(ctx, select(func.count()).select_from(t).where(
            t.c.status == "abandoned", recent, row_scope(ctx, ctx.assembly.resource(CARTS))))  # fmt: skip
    if may("ecommerce.stock.read"):
        low = _count(ctx, select(func.count()).select_from(s).where(
            s.c.free <= s.c.low_at, s.c.trashed_at.is_(None)))  # fmt: skip
    data = {"held": held, "abandoned": abandoned, "low": low}
    return Panel("home", "Shop", "ecommerce/home_panel.html", data, "side", "shopping-cart", 60)


def _count(ctx: Context, statement: Any) -> int:
    return int(ctx.session.execute(statement).scalar_one())
