"""From an order to its payment, one step after the other, and the steps that are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from patron import Conflict, Context, Invalid, Money, editing, table, timeline
from patron.system.models import OutboxEvent
from patron_orders.api import Line, create_order, credit_invoice, issue_invoice, open_items, register_payment
from patron_orders.models import Invoice, OpenItem, Order
from patron_orders.services import orders
from patron_orders.services.payments import refund
from sqlalchemy import func, select

Add = Callable[..., int]


def load(ctx: Context, key: str, record_id: int) -> Any:
    return editing.load(ctx, ctx.assembly.resource(key), record_id)


def euros(text: str) -> Money:
    return Money(int(Decimal(text) * 100), "EUR")


def events(ctx: Context) -> list[str]:
    t = table(OutboxEvent)
    return list(ctx.session.execute(select(t.c.name).order_by(t.c.id)).scalars())


def item_of(ctx: Context, invoice_id: int) -> Any:
    t = table(OpenItem)
    return ctx.session.execute(select(t).where(t.c.invoice_id == invoice_id)).one()


def test_an_order_keeps_its_lines_and_sums(ctx: Context, add_customer: Add) -> None:
    customer = add_customer(ctx)
    lines = [
        Line(None, "Desk", Decimal("1.5"), euros("99.99"), "19.00", "10"),
        Line(7, "Book", Decimal(3), euros("10.00"), "7"),
    ]
    made: dict[str, Any] = {
        "source": "quote",
        "reference_resource": "sales.quotes",
        "reference_id": 4,
        "currency": "EUR",
    }
    order_id = create_order(ctx, customer, lines, reference="PO 7", **made)
    order = load(ctx, "orders.orders", order_id)
    assert (order.number, order.status, order.source) == (f"O-{ctx.now.year}-00001", "confirmed", "quote")
    assert (order.net_minor, order.tax_minor, order.gross_minor) == (16499, 2775, 19274)
    assert order.customer_reference == "PO 7"
    assert orders.lines_of(ctx, order_id, "EUR") == [
        Line(None, "Desk", Decimal("1.500"), euros("99.99"), "19.00", "10.00"),
        Line(7, "Book", Decimal("3.000"), euros("10.00"), "7.00", "0.00"),
    ]
    assert {"orders.orders.created", "orders.order.confirmed"} <= set(events(ctx))
    entries, _ = timeline.read(ctx, customer)
    assert [entry.title for entry in entries] == [f"Order {order.number}: €192.74"]


def test_the_same_reference_is_the_same_order(ctx: Context, add_customer: Add, add_order: Add) -> None:
    customer = add_customer(ctx)
    assert add_order(ctx, customer, 9) == add_order(ctx, customer, 9)
    assert add_order(ctx, customer, 10) != add_order(ctx, customer, 9)
    assert ctx.session.execute(select(func.count()).select_from(table(Order))).scalar_one() == 2


def test_orders_that_make_no_sense_are_refused(ctx: Context, add_customer: Add) -> None:
    customer = add_customer(ctx)
    made: dict[str, Any] = {"source": "x", "reference_resource": "x", "currency": "EUR"}
    with pytest.raises(Invalid, match="at least one line"):
        create_order(ctx, customer, [], reference_id=1, **made)
    with pytest.raises(Invalid, match="must be in EUR"):
        create_order(
            ctx, customer, [Line(None, "A", Decimal(1), Money(1, "USD"), "0")], reference_id=2, **made
        )
    with pytest.raises(Invalid, match="less than nothing"):
        create_order(ctx, customer, [Line(None, "A", Decimal(-1), euros("1"), "0")], reference_id=3, **made)
    with pytest.raises(Invalid, match="what the line is for"):
        create_order(ctx, customer, [Line(None, " ", Decimal(1), euros("1"), "0")], reference_id=4, **made)


def test_a_draft_is_filled_then_confirmed(ctx: Context, add_customer: Add) -> None:
    resource = ctx.assembly.resource("orders.orders")
    order_id = editing.create(ctx, resource, {"customer": add_customer(ctx)}).key
    with pytest.raises(Invalid, match="at least one line"):
        orders.confirm(ctx, order_id)
    orders.add_line(ctx, order_id, Line(None, "Chair", Decimal(2), euros("50"), "19"))
    orders.add_line(ctx, order_id, Line(None, "Desk", Decimal(1), euros("80"), "19"))
    lines = orders.shown_lines(ctx, order_id, "EUR")
    orders.remove_line(ctx, order_id, lines[1]["id"])
    assert load(ctx, "orders.orders", order_id).gross_minor == 11900
    orders.confirm(ctx, order_id)
    with pytest.raises(Conflict, match="is confirmed: its lines stand"):
        orders.add_line(ctx, order_id, Line(None, "Lamp", Decimal(1), euros("1"), "19"))
    with pytest.raises(Invalid, match="cannot become draft"):
        editing.change(ctx, resource, order_id, {"status": "draft"})


def test_an_invoice_opens_an_item_and_stays_as_it_was(
    ctx: Context, add_customer: Add, add_order: Add
) -> None:
    customer = add_customer(ctx, addresses=[{"line1": "Ring 1", "postcode": "10115", "city": "Berlin"}])
    order_id = add_order(ctx, customer)
    invoice_id = issue_invoice(ctx, order_id)
    assert issue_invoice(ctx, order_id) == invoice_id
    invoice = load(ctx, "orders.invoices", invoice_id)
    assert (invoice.number, invoice.gross_minor) == (f"INV-{ctx.now.year}-00001", 11900)
    assert invoice.due_on == ctx.now.date() + timedelta(days=14)
    assert invoice.document["buyer"]["name"] == "Adler GmbH"
    assert invoice.document["buyer"]["lines"][:2] == ["Ring 1", "10115 Berlin"]
    editing.change(ctx, ctx.assembly.resource("customers"), customer, {"name": "Falken AG"})
    assert load(ctx, "orders.invoices", invoice_id).document["buyer"]["name"] == "Adler GmbH"
    (item,) = open_items(ctx, customer)
    assert (item.number, item.amount, item.open, item.overdue) == (
        invoice.number,
        euros("119"),
        euros("119"),
        False,
    )


def test_only_what_is_confirmed_is_invoiced(ctx: Context, add_customer: Add) -> None:
    order = editing.create(ctx, ctx.assembly.resource("orders.orders"), {"customer": add_customer(ctx)})
    with pytest.raises(Conflict, match="only a confirmed order"):
        issue_invoice(ctx, order.key)


def test_cancelling_needs_a_credit_note_once_invoiced(
    ctx: Context, add_customer: Add, add_order: Add
) -> None:
    resource, customer = ctx.assembly.resource("orders.orders"), add_customer(ctx)
    early, late = add_order(ctx, customer, 1), add_order(ctx, customer, 2)
    editing.change(ctx, resource, early, {"status": "cancelled"})
    invoice_id = issue_invoice(ctx, late)
    with pytest.raises(Invalid, match="credit note"):
        editing.change(ctx, resource, late, {"status": "cancelled"})
    credit_invoice(ctx, invoice_id, "Ordered twice")
    editing.change(ctx, resource, late, {"status": "cancelled"})
    assert open_items(ctx, customer) == []


def test_payments_in_parts_and_never_more_than_is_open(
    ctx: Context, add_customer: Add, add_order: Add
) -> None:
    customer = add_customer(ctx)
    invoice_id = issue_invoice(ctx, add_order(ctx, customer))
    item = item_of(ctx, invoice_id)
    register_payment(ctx, item.id, euros("100"))
    with pytest.raises(Conflict, match=r"only €19\.00 is open"):
        register_payment(ctx, item.id, euros("19.01"))
    for wrong in (euros("0"), euros("-1")):
        with pytest.raises(Invalid, match="above zero"):
            register_payment(ctx, item.id, wrong)
    with pytest.raises(Conflict, match="Nothing was booked"):
        register_payment(ctx, item.id, Money(100, "USD"))
    register_payment(ctx, item.id, euros("19"))
    assert (item_of(ctx, invoice_id).paid_minor, item_of(ctx, invoice_id).state) == (11900, "paid")
    status = select(table(Invoice).c.status).where(table(Invoice).c.id == invoice_id)
    assert ctx.session.execute(status).scalar_one() == "paid"
    with pytest.raises(Conflict, match=r"only €0\.00 is open"):
        register_payment(ctx, item.id, euros("1"))
    assert events(ctx).count("orders.payment.received") == 2
    assert "orders.invoice.paid" in events(ctx)


def test_a_form_sent_twice_is_one_payment(ctx: Context, add_customer: Add, add_order: Add) -> None:
    item = item_of(ctx, issue_invoice(ctx, add_order(ctx, add_customer(ctx))))
    first = register_payment(ctx, item.id, euros("10"), token="a")
    assert register_payment(ctx, item.id, euros("10"), token="a") == first
    assert register_payment(ctx, item.id, euros("10"), token="b") != first


def test_a_payment_of_tomorrow_is_refused(ctx: Context, add_customer: Add, add_order: Add) -> None:
    item = item_of(ctx, issue_invoice(ctx, add_order(ctx, add_customer(ctx))))
    with pytest.raises(Invalid, match="not before"):
        register_payment(ctx, item.id, euros("1"), paid_on=ctx.now.date() + timedelta(days=1))


def test_a_credited_invoice_is_refunded_up_to_what_was_paid(
    ctx: Context, add_customer: Add, add_order: Add
) -> None:
    customer = add_customer(ctx)
    order_id = add_order(ctx, customer)
    invoice_id = issue_invoice(ctx, order_id)
    item = item_of(ctx, invoice_id)
    register_payment(ctx, item.id, euros("50"))
    note = load(ctx, "orders.invoices", credit_invoice(ctx, invoice_id, "Broken on arrival"))
    assert (note.kind, note.number, note.gross_minor) == ("credit_note", f"CN-{ctx.now.year}-00001", -11900)
    assert note.document["corrects"] == f"INV-{ctx.now.year}-00001"
    with pytest.raises(Conflict, match="no invoice in force"):
        credit_invoice(ctx, invoice_id, "Again")
    with pytest.raises(Conflict, match=r"only €0\.00 is open"):
        register_payment(ctx, item.id, euros("69"))
    with pytest.raises(Conflict, match=r"only €50\.00 is to be refunded"):
        refund(ctx, item.id, euros("50.01"))
    refund(ctx, item.id, euros("20"))
    refund(ctx, item.id, euros("30"))
    with pytest.raises(Conflict, match="Nothing was booked"):
        refund(ctx, item.id, euros("0.01"))
    assert item_of(ctx, invoice_id).state == "cancelled"
    assert issue_invoice(ctx, order_id) not in (invoice_id, note.key)
