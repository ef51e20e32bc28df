"""What is special about saving and showing orders, invoices, open items, payments and holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Action, Context, Invalid, Rules, next_number, normalise

from patron_orders.models import CustomerHold, Invoice, OpenItem, Order, Payment
from patron_orders.services import holds, orders, pages, payments


class OrderRules(Rules):
    """An order begins as a draft (or whole, from another module's lines), gets a number, and moves one way."""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        return {"ordered_on": ctx.now.date(), "currency": ctx.assembly.settings.currency, "status": "draft"}

    def check(self, ctx: Context, record: Order | None, values: Mapping[str, Any]) -> None:
        _check_currency(ctx, record, values)
        to = values.get("status")
        if record is None:
            if to not in (None, "draft") and orders.LINES not in ctx.cache:
                raise Invalid.field("status", "A new order is a draft: add its lines, then confirm it.")
            return
        if record.status != "draft" and any(
            name in values and values[name] != getattr(record, f"{name}_id")
            for name in ("customer", "bill_to")
        ):
            raise Invalid.field("customer", f"Order {record.number} is {record.status}: its customer stands.")
        if to is not None:
            orders.check_move(ctx, record, to)

    def before_save(self, ctx: Context, record: Order, values: Mapping[str, Any], *, created: bool) -> None:
        record.ordered_on = record.ordered_on or ctx.now.date()
        record.currency = (record.currency or ctx.assembly.settings.currency).upper()
        if not created:
            return
        record.source = "by hand"
        record.brand_id = ctx.assembly.company.brand_id
        if orders.LINES in ctx.cache:
            found, _, record.source, record.reference_resource, record.reference_id = ctx.cache[orders.LINES]
            orders.set_totals(record, found)
        record.number = next_number(ctx, "orders.order", "O-{year}-{number:05}")
        record.number_key = normalise.sort_key(record.number)

    def after_save(
        self, ctx: Context, record: Order, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if created and orders.LINES in ctx.cache:
            found, lines, *_ = ctx.cache[orders.LINES]
            orders.insert_lines(ctx, record.key, lines, found.line_nets)
        if "status" in changed and record.status != "draft":
            orders.note_move(ctx, record)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("customer_shown") or "")

    def page_data(self, ctx: Context, record: Order) -> Mapping[str, Any]:
        return pages.order_page(ctx, record)

    def actions(self, ctx: Context, record: Order) -> Sequence[Action]:
        return pages.order_actions(ctx, record)


def _check_currency(ctx: Context, record: Order | None, values: Mapping[str, Any]) -> None:
    if not values.get("currency"):
        return
    code = str(values["currency"]).upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise Invalid.field("currency", "A currency has three letters, such as EUR.")
    if record is not None and code != record.currency and orders.lines_of(ctx, record.key, record.currency):
        raise Invalid.field("currency", "The order has lines already: its currency stands.")


class InvoiceRules(Rules):
    """An invoice is only ever written by ``issue_invoice`` and ``credit_invoice``."""

    def page_data(self, ctx: Context, record: Invoice) -> Mapping[str, Any]:
        return pages.invoice_page(ctx, record)

    def actions(self, ctx: Context, record: Invoice) -> Sequence[Action]:
        return (Action("PDF", f"/orders/invoices/{record.key}/pdf", "orders.invoices.read", icon="download"),)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("customer_shown") or "")


class OpenItemRules(Rules):
    """Shows what was booked for the item, and the form to book more."""

    def page_data(self, ctx: Context, record: OpenItem) -> Mapping[str, Any]:
        return pages.open_item_data(ctx, record)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("customer_shown") or "")


class PaymentRules(Rules):
    """Booking a payment and counting it towards its open item are one act."""

    irreversible = "Payments are booked and stay in the books: reverse those that are wrong one by one."

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        return {"paid_on": ctx.now.date(), "method": "transfer"}

    def check(self, ctx: Context, record: Payment | None, values: Mapping[str, Any]) -> None:
        paid_on = values.get("paid_on")
        if paid_on is not None and paid_on > ctx.now.date():
            raise Invalid.field("paid_on", "A payment is booked on the day it came in, not before.")

    def before_save(self, ctx: Context, record: Payment, values: Mapping[str, Any], *, created: bool) -> None:
        record.paid_on = record.paid_on or ctx.now.date()
        payments.book(ctx, record)

    def after_save(
        self, ctx: Context, record: Payment, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        payments.received(ctx, record)


class HoldRules(Rules):
    """Holds are placed and released on the customer's page."""

    def actions(self, ctx: Context, record: CustomerHold) -> Sequence[Action]:
        if record.released_at is not None:
            return ()
        url = f"/orders/customers/{record.customer_id}/release"
        return (Action("Release", url, holds.PERMISSION, icon="play", primary=True),)
