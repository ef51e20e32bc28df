"""The customer's shop orders at ``/my/orders``: only those of the customer that the account acts for."""

from __future__ import annotations

from patron import Context, Flash, Page, Redirect, Route, get, post

from patron_ecommerce.controllers.shared import MINE
from patron_ecommerce.services import buyers, carts, tracking


@get("/my/orders", **MINE)
def show_orders(ctx: Context) -> Page:
    """The customer's orders, newest first."""
    waiting = buyers.unclaimed(ctx, ctx.actor.id or 0)
    return Page("ecommerce/my_orders.html", {"orders": tracking.list_mine(ctx), "waiting": waiting})


@post("/my/orders/claim", **MINE)
def claim(ctx: Context) -> Redirect:
    """Take over what was ordered as a guest from the account's own, verified address."""
    count = buyers.claim(ctx, ctx.actor.id or 0)
    return Redirect(
        "/my/orders", Flash(f"Guest orders that are yours now: {count}.", "success" if count else "info")
    )


@get("/my/orders/{checkout_id:int}", **MINE)
def show_order(ctx: Context, checkout_id: int) -> Page:
    """One order: how far it is, what was in it."""
    return Page("ecommerce/my_order.html", tracking.page_of(ctx, tracking.of_mandate(ctx, checkout_id)))


@post("/my/orders/{checkout_id:int}/again", **MINE)
def order_again(ctx: Context, checkout_id: int) -> Redirect:
    """Put what was in an order into the cart once more, as far as it is sold."""
    found = tracking.of_mandate(ctx, checkout_id)
    basket = carts.open_cart(ctx)
    put = carts.add_all(ctx, basket, carts.lines_of(ctx, found.cart_id))
    cookies = (basket.cookie,) if basket.cookie else ()
    said = "It is in your cart." if put else "None of it is sold any more."
    return Redirect("/shop/cart", Flash(said, "success" if put else "info"), cookies=cookies)


ROUTES: tuple[Route, ...] = (show_orders, claim, show_order, order_again)
