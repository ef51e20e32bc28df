"""What is done with orders, invoices, open items and holds beyond the forms of their resources."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from patron import (
    Context,
    Customer,
    Download,
    Flash,
    Invalid,
    Json,
    Money,
    Page,
    Redirect,
    Route,
    editing,
    get,
    post,
    whole_number,
)
from patron_catalog.api import price, product

from patron_orders.services import documents, holds, invoices, orders, payments
from patron_orders.services.totals import Line

EDIT, ISSUE, CREDIT, PAY = "orders.orders.edit", "orders.issue", "orders.credit", "orders.payments.create"


def _to(order_id: int, text: str) -> Redirect:
    return Redirect(f"/orders/orders/{order_id}", Flash(text))


# Orders


@post("/orders/orders/{order_id:int}/confirm", permission=EDIT)
def confirm(ctx: Context, order_id: int) -> Redirect:
    """Make a draft binding (form: override_reason, for those who may override a hold)."""
    orders.confirm(ctx, order_id, ctx.web.value("override_reason")[:500])
    return _to(order_id, "Order confirmed.")


@post("/orders/orders/{order_id:int}/fulfil", permission=EDIT)
def fulfil(ctx: Context, order_id: int) -> Redirect:
    """All that was ordered has been delivered."""
    editing.change(ctx, ctx.assembly.resource("orders.orders"), order_id, {"status": "fulfilled"})
    return _to(order_id, "Order fulfilled.")


@post("/orders/orders/{order_id:int}/cancel", permission=EDIT)
def cancel(ctx: Context, order_id: int) -> Redirect:
    """Nothing will come of the order. One that is invoiced needs a credit note first."""
    editing.change(ctx, ctx.assembly.resource("orders.orders"), order_id, {"status": "cancelled"})
    return _to(order_id, "Order cancelled.")


@post("/orders/orders/{order_id:int}/lines", permission=EDIT)
def add_line(ctx: Context, order_id: int) -> Redirect:
    """Add a line (form: product or description, quantity, unit_price, discount_percent)."""
    order = editing.load(ctx, ctx.assembly.resource("orders.orders"), order_id, "edit")
    given = {name: ctx.web.value(name) for name in _LINE if ctx.web.value(name)}
    orders.add_line(ctx, order_id, _line(ctx, order, given))
    return _to(order_id, "Line added.")


_LINE = ("product", "description", "quantity", "unit_price", "tax_rate", "discount_percent")
_LINE_BODY = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["product"]}, {"required": ["description", "unit_price"]}],
    "properties": {key: {"type": ["string", "integer"]} for key in _LINE},
}


@post("/api/v1/orders/orders/{order_id:int}/lines", permission=EDIT, takes=_LINE_BODY, answers=201)
def add_line_api(ctx: Context, order_id: int) -> Json:
    """Add a line: a product and a quantity, or description, unit price and tax rate instead"""
    order = editing.load(ctx, ctx.assembly.resource("orders.orders"), order_id, "edit")
    body = ctx.web.json_object()
    if unknown := sorted(set(body) - set(_LINE)):
        raise Invalid.field(unknown[0], f"A line has: {', '.join(_LINE)}.")
    orders.add_line(ctx, order_id, _line(ctx, order, {name: str(value) for name, value in body.items()}))
    return Json({"id": str(order_id), "version": order.version}, 201)


def _line(ctx: Context, order: Any, given: dict[str, str]) -> Line:
    """A line of what was typed; a product brings its name, price and tax, and what was typed goes before them."""
    quantity = _number(given.get("quantity", "1"), "quantity")
    unit_price = _amount(given["unit_price"], order.currency) if "unit_price" in given else None
    discount = given.get("discount_percent", "0").replace(",", ".")
    text = given.get("description", "")
    if not given.get("product"):
        if unit_price is None:
            raise Invalid.field("unit_price", "Choose a product, or say what it is and what it costs.")
        return Line(None, text, quantity, unit_price, given.get("tax_rate", "0").replace(",", "."), discount)
    product_id = whole_number(given["product"])
    if product_id is None:
        raise Invalid.field("product", "Choose a product.")
    found = price(ctx, product_id, abs(quantity), customer_id=order.customer_id, currency=order.currency)
    text = text or product(ctx, product_id).name
    return Line(product_id, text, quantity, unit_price or found.unit, found.tax_rate, discount)


def _number(text: str, field: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise Invalid.field(field, "Write a number such as 2.5.") from error


def _amount(text: str, currency: str) -> Money:
    amount = _number(text, "unit_price")
    digits = -int(Money(1, currency).decimal().as_tuple().exponent)
    scaled = amount.scaleb(digits) if amount.is_finite() else Decimal("0.5")
    if scaled != scaled.to_integral_value():
        raise Invalid.field("unit_price", f"An amount in {currency} has at most {digits} decimals.")
    return Money(int(scaled), currency)


@post("/orders/orders/{order_id:int}/lines/{line_id:int}/delete", permission=EDIT)
def remove_line(ctx: Context, order_id: int, line_id: int) -> Redirect:
    """Take a line off a draft."""
    orders.remove_line(ctx, order_id, line_id)
    return _to(order_id, "Line removed.")


# Invoices


@post("/orders/orders/{order_id:int}/invoice", permission=ISSUE)
def issue(ctx: Context, order_id: int) -> Redirect:
    """Invoice the order; its open item begins."""
    editing.load(ctx, ctx.assembly.resource("orders.orders"), order_id)
    invoice_id = invoices.issue_invoice(ctx, order_id)
    return Redirect(f"/orders/invoices/{invoice_id}", Flash("Invoice issued."))


@post("/orders/invoices/{invoice_id:int}/credit", permission=CREDIT)
def credit(ctx: Context, invoice_id: int) -> Redirect:
    """Take an invoice back by a credit note (form: reason)."""
    editing.load(ctx, ctx.assembly.resource("orders.invoices"), invoice_id)
    note_id = invoices.credit_invoice(ctx, invoice_id, ctx.web.value("reason"))
    return Redirect(f"/orders/invoices/{note_id}", Flash("Credit note issued."))


@get(
    "/orders/invoices/{invoice_id:int}/pdf", permission="orders.invoices.read", transaction="none", slow=True
)
def invoice_pdf(ctx: Context, invoice_id: int) -> Download:
    """The invoice as a PDF, made of what was kept on the day it was issued."""
    with ctx.assembly.database.read() as session:
        inside = documents.within(ctx, session)
        invoice = editing.load(inside, ctx.assembly.resource("orders.invoices"), invoice_id)
    return Download(documents.invoice_pdf(invoice), f"{invoice.number}.pdf", "application/pdf")


# Payments


@post("/orders/open-items/{item_id:int}/payments", permission=PAY)
def pay(ctx: Context, item_id: int) -> Redirect:
    """Book a payment (form: amount, amount_currency, paid_on, method, reference, token)."""
    item = editing.load(ctx, ctx.assembly.resource("orders.open-items"), item_id)
    web = ctx.web
    payments.register_payment(
        ctx,
        item_id,
        _amount(web.value("amount"), item.currency),
        paid_on=_day(ctx, "paid_on"),
        method=web.value("method", "transfer"),
        reference=web.value("reference"),
        token=web.value("token")[:64],
    )
    return Redirect(f"/orders/invoices/{item.invoice_id}", Flash("Payment booked."))


@post("/orders/open-items/{item_id:int}/refund", permission=CREDIT)
def refund(ctx: Context, item_id: int) -> Redirect:
    """Book what was paid back for a credited invoice (form: amount, reference)."""
    item = editing.load(ctx, ctx.assembly.resource("orders.open-items"), item_id)
    amount = _amount(ctx.web.value("amount"), item.currency)
    payments.refund(ctx, item_id, amount, reference=ctx.web.value("reference"))
    return Redirect(f"/orders/invoices/{item.invoice_id}", Flash("Refund booked."))


def _day(ctx: Context, name: str) -> date | None:
    try:
        return date.fromisoformat(ctx.web.value(name)) if ctx.web.value(name) else None
    except ValueError as error:
        raise Invalid.field(name, "Write a day such as 2026-03-31.") from error


# Holds


def _customer(ctx: Context, customer_id: int) -> Customer:
    found: Customer = editing.load(ctx, ctx.assembly.resource("customers"), customer_id)
    return found


@get("/orders/customers/{customer_id:int}/hold", permission=holds.PERMISSION)
def show_hold(ctx: Context, customer_id: int) -> Page:
    """The form to put a customer on hold."""
    customer = _customer(ctx, customer_id)
    data = {"customer": customer, "hold": holds.hold_of(ctx, customer_id), "releasing": False}
    return Page("orders/hold.html", data)


@post("/orders/customers/{customer_id:int}/hold", permission=holds.PERMISSION)
def place_hold(ctx: Context, customer_id: int) -> Redirect:
    """Put a customer on hold (form: reason)."""
    _customer(ctx, customer_id)
    holds.place(ctx, customer_id, ctx.web.value("reason"))
    return Redirect(f"/customers/{customer_id}", Flash("On hold: everybody sees it from now on.", "warning"))


@get("/orders/customers/{customer_id:int}/release", permission=holds.PERMISSION)
def show_release(ctx: Context, customer_id: int) -> Page:
    """The form to release a hold."""
    customer = _customer(ctx, customer_id)
    return Page(
        "orders/hold.html",
        {"customer": customer, "hold": holds.hold_of(ctx, customer_id), "releasing": True},
    )


@post("/orders/customers/{customer_id:int}/release", permission=holds.PERMISSION)
def release_hold(ctx: Context, customer_id: int) -> Redirect:
    """Release a hold (form: reason)."""
    _customer(ctx, customer_id)
    holds.release(ctx, customer_id, ctx.web.value("reason"))
    return Redirect(f"/customers/{customer_id}", Flash("Hold released."))


ROUTES: tuple[Route, ...] = (
    confirm,
    fulfil,
    cancel,
    add_line,
    add_line_api,
    remove_line,
    issue,
    credit,
    invoice_pdf,
    pay,
    refund,
    show_hold,
    place_hold,
    show_release,
    release_hold,
)
