"""What is special about saving and showing the shop's records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron import Action, Context, Invalid, Money, Rules, normalise, table
from patron_catalog.api import product
from sqlalchemy import select

from patron_ecommerce.models import Cart, Checkout, Payment, Shopper, Stock, Voucher
from patron_ecommerce.services import pages, payments, stock


class CartRules(Rules):
    """Carts are filled in the shop; staff look at them."""

    def page_data(self, ctx: Context, record: Cart) -> Mapping[str, Any]:
        return pages.cart_page(ctx, record)


class ShopperRules(Rules):
    """The facts in a few words are said to who looks, as they are written in their country."""

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if not rows or (names is not None and "name" not in names):
            return
        t = table(Shopper)
        known = select(t.c.id, t.c.orders, t.c.open_cart_minor, t.c.currency).where(
            t.c.id.in_([int(row["id"]) for row in rows])
        )
        said = {found.id: _in_short(ctx, found) for found in ctx.session.execute(known)}
        for row in rows:
            row["name"] = said.get(int(row["id"]), "")


def _in_short(ctx: Context, found: Any) -> str:
    orders = "1 order" if found.orders == 1 else f"{found.orders} orders"
    cart = Money(found.open_cart_minor, found.currency)
    return f"{orders}, cart of {cart.format(ctx.locale)}" if cart.minor else orders


class CheckoutRules(Rules):
    """An order of the shop: its page leads to the order proper."""

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        _say_ways(ctx, Checkout, "method", rows, names)

    def page_data(self, ctx: Context, record: Checkout) -> Mapping[str, Any]:
        return pages.checkout_page(ctx, record)

    def actions(self, ctx: Context, record: Checkout) -> Sequence[Action]:
        url = f"/orders/orders/{record.order_id}"
        return (Action("Open the order", url, "orders.orders.read", icon="shopping-cart", primary=True),)


class PaymentRules(Rules):
    """Payments move by what their providers say, and by hand where that does not fit."""

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        _say_ways(ctx, Payment, "provider", rows, names)

    def page_data(self, ctx: Context, record: Payment) -> Mapping[str, Any]:
        return {
            "payment": record,
            "received": f"{Money(record.received_minor, record.currency).decimal():f}",
            "events": payments.events_of(ctx, record),
            "may_settle": record.state == "held" and ctx.actor.may(payments.PERMISSION),
            "may_refund": record.state == "paid" and ctx.actor.may(payments.PERMISSION),
        }


def _say_ways(
    ctx: Context,
    model: type[Checkout] | type[Payment],
    column: str,
    rows: Sequence[dict[str, Any]],
    names: Collection[str] | None,
) -> None:
    """Say how each row is paid, by the label that buyers see: one statement."""
    if names is not None and "paid_by" not in names:
        return
    t = table(model)
    ids = [int(row["id"]) for row in rows]
    found = ctx.session.execute(select(t.c.id, t.c[column].label("way")).where(t.c.id.in_(ids)))
    ways = {row.id: row.way for row in found}
    for row in rows:
        row["paid_by"] = payments.way_of(ctx, ways[int(row["id"])])


class StockRules(Rules):
    """A stock belongs to one article; its number changes by an adjustment with a reason."""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        return {"on_hand": 0, "low_at": 3}

    def check(self, ctx: Context, record: Stock | None, values: Mapping[str, Any]) -> None:
        for name in ("on_hand", "low_at"):
            if (value := values.get(name)) is not None and not 0 <= value <= 10_000_000:
                raise Invalid.field(name, "A number of pieces, from 0 on.")
        if record is None:
            return
        if "product" in values and values["product"] != record.product_id:
            raise Invalid.field("product", "A stock stays with its article.")
        if "on_hand" in values and values["on_hand"] != record.on_hand:
            raise Invalid.field("on_hand", "Adjust the stock, and say why, on its page.")

    def before_save(self, ctx: Context, record: Stock, values: Mapping[str, Any], *, created: bool) -> None:
        article = product(ctx, record.product_id)
        record.name = f"{article.sku} {article.name}"
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        if created:
            record.free = record.on_hand = record.on_hand or 0
        record.low_at = record.low_at if record.low_at is not None else 3

    def page_data(self, ctx: Context, record: Stock) -> Mapping[str, Any]:
        return {
            "stock": record,
            "moves": stock.moves(ctx, record.key),
            "may_adjust": ctx.actor.may("ecommerce.stock.edit"),
        }


def _amount(record: Voucher | None) -> tuple[int, str] | None:
    return (record.amount_minor, record.currency) if record and record.amount_minor else None


class VoucherRules(Rules):
    """A voucher takes either a percentage off or an amount, a number of times."""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        return {"uses": 1}

    def check(self, ctx: Context, record: Voucher | None, values: Mapping[str, Any]) -> None:
        percent = values.get("percent", record.percent if record else None)
        amount = values.get(
            "amount", (record.amount_minor, record.currency) if record and record.amount_minor else None
        )
        if (percent is None) == (amount is None):
            raise Invalid.field("percent", "Say either a percentage or an amount.")
        if percent is not None and not 1 <= percent <= 100:
            raise Invalid.field("percent", "From 1 to 100 percent.")
        if amount is not None and (amount[0] is None or amount[0] <= 0):
            raise Invalid.field("amount", "An amount above zero.")
        uses = values.get("uses", record.uses if record else 1)
        if uses is not None and not max(1, record.used if record else 0) <= uses <= 1_000_000:
            raise Invalid.field("uses", "From 1 on, and no fewer than it was used already.")
        since, until = (values.get(n, getattr(record, n, None)) for n in ("valid_from", "valid_until"))
        if since and until and until < since:
            raise Invalid.field("valid_until", "The last day is before the first.")
        if not normalise.fold(str(values.get("code", "x"))).strip():
            raise Invalid.field("code", "A code that can be typed.")

    def before_save(self, ctx: Context, record: Voucher, values: Mapping[str, Any], *, created: bool) -> None:
        record.code = record.code.strip()
        record.code_key = normalise.fold(record.code)[:100]
        record.currency = record.currency or ctx.assembly.settings.currency
        record.uses = record.uses or 1
