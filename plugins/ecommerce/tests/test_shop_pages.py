"""The shop from outside: from the shelf to the confirmation, as guest and by account; what attackers try; holds."""

from __future__ import annotations

from typing import Any

import pytest
from patron import Money, mandates, portal, table
from patron.assembly import Assembly
from patron.testing.faces import app_client, make_customer, signed_in, signed_in_customer, working
from patron_ecommerce.models import CartLine, Checkout
from patron_orders.models import CustomerHold
from shop_world import BUYER, Client, add_product, checkouts, into_cart, order, token_in
from sqlalchemy import select


def check_out(client: Client, **changes: str) -> Any:
    form = {**token_in(client, "/shop/checkout"), **BUYER, "method": "test", "terms": "true", **changes}
    return client.post("/shop/checkout", data={name: value for name, value in form.items() if value})


def test_a_guest_buys_and_follows_the_order(assembly: Assembly, client: Client) -> None:
    product_id = add_product(assembly, on_hand=3, category="Chairs")
    home = client.get("/shop")
    assert home.status_code == 200
    assert "Article CHR-1" in home.text
    assert "119.00" in home.text
    assert client.get("/shop?category=chairs&q=chr").status_code == 200
    assert "Your cart is empty" in client.get("/shop/cart").text
    assert into_cart(client, product_id, 2).headers["location"] == "/shop/cart"
    into_cart(client, product_id, 1, note="oak")
    assert "357.00" in client.get("/shop/cart").text
    answer = check_out(client, seen="35700", delivery_note="Ring twice")
    assert answer.status_code == 303, answer.text
    pay = answer.headers["location"]
    assert "357.00" in client.get(pay).text
    thanks = client.post(pay, data={**token_in(client, pay), "outcome": "paid"}).headers["location"]
    page = client.get(thanks).text
    assert "Thank you, Greta Guest" in page
    (row,) = checkouts(assembly)
    assert (row["guest"], row["gross_minor"]) == (True, 35700)
    assert row["number"] in client.get(thanks.replace("/thanks/", "/orders/")).text
    assert "Your cart is empty" in client.get("/shop/cart").text
    signed_in(client, "manager")
    customer = client.get(f"/customers/{row['customer_id']}").text
    assert row["number"] in customer
    assert "Ordered in the shop" in customer
    for path in ("checkouts", "carts", "payments", "stock", "shoppers"):
        assert client.get(f"/ecommerce/{path}").status_code == 200
        assert client.get(f"/ecommerce/{path}/1").status_code == 200
    assert client.get("/ecommerce/settings").status_code == 200


