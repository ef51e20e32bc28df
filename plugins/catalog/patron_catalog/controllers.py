"""What is done on a product's page beyond editing its fields."""

from __future__ import annotations

from typing import Any

from patron import Context, Flash, Json, Page, Redirect, Route, editing, get, post, whole_number

from patron_catalog import services

READ, PRICE = "catalog.products.read", "catalog.prices.create"


def _customer(ctx: Context, text: str) -> int | None:
    """A customer named in the address, if the actor may see it. NotFound."""
    customer_id = whole_number(text)
    if customer_id is None:
        return None
    return int(editing.load(ctx, ctx.assembly.resource("customers"), customer_id).key)


@get("/catalog/products/{product_id:int}/price", permission=READ)
def try_price(ctx: Context, product_id: int) -> Page:
    """What a quantity costs a customer, and why (``?quantity=10&currency=EUR&customer=7``)."""
    return Page("catalog/price.html", _asked(ctx, product_id), partial="catalog/price_part.html")


def _asked(ctx: Context, product_id: int) -> dict[str, Any]:
    web = ctx.web
    product = editing.load(ctx, ctx.assembly.resource("catalog.products"), product_id)
    currency = web.param("currency") or product.currency
    customer_id = _customer(ctx, web.param("customer"))
    return {
        "product": product,
        "example": services.example(ctx, product_id, web.param("quantity", "1"), customer_id, currency),
    }


@get("/api/v1/catalog/products/{product_id:int}/price", permission=READ)
def price_api(ctx: Context, product_id: int) -> Json:
    """The price of one unit: ``?quantity=10&currency=EUR&customer=7``."""
    product = editing.load(ctx, ctx.assembly.resource("catalog.products"), product_id)
    found = services.price(
        ctx,
        product_id,
        services.read_quantity(ctx.web.param("quantity", "1")),
        customer_id=_customer(ctx, ctx.web.param("customer")),
        currency=ctx.web.param("currency") or product.currency,
    )
    return Json(
        {
            "unit": {"minor": found.unit.minor, "currency": found.unit.currency},
            "list_unit": {"minor": found.list_unit.minor, "currency": found.list_unit.currency},
            "tax_rate": found.tax_rate,
            "tax_name": found.tax_name,
            "trace": list(found.trace),
        }
    )


@post("/catalog/products/{product_id:int}/prices", permission=PRICE)
def add_price(ctx: Context, product_id: int) -> Redirect:
    """Add a price (form: price, price_currency, minimum_quantity, customer, valid_from, valid_until)."""
    editing.load(ctx, ctx.assembly.resource("catalog.products"), product_id)
    web = ctx.web
    values = {
        name: web.value(name)
        for name in ("minimum_quantity", "customer", "valid_from", "valid_until")
        if web.value(name)
    }
    amount = {"amount": web.value("price").replace(",", "."), "currency": web.value("price_currency")}
    price = amount if amount["amount"] else None
    resource = ctx.assembly.resource("catalog.prices")
    editing.create(ctx, resource, {**values, "product": product_id, "price": price})
    return Redirect(f"/catalog/products/{product_id}", Flash("Price added."))


ROUTES: tuple[Route, ...] = (try_price, price_api, add_price)
