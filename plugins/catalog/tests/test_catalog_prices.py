"""The one price function: which price counts, why, and what it says where there is none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from patron import Context, Invalid, Listing, Money, NotFound, editing, read_page, table
from patron.assembly import Assembly
from patron.statements import statement_count
from patron.ui.cells import cell_of
from patron_catalog.api import price, prices, product
from patron_catalog.models import Product
from patron_catalog.sample import products as sample_products
from sqlalchemy import func, select


def add_product(ctx: Context, sku: str = "CH-1", minor: int = 1200, **values: object) -> int:
    given = {"sku": sku, "name": f"Chair {sku}", "list_price": {"minor": minor, "currency": "EUR"}, **values}
    return int(editing.create(ctx, ctx.assembly.resource("catalog.products"), given).key)


def add_price(ctx: Context, product_id: int, minor: int, currency: str = "EUR", **values: object) -> int:
    given = {"product": product_id, "price": {"minor": minor, "currency": currency}, **values}
    return int(editing.create(ctx, ctx.assembly.resource("catalog.prices"), given).key)


def add_customer(ctx: Context, name: str = "Adler GmbH") -> int:
    values = {"kind": "organisation", "name": name}
    return int(editing.create(ctx, ctx.assembly.resource("customers"), values).key)


def cost(
    ctx: Context, product_id: int, quantity: str = "1", customer: int | None = None, **options: Any
) -> int:
    found = price(ctx, product_id, Decimal(quantity), customer_id=customer, currency="EUR", **options)
    return found.unit.minor


def test_the_list_price_with_its_trace(ctx: Context) -> None:
    found = price(ctx, add_product(ctx), Decimal(3), customer_id=None, currency="EUR")
    assert (found.unit, found.list_unit) == (Money(1200, "EUR"), Money(1200, "EUR"))
    assert (found.tax_rate, found.tax_name) == ("19.00", "USt. 19 %")
    assert found.trace == ("List price €12.00", "Tax DE standard 19 %")


def test_tiers_count_from_their_quantity_on(ctx: Context) -> None:
    chair = add_product(ctx)
    add_price(ctx, chair, 1050, minimum_quantity=10)
    add_price(ctx, chair, 990, minimum_quantity=50)
    assert [cost(ctx, chair, quantity) for quantity in ("9.999", "10", "49", "50")] == [1200, 1050, 1050, 990]
    found = price(ctx, chair, Decimal(12), customer_id=None, currency="EUR")
    assert found.trace == ("List price €12.00", "Tier from 10: €10.50", "Tax DE standard 19 %")
    assert found.list_unit == Money(1200, "EUR")


def test_a_customers_own_price_goes_first_and_is_its_own(ctx: Context) -> None:
    chair, adler, other = add_product(ctx), add_customer(ctx), add_customer(ctx, "Falken AG")
    add_price(ctx, chair, 900, minimum_quantity=10)
    add_price(ctx, chair, 1100, customer=adler)
    assert cost(ctx, chair, "10", adler) == 1100
    assert cost(ctx, chair, "10", other) == 900
    assert cost(ctx, chair, "10") == 900


def test_a_price_counts_on_its_days_only(ctx: Context) -> None:
    chair, today = add_product(ctx), ctx.now.date()
    add_price(ctx, chair, 1000, valid_from=today, valid_until=today)
    day = timedelta(days=1)
    assert [cost(ctx, chair, at=at) for at in (today - day, today, today + day)] == [1200, 1000, 1200]


def test_a_price_in_the_trash_does_not_count(ctx: Context) -> None:
    chair = add_product(ctx)
    entry = add_price(ctx, chair, 1)
    editing.trash(ctx, ctx.assembly.resource("catalog.prices"), [entry])
    assert cost(ctx, chair) == 1200


def test_a_currency_without_a_price_says_what_to_do(ctx: Context) -> None:
    chair = add_product(ctx)
    with pytest.raises(
        Invalid, match=r"CH-1 “Chair CH-1” has no price in USD for 2\. Add one .* or choose EUR"
    ):
        price(ctx, chair, Decimal(2), customer_id=None, currency="USD")
    add_price(ctx, chair, 1400, "USD", minimum_quantity=1)
    found = price(ctx, chair, Decimal(2), customer_id=None, currency="USD")
    assert (found.unit, found.list_unit) == (Money(1400, "USD"), Money(1400, "USD"))
    assert found.trace[0] == "Price: $14.00"


def test_a_class_without_a_rate_says_what_to_do_and_no_tax_needs_none(ctx: Context) -> None:
    rates = ctx.assembly.resource("catalog.tax-rates")
    everything = [row.id for row in ctx.session.execute(select(table(rates.model).c.id))]
    editing.trash(ctx, rates, everything)
    with pytest.raises(Invalid, match="no standard tax rate for DE"):
        cost(ctx, add_product(ctx))
    free = price(ctx, add_product(ctx, "S-1", tax_class="zero"), Decimal(1), customer_id=None, currency="EUR")
    assert free.tax_rate == "0.00"


def test_a_new_rate_counts_from_its_day_on(ctx: Context) -> None:
    chair, today = add_product(ctx), ctx.now.date()
    rate = {"name": "USt. 21 %", "country": "de", "percent": "21", "valid_from": today}
    editing.create(ctx, ctx.assembly.resource("catalog.tax-rates"), rate)
    now = price(ctx, chair, Decimal(1), customer_id=None, currency="EUR")
    assert now.tax_rate == "21.00"
    before = price(ctx, chair, Decimal(1), at=today - timedelta(days=1), customer_id=None, currency="EUR")
    assert before.tax_rate == "19.00"


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_nothing_costs_nothing(ctx: Context, quantity: str) -> None:
    with pytest.raises(Invalid, match="above zero"):
        cost(ctx, add_product(ctx), quantity)


def test_what_is_not_sold_has_no_price(ctx: Context) -> None:
    old = add_product(ctx, active=False)
    with pytest.raises(Invalid, match="no longer sold"):
        cost(ctx, old)
    assert not product(ctx, old).active
    with pytest.raises(NotFound):
        cost(ctx, old + 1)
    with pytest.raises(NotFound):
        product(ctx, old + 1)


def test_a_number_names_one_product_however_it_is_written(ctx: Context) -> None:
    chair = add_product(ctx, "AB-1")
    with pytest.raises(Invalid, match="number of “Chair AB-1” already"):
        add_product(ctx, "ab-1")
    editing.change(ctx, ctx.assembly.resource("catalog.products"), chair, {"sku": "Ab-1"})


def test_prices_of_many_cost_the_same_statements_as_of_one(assembly: Assembly) -> None:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        ids = [add_product(ctx, f"P-{n}") for n in range(20)]
        for item in ids:
            add_price(ctx, item, 1000, minimum_quantity=5)
    for count in (1, 20):
        with assembly.database.read() as session, statement_count() as counted:
            ctx = Context(session, assembly)
            found = prices(
                ctx, [(item, Decimal(5)) for item in ids[:count]], customer_id=None, currency="EUR"
            )
            assert {entry.unit.minor for entry in found} == {1000}
        assert counted.total == 3


def test_a_price_names_itself(ctx: Context) -> None:
    entry = add_price(ctx, add_product(ctx), 1050, minimum_quantity=10)
    record = editing.load(ctx, ctx.assembly.resource("catalog.prices"), entry)
    assert record.name == "CH-1 from 10: €10.50"


def test_the_sample_is_made_once_and_each_article_has_a_price(ctx: Context) -> None:
    sample_products(ctx, Random(7))
    sample_products(ctx, Random(7))
    t = table(Product)
    assert ctx.session.execute(select(func.count()).select_from(t)).scalar_one() == 60
    ids = list(ctx.session.execute(select(t.c.id).where(t.c.active.is_(True))).scalars())
    assert all(
        entry.unit.minor > 0
        for entry in prices(ctx, [(item, Decimal(10)) for item in ids], customer_id=None, currency="EUR")
    )


def test_a_rate_is_typed_and_shown_as_people_say_it(ctx: Context) -> None:
    rates = ctx.assembly.resource("catalog.tax-rates")
    page = read_page(ctx, rates, Listing(fields=("name", "percent")))
    shown = {item["name"]: cell_of(rates.field("percent"), str)(item) for item in page.items}
    assert (shown["USt. 19 %"], shown["MWST 8.1 %"], shown["TVA 5.5 %"]) == ("19 %", "8.1 %", "5.5 %")
    given = {"name": "New", "country": "DE", "valid_from": ctx.now.date(), "percent": "19,5"}
    new = editing.create(ctx, rates, given).key
    for typed, stored in (("19", 1900), (0, 0), (100, 10_000), ("0.07", 7), ("19.50 %", 1950)):
        assert editing.change(ctx, rates, new, {"percent": typed}).percent == stored
    for wrong in ("", "19.555", "100.01", "-1", "x", "1e1", "19..5", True, "１９"):
        with pytest.raises(Invalid):
            editing.change(ctx, rates, new, {"percent": wrong})
    found = read_page(ctx, rates, Listing(filter={"percent": "19,5"}, fields=("percent",)))
    assert [item["percent"] for item in found.items] == ["19.5"]
    assert read_page(ctx, rates, Listing(filter={"percent": {"gt": "90"}}, fields=("percent",))).items == []
