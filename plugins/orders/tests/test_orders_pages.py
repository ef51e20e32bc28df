"""The pages and the API: from a draft to money in the bank by clicks, who may do what, and what pages cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from random import Random

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Context, Money, editing, measuring, table
from patron.accounts import services as accounts
from patron.assembly import Assembly
from patron.statements import statement_count
from patron.testing.faces import app_client, signed_in, working
from patron_catalog.models import Product
from patron_orders.api import hold_of, issue_invoice, open_items, register_payment
from patron_orders.models import CustomerHold, Invoice, OpenItem, Order
from patron_orders.sample import orders_of_the_past
from patron_orders.services import holds, pages
from pypdf import PdfReader
from sqlalchemy import func, select

Add = Callable[..., int]
Client = TestClient[Litestar]


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # what a page shows does not depend on the engine; the services are tested on both


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with working(assembly) as ctx:
        accounts.sync_roles(ctx)
    with app_client(assembly) as made:
        yield made


def count(ctx: Context, model: type) -> int:
    return int(ctx.session.execute(select(func.count()).select_from(table(model))).scalar_one())


def add_chair(ctx: Context) -> int:
    values = {"sku": "CH-1", "name": "Chair", "list_price": {"minor": 5000, "currency": "EUR"}}
    return int(editing.create(ctx, ctx.assembly.resource("catalog.products"), values).key)


def test_from_a_draft_to_money_by_clicks(client: Client, assembly: Assembly, add_customer: Add) -> None:
    with working(assembly) as ctx:
        customer, chair = add_customer(ctx), add_chair(ctx)
    signed_in(client, "manager")
    order = client.post("/orders/orders/new", data={"customer": str(customer)}).headers["location"]
    assert "No lines yet" in client.get(order).text
    assert client.post(f"{order}/lines", data={"product": str(chair), "quantity": "2"}).status_code == 303
    typed = {"description": "Custom <b>work</b>", "quantity": "1,5", "unit_price": "80", "tax_rate": "19"}
    assert client.post(f"{order}/lines", data=typed).status_code == 303
    page = client.get(order).text
    assert "€261.80" in page
    assert "Custom &lt;b&gt;work" in page
    assert client.post(f"{order}/confirm").status_code == 303
    invoice = client.post(f"{order}/invoice").headers["location"]
    page = client.get(invoice).text
    assert "Register a payment" in page
    pay = re.search(r'action="(/orders/open-items/\d+/payments)"', page)
    assert pay is not None
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token is not None
    data = {"amount": "261.80", "amount_currency": "EUR", "method": "card", "token": token[1]}
    for _ in range(2):
        assert client.post(pay[1], data=data).headers["location"] == invoice
    assert "Register a payment" not in client.get(invoice).text
    assert client.post(pay[1], data={**data, "token": "other"}).status_code == 409
    pdf = client.get(f"{invoice}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert client.get(f"{invoice}/pdf").content == pdf.content


def test_an_invoice_says_who_sells_as_it_was_on_its_day(
    client: Client, assembly: Assembly, add_customer: Add, add_order: Add
) -> None:
    signed_in(client)
    form = {
        "name": "Acme", "legal_name": "Acme GmbH", "address": "Kai 1\r\n20457 Hamburg", "tax_number": "DE123456789",
        "registration": "HRB 12", "iban": "DE89 3704 0044 0532 0130 00", "bic": "cobadeff",
    }  # fmt: skip
    assert client.post("/admin/company", data={**form, "version": "1"}).status_code == 303
    with working(assembly) as ctx:
        order_id = add_order(ctx, add_customer(ctx))
        assert ctx.session.execute(select(table(Order).c.brand_id)).scalars().all() == [1]
        invoice_id = issue_invoice(ctx, order_id)
    moved = {**form, "address": "Elsewhere 2", "version": "2"}
    assert client.post("/admin/company", data=moved).status_code == 303
    reader = PdfReader(BytesIO(client.get(f"/orders/invoices/{invoice_id}/pdf").content))
    said = " ".join(reader.pages[0].extract_text().split())
    assert "Acme GmbH · Kai 1, 20457 Hamburg" in said
    foot = "Tax number DE123456789 · Register HRB 12 · IBAN DE89370400440532013000 · BIC COBADEFF"
    assert f"Acme GmbH · {foot}" in said


def test_a_hold_is_seen_by_everybody_and_released_by_who_may(
    client: Client, assembly: Assembly, add_customer: Add
) -> None:
    with working(assembly) as ctx:
        customer = add_customer(ctx, "Falken AG")
    signed_in(client, "manager")
    assert "Put on hold" in client.get(f"/customers/{customer}").text
    url = f"/orders/customers/{customer}"
    assert client.get(f"{url}/hold").status_code == 200
    assert client.post(f"{url}/hold", data={"reason": ""}).status_code == 422
    assert client.post(f"{url}/hold", data={"reason": "Unpaid <script>"}).status_code == 303
    assert client.post(f"{url}/hold", data={"reason": "Unpaid"}).status_code == 409
    page = client.get(f"/customers/{customer}").text
    assert 'data-panel="orders.hold"' in page
    assert "Unpaid &lt;script&gt;." in page
    assert "Release hold" in page
    seller = signed_in(client, "user")
    with working(assembly) as ctx:
        editing.change(ctx, ctx.assembly.resource("customers"), customer, {"owner": seller})
    page = client.get(f"/customers/{customer}").text
    assert "Unpaid &lt;script&gt;." in page
    assert "Release hold" not in page
    for act in ("hold", "release"):
        assert client.get(f"{url}/{act}").status_code == 403
        assert client.post(f"{url}/{act}", data={"reason": "I want to sell"}).status_code == 403
    with working(assembly) as ctx:
        assert hold_of(ctx, customer) is not None
    signed_in(client, "manager")
    assert client.get(f"{url}/release").status_code == 200
    assert client.post(f"{url}/release", data={"reason": "Paid"}).status_code == 303
    assert 'data-panel="orders.hold"' not in client.get(f"/customers/{customer}").text


def test_who_reads_only_changes_nothing(
    client: Client, assembly: Assembly, add_customer: Add, add_order: Add
) -> None:
    with working(assembly) as ctx:
        order_id = add_order(ctx, add_customer(ctx))
        invoice_id = issue_invoice(ctx, add_order(ctx, 1, 2))
        (item,) = open_items(ctx, 1)
    signed_in(client, "reader")
    paths = (
        f"/orders/orders/{order_id}/cancel",
        f"/orders/orders/{order_id}/lines",
        f"/orders/orders/{order_id}/invoice",
        f"/orders/invoices/{invoice_id}/credit",
        f"/orders/open-items/{item.id}/payments",
        f"/orders/open-items/{item.id}/refund",
    )
    for path in paths:
        assert client.post(path, data={"amount": "1", "reason": "x"}).status_code == 403, path


def test_another_teams_orders_are_out_of_reach(
    client: Client, assembly: Assembly, add_customer: Add, add_order: Add
) -> None:
    with working(assembly) as ctx:
        order_id = add_order(ctx, add_customer(ctx))
        invoice_id = issue_invoice(ctx, order_id)
    signed_in(client, "user", "Others")
    assert client.get(f"/orders/orders/{order_id}").status_code == 404
    assert client.post(f"/orders/orders/{order_id}/invoice").status_code == 404
    assert client.get(f"/orders/invoices/{invoice_id}/pdf").status_code == 404
    assert client.post(f"/orders/orders/{order_id}/fulfil").status_code == 404


def test_an_invoice_is_never_changed_by_the_api(
    client: Client, assembly: Assembly, add_customer: Add, add_order: Add
) -> None:
    with working(assembly) as ctx:
        invoice_id = issue_invoice(ctx, add_order(ctx, add_customer(ctx)))
    signed_in(client)
    for path in (f"/api/v1/orders/invoices/{invoice_id}", "/api/v1/orders/open-items/1"):
        assert client.patch(path, json={"status": "paid"}).status_code == 405, path
        assert client.delete(path).status_code == 405, path
    assert client.post("/api/v1/orders/invoices", json={}).status_code == 405


def test_lines_and_payments_by_the_api(client: Client, assembly: Assembly, add_customer: Add) -> None:
    with working(assembly) as ctx:
        customer, chair = add_customer(ctx), add_chair(ctx)
    signed_in(client)
    made = client.post("/api/v1/orders/orders", json={"customer": customer})
    assert made.status_code == 201
    path = f"/api/v1/orders/orders/{made.json()['id']}"
    assert client.post(f"{path}/lines", json={"product": chair, "quantity": "2"}).status_code == 201
    assert client.post(f"{path}/lines", json={"product": chair, "price": "2"}).status_code == 422
    assert client.get(path).json()["gross"] == {"minor": 11900, "currency": "EUR"}
    assert client.patch(path, json={"status": "confirmed"}).status_code == 200
    with working(assembly) as ctx:
        issue_invoice(ctx, int(made.json()["id"]))
        (item,) = open_items(ctx, customer)
    payment = {"open_item": item.id, "amount": {"minor": 11900, "currency": "EUR"}}
    assert client.post("/api/v1/orders/payments", json=payment).status_code == 201
    again = client.post("/api/v1/orders/payments", json=payment)
    assert again.status_code == 409
    assert "only €0.00 is open" in again.json()["detail"]


def test_pages_cost_the_same_whatever_there_is(assembly: Assembly, add_customer: Add, add_order: Add) -> None:
    with working(assembly) as ctx:
        quiet, busy = add_customer(ctx), add_customer(ctx, "Busy AG")
        for number in range(12):
            issue_invoice(ctx, add_order(ctx, busy, number))
    costs = []
    for customer in (quiet, busy):
        with assembly.database.read() as session, statement_count() as counted:
            ctx = Context(session, assembly)
            found = pages.customer_summary(ctx, customer)
            holds.hold_of(ctx, customer)
            pages.overdue(ctx)
        costs.append(counted.total)
    assert costs == [3, 3]
    assert len(found["orders"]) == 8
    assert [(entry["count"], entry["open"].minor) for entry in found["owed"]] == [(12, 142800)]


def test_numbers_to_watch(ctx: Context, add_customer: Add, add_order: Add) -> None:
    issue_invoice(ctx, add_order(ctx, add_customer(ctx)))
    assert measuring.measured(ctx, ctx.assembly.metrics["orders.revenue"]) == {"EUR": 10000}
    item = ctx.session.execute(select(table(OpenItem).c.id)).scalar_one()
    register_payment(ctx, item, Money(1900, "EUR"))
    assert measuring.measured(ctx, ctx.assembly.metrics["orders.owed"]) == {"EUR": 10000}
    assert measuring.measured(ctx, ctx.assembly.metrics["orders.overdue"]) == {}


def test_who_owes_is_not_archived(ctx: Context, add_customer: Add, add_order: Add) -> None:
    customer = add_customer(ctx)
    issue_invoice(ctx, add_order(ctx, customer))
    with pytest.raises(Exception, match="Adler GmbH has 1 open item: settle them first"):
        editing.trash(ctx, ctx.assembly.resource("customers"), [customer])


def test_the_sample_is_a_believable_past_and_made_once(ctx: Context) -> None:
    for module, sample in ctx.assembly.samples:
        if module == "catalog":
            sample.run(ctx, Random(3))
    assert count(ctx, Product) == 60
    orders_of_the_past(ctx, Random(3))
    orders_of_the_past(ctx, Random(3))
    assert count(ctx, Order) == 150
    assert count(ctx, CustomerHold) == 2
    t, item = table(Invoice), table(OpenItem)
    oldest = ctx.session.execute(select(func.min(t.c.issued_on))).scalar_one()
    assert (ctx.now.date() - oldest).days > 450
    paid = ctx.session.execute(select(func.count()).where(item.c.state == "paid")).scalar_one()
    late = ctx.session.execute(
        select(func.count()).where(item.c.state == "open", item.c.due_on < ctx.now.date())
    ).scalar_one()
    assert paid > 90
    assert 0 < late < 40
