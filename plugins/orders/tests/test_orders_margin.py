"""The margin of what was sold: what the articles cost on the day, and what a credit note takes back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from patron import Context, Measure, Money, editing, measuring
from patron_orders.api import Line, create_order, credit_invoice, issue_invoice


def article(ctx: Context, sku: str, cost: str | None) -> int:
    values = {"sku": sku, "name": sku, "list_price": {"amount": "100", "currency": "EUR"}}
    if cost is not None:
        values["cost"] = {"amount": cost, "currency": "EUR"}
    return int(editing.create(ctx, ctx.assembly.resource("catalog.products"), values).key)


def sold(ctx: Context, customer: int, lines: list[Line], reference: int) -> int:
    order = create_order(
        ctx, customer, lines, source="test", reference_resource="test", reference_id=reference, currency="EUR"
    )
    return issue_invoice(ctx, order)


@pytest.fixture
def customer(ctx: Context) -> int:
    return buyer(ctx)


def buyer(ctx: Context) -> int:
    values = {"kind": "organisation", "name": "Buyer"}
    return int(editing.create(ctx, ctx.assembly.resource("customers"), values).key)


def worth(ctx: Context, customer: int, metric: str) -> int:
    measure = ctx.assembly.metrics[metric].of
    assert isinstance(measure, Measure)
    return measuring.total(ctx, measure, customer_id=customer).get("EUR", 0)


def test_the_margin_is_net_less_known_costs(ctx: Context, customer: int) -> None:
    known, unknown = article(ctx, "A", "60"), article(ctx, "B", None)
    price = Money(10_000, "EUR")
    lines = [
        Line(known, "Desk", Decimal("1.5"), price, "19", "10"),
        Line(unknown, "Chair", Decimal(2), price, "19"),
        Line(None, "Delivery", Decimal(1), price, "19"),
    ]
    invoice = sold(ctx, customer, lines, 1)
    net = 13_500 + 20_000 + 10_000
    assert worth(ctx, customer, "orders.revenue_year") == net
    assert worth(ctx, customer, "orders.margin_year") == net - 9_000
    credit_invoice(ctx, invoice, "Returned")
    assert worth(ctx, customer, "orders.revenue_year") == 0
    assert worth(ctx, customer, "orders.margin_year") == 0


def test_a_later_cost_changes_no_earlier_margin(ctx: Context, customer: int) -> None:
    product = article(ctx, "A", "60")
    line = Line(product, "Desk", Decimal(1), Money(10_000, "EUR"), "19")
    order = create_order(
        ctx, customer, [line], source="test", reference_resource="test", reference_id=1, currency="EUR"
    )
    dearer = {"cost": {"amount": "90", "currency": "EUR"}}
    editing.change(ctx, ctx.assembly.resource("catalog.products"), product, dearer)
    issue_invoice(ctx, order)
    assert worth(ctx, customer, "orders.margin_year") == 4_000


def test_a_cost_in_another_currency_is_refused(ctx: Context) -> None:
    product = article(ctx, "A", "60")
    wrong = {"cost": {"amount": "60", "currency": "USD"}}
    with pytest.raises(Exception, match="in EUR"):
        editing.change(ctx, ctx.assembly.resource("catalog.products"), product, wrong)


def test_who_adds_most_comes_first(ctx: Context, customer: int) -> None:
    other = buyer(ctx)
    for reference, (whom, price) in enumerate(((customer, 500), (other, 900), (customer, 700)), start=1):
        sold(ctx, whom, [Line(None, "X", Decimal(1), Money(price, "EUR"), "0")], reference)
    measure = ctx.assembly.metrics["orders.revenue_year"].of
    assert isinstance(measure, Measure)
    found = measuring.customers(ctx, measure)
    assert [(share.customer_id, share.rows, share.value) for share in found] == [
        (customer, 2, 1200),
        (other, 1, 900),
    ]
