"""Quotes: priced by the catalogue, fixed once sent, accepted into order and invoice, or stopped by a hold."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Conflict, Context, Invalid, editing, table
from patron.assembly import Assembly
from patron.interactions.models import TimelineEntry
from patron.testing.faces import make_customer, make_user, signed_in, token_for, working
from patron_orders.api import open_items
from patron_orders.models import Order
from patron_orders.services import holds
from patron_sales.models import Opportunity, Quote
from patron_sales.services import quotes
from patron_sales.services.lines import LineInput
from sqlalchemy import func, select, update

Client = TestClient[Litestar]


def add(ctx: Context, customer_id: int, **values: Any) -> Quote:
    made: Quote = editing.create(
        ctx, ctx.assembly.resource("sales.quotes"), {"customer": customer_id, **values}
    )
    return made


def draft(ctx: Context, products: dict[str, int], customer_id: int = 0, **values: Any) -> Quote:
    """A quote of 12 chairs and a lamp less 10 %: net 1,124.91, gross 1,338.64 EUR."""
    quote = add(ctx, customer_id or add_customer(ctx), **values)
    typed = [
        LineInput(str(products["CH-1"]), quantity="12"),
        LineInput(str(products["LA-1"]), quantity="1", discount="10"),
    ]
    return quotes.save_lines(ctx, quote.key, typed)


def add_customer(ctx: Context, name: str = "Adler GmbH") -> int:
    values = {"kind": "organisation", "name": name}
    return int(editing.create(ctx, ctx.assembly.resource("customers"), values).key)


def test_numbers_rise_and_defaults_are_filled(ctx: Context) -> None:
    customer = add_customer(ctx)
    one, two = add(ctx, customer), add(ctx, customer)
    year = ctx.now.year
    assert (one.number, two.number) == (f"Q-{year}-00001", f"Q-{year}-00002")
    assert (one.currency, one.status) == ("EUR", "draft")
    assert one.valid_until == ctx.now.date() + timedelta(days=30)


def test_lines_are_priced_by_the_catalogue_with_the_way_shown(ctx: Context, products: dict[str, int]) -> None:
    quote = draft(ctx, products)
    chairs, lamp = quotes.shown_lines(ctx, quote)
    assert chairs["unit_price"] == {"minor": 9_000, "currency": "EUR"}  # the tier from ten
    assert any("Tier from 10" in step for step in chairs["trace"])
    assert (lamp["net"]["minor"], lamp["discount"]) == (4_491, "10")
    assert (quote.net_minor, quote.tax_minor, quote.gross_minor) == (112_491, 21_373, 133_864)


def test_a_typed_price_and_a_line_of_its_own_are_marked(ctx: Context, products: dict[str, int]) -> None:
    quote = add(ctx, add_customer(ctx))
    typed = [
        LineInput(str(products["CH-1"]), "Oak chair, oiled", "2.5", "80,00"),
        LineInput("", "Carriage", "1", "49.5", tax="7"),
        LineInput(),
    ]
    quotes.save_lines(ctx, quote.key, typed)
    chairs, carriage = quotes.shown_lines(ctx, quote)
    assert (chairs["by_hand"], chairs["net"]["minor"], chairs["description"]) == (
        True,
        20_000,
        "Oak chair, oiled",
    )
    assert chairs["trace"][-1] == "Typed by hand: €80.00"
    assert (carriage["tax"], carriage["net"]["minor"]) == ("7", 4_950)
    assert quote.gross_minor == 20_000 + 3_800 + 4_950 + 347


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (LineInput("", "Carriage"), "line-0-price"),
        (LineInput("", "Carriage", "x", "1"), "line-0-quantity"),
        (LineInput("", "Carriage", "0", "1"), "line-0-quantity"),
        (LineInput("", "Carriage", "1", "1.234"), "line-0-price"),
        (LineInput("", "Carriage", "1", "1", "101"), "line-0-discount"),
        (LineInput("", "Carriage", "1", "1", "", "NaN"), "line-0-tax"),
        (LineInput("99", "Carriage"), "line-0-product"),
        (LineInput("x", "Carriage"), "line-0-product"),
    ],
)
def test_a_line_that_cannot_be_is_refused_at_its_input(ctx: Context, line: LineInput, field: str) -> None:
    quote = add(ctx, add_customer(ctx))
    with pytest.raises(Invalid) as refused:
        quotes.save_lines(ctx, quote.key, [line])
    assert refused.value.errors[0].field == field


def test_what_was_sent_stands_until_it_is_revised(ctx: Context, products: dict[str, int]) -> None:
    quote = draft(ctx, products)
    resource = ctx.assembly.resource("sales.quotes")
    with pytest.raises(Invalid):
        editing.change(ctx, resource, quote.key, {"currency": "USD"})  # its lines are priced in EUR
    quotes.send(ctx, quote.key)
    with pytest.raises(Conflict):
        quotes.save_lines(ctx, quote.key, [])
    with pytest.raises(Invalid):
        editing.change(ctx, resource, quote.key, {"note": "Cheaper"})
    with pytest.raises(Invalid):
        editing.change(ctx, resource, quote.key, {"status": "accepted"})
    quotes.revise(ctx, quote.key)
    assert (quote.status, quote.revision) == ("draft", 2)
    editing.change(ctx, resource, quote.key, {"note": "Cheaper"})


def test_a_quote_without_lines_is_neither_sent_nor_accepted(ctx: Context) -> None:
    quote = add(ctx, add_customer(ctx))
    with pytest.raises(Invalid, match="without lines"):
        quotes.send(ctx, quote.key)
    with pytest.raises(Conflict, match="no lines"):
        quotes.accept(ctx, quote.key)


def test_accepting_makes_order_invoice_and_open_item_and_wins(ctx: Context, products: dict[str, int]) -> None:
    customer = add_customer(ctx)
    values = {"name": "Chairs", "customer": customer}
    deal: Opportunity = editing.create(ctx, ctx.assembly.resource("sales.opportunities"), values)
    quote = draft(ctx, products, customer, opportunity=deal.key)
    quotes.send(ctx, quote.key)
    quotes.accept(ctx, quote.key)
    first = quote.order_id
    quotes.accept(ctx, quote.key)  # twice is once
    assert (quote.status, quote.order_id == first, quote.invoice_id is None) == ("accepted", True, False)
    (owed,) = open_items(ctx, customer)
    assert owed.amount.minor == quote.gross_minor
    ctx.session.refresh(deal)
    assert (deal.stage, deal.value_minor) == ("won", quote.net_minor)
    t = table(TimelineEntry)
    kinds = set(ctx.session.execute(select(t.c.kind).where(t.c.customer_id == customer)).scalars())
    assert {"sales.quote.sent", "sales.quote.accepted", "sales.won", "orders.order.confirmed"} <= kinds


def test_a_quote_is_accepted_though_the_partner_it_came_through_has_gone(
    ctx: Context, products: dict[str, int]
) -> None:
    customer, gone, there = (add_customer(ctx, name) for name in ("Adler GmbH", "Gone", "There"))
    for partner, expected in ((there, there), (gone, None)):
        values = {"name": "Chairs", "customer": customer, "via_partner": partner}
        deal: Opportunity = editing.create(ctx, ctx.assembly.resource("sales.opportunities"), values)
        quote = draft(ctx, products, customer, opportunity=deal.key)
        if partner == gone:
            editing.trash(ctx, ctx.assembly.resource("customers"), [gone])
        quotes.accept(ctx, quote.key)
        order = table(Order)
        through = select(order.c.via_partner_id).where(order.c.id == quote.order_id)
        assert ctx.session.execute(through).scalar_one() == expected


def test_a_customer_on_hold_is_not_sold_to_and_the_reason_is_said(
    ctx: Context, products: dict[str, int]
) -> None:
    customer = add_customer(ctx)
    quote = draft(ctx, products, customer)
    holds.place(ctx, customer, "Two invoices are overdue")
    assert "Two invoices are overdue" in quotes.why_not(ctx, quote)
    with pytest.raises(Conflict, match="Two invoices are overdue"):
        quotes.accept(ctx, quote.key)
    assert (quote.status, quote.order_id) == ("draft", None)
    holds.release(ctx, customer, "Paid")
    quotes.accept(ctx, quote.key)
    assert quote.status == "accepted"


def test_quotes_whose_day_has_passed_expire_and_cannot_be_accepted(
    ctx: Context, products: dict[str, int]
) -> None:
    late, fresh, unsent = (draft(ctx, products) for _ in range(3))
    quotes.send(ctx, late.key)
    quotes.send(ctx, fresh.key)
    t = table(Quote)
    yesterday = ctx.now.date() - timedelta(days=1)
    ctx.session.execute(update(t).where(t.c.id.in_([late.key, unsent.key])).values(valid_until=yesterday))
    ctx.session.expire_all()
    with pytest.raises(Conflict, match="valid until"):
        quotes.accept(ctx, late.key)
    quotes.expire(ctx)
    ctx.session.expire_all()
    assert (late.status, fresh.status, unsent.status) == ("expired", "sent", "draft")


def test_another_customers_opportunity_is_refused(ctx: Context) -> None:
    one, other = add_customer(ctx), add_customer(ctx, "Bär AG")
    deal = editing.create(ctx, ctx.assembly.resource("sales.opportunities"), {"name": "X", "customer": one})
    with pytest.raises(Invalid) as refused:
        add(ctx, other, opportunity=deal.key)
    assert refused.value.errors[0].field == "opportunity"


def test_two_who_accept_at_once_make_one_order(assembly: Assembly, products: dict[str, int]) -> None:
    with working(assembly) as ctx:
        quote = draft(ctx, products)
    start, orders = Barrier(4), set[int | None]()

    def accept() -> None:
        start.wait()
        with working(assembly) as ctx:
            orders.add(quotes.accept(ctx, quote.key).order_id)

    threads = [Thread(target=accept) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(orders) == 1
    with working(assembly) as ctx:
        assert len(open_items(ctx, quote.customer_id)) == 1


def test_twenty_lines_are_typed_on_one_screen_priced_as_they_are_and_saved(
    assembly: Assembly, client: Client, products: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        quote = add(ctx, add_customer(ctx))
    signed_in(client, "manager")
    at = f"/sales/quotes/{quote.key}"
    page = client.get(f"{at}/lines")
    assert page.status_code == 200
    assert 'name="line-19-product"' in page.text
    form = {"rows": "20", "version": "1"}
    for index in range(20):
        form |= {f"line-{index}-product": str(products["CH-1"]), f"line-{index}-quantity": "10"}
    shown = client.post(f"{at}/lines/preview", data=form)
    assert shown.status_code == 200
    assert "€21,420.00" in shown.text
    assert client.post(f"{at}/lines/preview", data={**form, "line-3-quantity": "x"}).status_code == 200
    wrong = client.post(f"{at}/lines", data={**form, "line-3-quantity": "x"})
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 1
    assert client.post(f"{at}/lines", data=form).status_code == 303
    saved = client.get(at)
    assert "€21,420.00" in saved.text
    assert client.post(f"{at}/lines", data=form).status_code == 409  # somebody was faster
    few, many = (_statements(client, at) for _ in range(2))
    assert few == many


def _statements(client: Client, path: str) -> str:
    return client.get(path).headers["X-Patron-Statements"]


def test_lists_and_pages_cost_the_same_whatever_there_is(
    assembly: Assembly, client: Client, products: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        customer = add_customer(ctx)
        quote = draft(ctx, products, customer)
    signed_in(client, "manager")
    paths = (
        "/sales/quotes",
        f"/sales/quotes/{quote.key}",
        f"/sales/quotes/{quote.key}/lines",
        f"/customers/{customer}",
    )
    few = [_statements(client, path) for path in paths]
    with working(assembly) as ctx:
        quotes.save_lines(ctx, quote.key, [LineInput(str(products["CH-1"]))] * 30)
        for _ in range(4):
            draft(ctx, products, customer)
    assert [_statements(client, path) for path in paths] == few


def test_the_way_of_a_quote_through_its_pages(
    assembly: Assembly, client: Client, products: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        customer = add_customer(ctx)
        quote = draft(ctx, products, customer)
    signed_in(client, "manager")
    at = f"/sales/quotes/{quote.key}"
    assert client.post(f"{at}/send").status_code == 303
    assert client.get(f"{at}/decline").status_code == 200
    assert client.post(f"{at}/decline", data={"reason": ""}).status_code == 422
    assert client.post(f"{at}/decline", data={"reason": "Price"}).status_code == 303
    assert "Price" in client.get(at).text
    assert client.post(f"{at}/revise").status_code == 303
    assert client.post(f"{at}/send").status_code == 303
    with working(assembly) as ctx:
        holds.place(ctx, customer, "Two invoices are overdue")
    assert "Two invoices are overdue" in client.get(at).text
    client.post(f"{at}/accept")
    assert "On hold" in client.get(at).text or "on hold" in client.get(at).text
    with working(assembly) as ctx:
        holds.release(ctx, customer, "Paid")
    client.post(f"{at}/accept")
    page = client.get(at).text
    assert "/orders/orders/" in page
    assert "/orders/invoices/" in page


def test_the_api_sets_lines_and_accepts(assembly: Assembly, client: Client, products: dict[str, int]) -> None:
    customer = make_customer(assembly, "Adler GmbH", "organisation")
    token_for(client, make_user(assembly, "manager"))
    made = client.post("/api/v1/sales/quotes", json={"customer": customer})
    assert made.status_code == 201, made.text
    at = f"/api/v1/sales/quotes/{made.json()['id']}"
    body = {"version": 1, "lines": [{"product": str(products["CH-1"]), "quantity": "12"}]}
    lines = client.put(f"{at}/lines", json=body)
    assert lines.status_code == 200, lines.text
    assert lines.json()["lines"][0]["net"] == {"minor": 108_000, "currency": "EUR"}
    assert client.put(f"{at}/lines", json=body).status_code == 409
    assert client.put(f"{at}/lines", json={"lines": [{"colour": "red"}]}).status_code == 400
    assert client.put(f"{at}/lines", json={"lines": [{}]}).status_code == 400
    accepted = client.post(f"{at}/accept")
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")
    assert client.patch(at, json={"note": "x"}).status_code == 422
    assert (
        client.get("/api/v1/sales/quotes?fields=number,total").json()["items"][0]["total"]["minor"] == 128_520
    )


def test_another_team_sees_no_quote_and_changes_none(
    assembly: Assembly, client: Client, products: dict[str, int]
) -> None:
    north = make_user(assembly, "user", "North")
    with working(assembly) as ctx:
        quote = draft(ctx, products, owner=north)
    signed_in(client, "user", "South")
    at = f"/sales/quotes/{quote.key}"
    for path in (at, f"{at}/lines", f"{at}/pdf", f"{at}/decline", f"/api/v1{at}"):
        assert client.get(path).status_code == 404, path
    for step in ("send", "accept", "revise", "lines", "lines/preview"):
        assert client.post(f"{at}/{step}").status_code in (303, 404), step
    assert client.post(f"{at}/decline", data={"reason": "x"}).status_code == 404
    with working(assembly) as ctx:
        t = table(Quote)
        assert ctx.session.execute(select(t.c.version, t.c.status)).one() == (2, "draft")
        assert ctx.session.execute(select(func.count()).select_from(table(TimelineEntry))).scalar_one() == 0
    signed_in(client, user_id=north)
    assert client.get(at).status_code == 200
