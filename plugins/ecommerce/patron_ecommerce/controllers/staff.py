"""What staff do in the shop beyond looking: adjust stock, settle and refund payments, see the settings."""

from __future__ import annotations

import re

from patron import Context, Flash, Invalid, Page, Redirect, Route, get, post

from patron_ecommerce.services import payments, setup, stock

SETTINGS = "ecommerce.settings"
_DIFFERENCE = re.compile(r"[+-]?[0-9]{1,8}")


@post("/ecommerce/stock/{stock_id:int}/adjust", permission="ecommerce.stock.edit")
def adjust(ctx: Context, stock_id: int) -> Redirect:
    """Correct a stock (form: difference, reason)."""
    text = ctx.web.value("difference").replace("−", "-")
    if not _DIFFERENCE.fullmatch(text):
        raise Invalid.field("difference", "Say by how many pieces it differs: 12, or -3.")
    stock.adjust(ctx, stock_id, int(text), ctx.web.value("reason"))
    return Redirect(f"/ecommerce/stock/{stock_id}", Flash("The stock is adjusted."))


@post("/ecommerce/payments/{payment_id:int}/settle", permission=payments.PERMISSION)
def settle(ctx: Context, payment_id: int) -> Redirect:
    """A held payment was dealt with (form: reason)."""
    payments.settle(ctx, payment_id, ctx.web.value("reason"))
    return Redirect(f"/ecommerce/payments/{payment_id}", Flash("The payment is settled."))


@post("/ecommerce/payments/{payment_id:int}/refund", permission=payments.PERMISSION)
def refund(ctx: Context, payment_id: int) -> Redirect:
    """Take the invoice back and refund (form: amount, reason)."""
    minor = payments.read_amount(ctx, payment_id, ctx.web.value("amount"))
    payments.give_back(ctx, payment_id, minor, ctx.web.value("reason"))
    return Redirect(
        f"/ecommerce/payments/{payment_id}", Flash("The invoice is taken back, the refund booked.")
    )


@get("/ecommerce/settings", permission=SETTINGS)
def show_settings(ctx: Context) -> Page:
    """How the shop is set up, and where to change it."""
    return Page("ecommerce/settings.html", setup.shown(ctx))


ROUTES: tuple[Route, ...] = (adjust, settle, refund, show_settings)
