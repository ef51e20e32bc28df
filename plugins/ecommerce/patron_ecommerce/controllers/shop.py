"""The shop as everybody sees it: catalogue, search, article, cart."""

from __future__ import annotations

from patron import BadRequest, Context, Flash, Invalid, Page, Redirect, Route, get, post, whole_number

from patron_ecommerce.controllers.shared import OPEN, faults, page
from patron_ecommerce.services import carts, pricing, shelves

CART = "/shop/cart"


@get("/shop", **OPEN)
def show_shelf(ctx: Context) -> Page:
    """What is sold (``?q=words&category=key&after=12``)."""
    web = ctx.web
    after = web.param("after")
    if after and whole_number(after) is None:
        raise BadRequest("A page begins after an article.")
    words = " ".join(web.param("q").split())[:100]
    shelf = shelves.shelf(ctx, web.param("category")[:100], words, whole_number(after))
    return page(
        ctx,
        "shelf.html",
        {"shelf": shelf, "words": words, "first": not after, "with_tax": pricing.shows_tax(ctx)},
    )


@get("/shop/products/{product_id:int}", **OPEN)
def show_article(ctx: Context, product_id: int) -> Page:
    """One article: price, how many are left, into the cart."""
    return page(ctx, "article.html", {**shelves.article(ctx, product_id), "errors": [], "by_field": {}})


@post("/shop/products/{product_id:int}", **OPEN)
def add_article(ctx: Context, product_id: int) -> Page | Redirect:
    """Into the cart (form: quantity, note)."""
    web = ctx.web
    try:
        quantity = carts.read_quantity(web.value("quantity", "1"))
        basket = carts.open_cart(ctx)
        carts.add(ctx, basket, product_id, quantity, web.value("note"))
    except Invalid as error:
        ctx.session.rollback()
        return page(ctx, "article.html", {**shelves.article(ctx, product_id), **faults(error)}, 422)
    cookies = (basket.cookie,) if basket.cookie else ()
    return Redirect(CART, Flash("It is in your cart."), cookies=cookies)


@get(CART, **OPEN)
def show_cart(ctx: Context) -> Page:
    """What is in the cart, at today's prices."""
    return _cart(ctx)


def _cart(ctx: Context, error: Invalid | None = None) -> Page:
    view = carts.priced(ctx, carts.find(ctx))
    drawings = {item.product.id: shelves.drawing_of(item.product.category) for item in view.items}
    told = faults(error) if error else {"errors": [], "by_field": {}}
    return page(ctx, "cart.html", {"view": view, "drawings": drawings, **told}, 422 if error else 200)


def _basket(ctx: Context) -> carts.Basket:
    basket = carts.find(ctx)
    if basket is None:
        raise Invalid.field("cart", "Your cart is empty. It may have been ordered already.")
    return basket


@post("/shop/cart/lines/{line_id:int}", **OPEN)
def change_line(ctx: Context, line_id: int) -> Page | Redirect:
    """Another quantity (form: quantity)."""
    try:
        carts.change(ctx, _basket(ctx), line_id, carts.read_quantity(ctx.web.value("quantity")))
    except Invalid as error:
        ctx.session.rollback()
        return _cart(ctx, error)
    return Redirect(CART)


@post("/shop/cart/lines/{line_id:int}/remove", **OPEN)
def remove_line(ctx: Context, line_id: int) -> Page | Redirect:
    """Out of the cart."""
    try:
        carts.remove(ctx, _basket(ctx), line_id)
    except Invalid as error:
        return _cart(ctx, error)
    return Redirect(CART, Flash("It is out of your cart.", "info"))


@post("/shop/cart/voucher", **OPEN)
def use_voucher(ctx: Context) -> Page | Redirect:
    """Use a voucher, or none (form: code)."""
    code = ctx.web.value("code")[:100]
    try:
        carts.set_voucher(ctx, _basket(ctx), code)
    except Invalid as error:
        ctx.session.rollback()
        return _cart(ctx, error)
    return Redirect(CART, Flash("The voucher counts." if code else "The voucher is left out.", "info"))


@get("/shop/terms", **OPEN)
def show_terms(ctx: Context) -> Page:
    """The firm's terms of sale."""
    return page(ctx, "terms.html", {"terms": str(ctx.assembly.setting("ecommerce", "terms"))})


ROUTES: tuple[Route, ...] = (
    show_shelf, show_article, add_article, show_cart, change_line, remove_line, use_voucher, show_terms,
)  # fmt: skip