def test_the_form_sent_twice_is_one_order(assembly: Assembly, client: Client) -> None:
    into_cart(client, add_product(assembly))
    form = {**token_in(client, "/shop/checkout"), **BUYER, "method": "invoice", "terms": "true"}
    first, second = (client.post("/shop/checkout", data=form) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert len(checkouts(assembly)) == 1


@pytest.mark.parametrize("quantity", ["-1", "0", "0.0001", "1e309", "1e2", "１", "", "1000", "NaN", "1 OR 1"])
def test_a_quantity_is_whole_pieces(assembly: Assembly, client: Client, quantity: str) -> None:
    product_id = add_product(assembly)
    assert into_cart(client, product_id, 1).status_code == 303
    if quantity:  # an empty field is one piece
        assert into_cart(client, product_id, quantity).status_code == 422
    assert (
        client.post("/shop/cart/lines/1", data={**token_in(client), "quantity": quantity}).status_code == 422
    )
    with assembly.database.read() as session:
        assert list(session.execute(select(table(CartLine).c.quantity)).scalars()) == [1]


def test_the_price_is_the_servers(assembly: Assembly, client: Client) -> None:
    product_id = add_product(assembly)
    into_cart(client, product_id, 1, price="1", price_id="7", currency="JPY", unit_price="0.01")
    answer = check_out(client, seen="1", price="1", gross="1", currency="JPY")
    assert answer.status_code == 422
    assert "A price has changed" in answer.text
    assert check_out(client, seen="11900", price="1", currency="JPY", method="invoice").status_code == 303
    (row,) = checkouts(assembly)
    assert (row["gross_minor"], row["currency"]) == (11900, "EUR")


def test_the_form_says_all_that_is_wrong_and_keeps_what_was_typed(assembly: Assembly, client: Client) -> None:
    into_cart(client, add_product(assembly))
    answer = check_out(client, email="nowhere", postcode="", terms="", method="gold")
    assert answer.status_code == 422
    for said in (
        "is not an e-mail address",
        "The postcode, please",
        "agree to them",
        "Choose how to pay",
        "Greta Guest",
    ):
        assert said in answer.text, said
    assert checkouts(assembly) == []


def test_nobody_opens_anothers_order_or_cart(assembly: Assembly, client: Client) -> None:
    owner, other = make_customer(assembly, "Owner"), make_customer(assembly, "Other")
    product_id = add_product(assembly)
    placed = order(assembly, product_id, customer_id=owner, method="invoice")
    secret, _, seal = placed.token.rpartition(".")
    changed = ("y" if secret[0] == "x" else "x") + secret[1:]
    for wrong in (
        secret,
        f"{secret}.",
        f"{secret}.{'0' * 32}",
        f"{changed}.{seal}",
        str(placed.checkout_id),
        ".",
    ):
        for path in ("thanks", "orders"):
            assert client.get(f"/shop/{path}/{wrong}").status_code == 404, wrong
    assert client.get("/shop/pay/test/1").status_code == 404
    signed_in_customer(client, other, ["orders"])
    assert client.get(f"/my/orders/{placed.checkout_id}").status_code == 404
    assert client.post(f"/my/orders/{placed.checkout_id}/again").status_code == 404
    assert placed.number not in client.get("/my/orders").text
    signed_in_customer(client, owner, ["orders"])
    assert client.get(f"/my/orders/{placed.checkout_id}").status_code == 200
    into_cart_as_account(client, product_id)
    cookie = client.cookies["__Host-patron-cart"]
    with app_client(assembly) as thief:
        thief.cookies.set("__Host-patron-cart", cookie, domain="testserver.local")
        assert "Your cart is empty" in thief.get("/shop/cart").text
        thief.cookies.set("__Host-patron-cart", cookie[:-1] + "x", domain="testserver.local")
        assert "Your cart is empty" in thief.get("/shop/cart").text


def into_cart_as_account(client: Client, product_id: int) -> None:
    """With the forms' token of the account's session, which the client sends as a header."""
    assert client.post(f"/shop/products/{product_id}", data={"quantity": "1"}).status_code == 303


def test_an_account_orders_for_its_customer_at_its_price(assembly: Assembly, client: Client) -> None:
    customer_id = make_customer(assembly, "Adler GmbH", "organisation")
    product_id = add_product(assembly)
    with working(assembly) as ctx:
        from patron import editing

        price = {"product": product_id, "price": {"minor": 8000, "currency": "EUR"}, "customer": customer_id}
        editing.create(ctx, assembly.resource("catalog.prices"), price)
    signed_in_customer(client, customer_id, ["orders"])
    assert "95.20" in client.get(f"/shop/products/{product_id}").text
    into_cart_as_account(client, product_id)
    assert "Adler GmbH" in client.get("/shop/checkout").text
    answer = client.post("/shop/checkout", data={**BUYER, "method": "invoice", "terms": "true"})
    assert answer.status_code == 303, answer.text
    (row,) = checkouts(assembly)
    assert (row["customer_id"], row["guest"], row["gross_minor"]) == (customer_id, False, 9520)
    assert client.post(f"/my/orders/{row['id']}/again").headers["location"] == "/shop/cart"
    assert "95.20" in client.get("/shop/cart").text


def test_an_account_without_the_right_orders_nothing(assembly: Assembly, client: Client) -> None:
    product_id = add_product(assembly)
    signed_in_customer(client, make_customer(assembly), ["tickets"])
    into_cart_as_account(client, product_id)
    answer = client.post("/shop/checkout", data={**BUYER, "method": "invoice", "terms": "true"})
    assert answer.status_code == 422
    assert "may not order" in answer.text
    assert checkouts(assembly) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_on_account_an_account_orders_up_to_its_mandate(assembly: Assembly, client: Client) -> None:
    firm = make_customer(assembly, "Adler GmbH", "organisation")
    product_id = add_product(assembly)
    account_id = signed_in_customer(client, firm, ["orders"])
    with working(assembly) as ctx:
        terms = mandates.Terms(["orders"], Money(11899, "EUR"))
        mandates.change_mandate(ctx, account_id, firm, terms)
        portal.add_account(ctx, "boss@adler.example", "Boss", firm, ["orders"])
    into_cart_as_account(client, product_id)
    sent = {**BUYER, "method": "invoice", "terms": "true"}
    answer = client.post("/shop/checkout", data=sent)
    assert answer.status_code == 422
    assert "Who may approve it: Boss." in answer.text
    assert checkouts(assembly) == []
    with working(assembly) as ctx:
        mandates.change_mandate(ctx, account_id, firm, mandates.Terms(["orders"], Money(11900, "EUR")))
    assert client.post("/shop/checkout", data=sent).status_code == 303
    assert len(checkouts(assembly)) == 1


@pytest.mark.parametrize("signed", [True, False])
def test_a_customer_on_hold_is_told_kindly(assembly: Assembly, client: Client, signed: bool) -> None:
    customer_id = make_customer(assembly, "Greta Guest", emails=[BUYER["email"]])
    product_id = add_product(assembly, on_hand=2)
    with working(assembly) as ctx:
        hold = CustomerHold(
            customer_id=customer_id, reason="Secret debts.", placed_by="Ann", placed_at=ctx.now,
            created_at=ctx.now, updated_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(hold)
    if signed:
        signed_in_customer(client, customer_id, ["orders"])
        into_cart_as_account(client, product_id)
        answer = client.post("/shop/checkout", data={**BUYER, "method": "invoice", "terms": "true"})
    else:
        into_cart(client, product_id)
        answer = check_out(client)
    assert answer.status_code == 422
    assert "We cannot take this order online" in answer.text
    assert "Secret debts" not in answer.text
    with assembly.database.read() as session:
        assert session.execute(select(table(Checkout).c.id)).all() == []


def test_staff_see_how_a_price_comes_about_and_others_do_not(assembly: Assembly, client: Client) -> None:
    product_id = add_product(assembly)
    assert "List price" not in client.get(f"/shop/products/{product_id}").text
    signed_in(client, "user")
    assert "List price" in client.get(f"/shop/products/{product_id}").text
