"""Guests who become customers: one person after a proven personal address, never by a role address."""

from __future__ import annotations

from dataclasses import replace

from patron import Account, Context, Customer, Listing, facts, merging, portal, read_page, table
from patron.assembly import Assembly
from patron.customers import splitting
from patron.testing.faces import make_customer, without_token, working
from patron_ecommerce.services import buyers
from patron_orders.models import Order
from shop_world import BUYER, Client, add_product, checkouts, fill_cart, order, token_in
from sqlalchemy import select


def living(assembly: Assembly) -> set[int]:
    c = table(Customer)
    with assembly.database.read() as session:
        return set(session.execute(select(c.c.id).where(c.c.trashed_at.is_(None))).scalars())


def account_for(assembly: Assembly, customer_id: int, email: str = BUYER["email"]) -> int:
    with working(assembly) as ctx:
        return portal.add_account(ctx, email, "Greta", customer_id, {"orders"})


def verify(assembly: Assembly, account_id: int) -> int:
    with working(assembly) as ctx:
        portal.mark_verified(ctx, account_id)
        return buyers.claim(ctx, account_id)


def test_two_guest_orders_and_an_account_are_one_customer(assembly: Assembly) -> None:
    known = make_customer(assembly, "Greta Guest", emails=[BUYER["email"]])
    product_id = add_product(assembly)
    for email in (BUYER["email"], BUYER["email"].upper()):
        order(assembly, product_id, email=email)
    assert len(living(assembly)) == 2, "what a guest types proves nothing, but twice the same is one row"
    account = account_for(assembly, known)
    with working(assembly) as ctx:
        assert buyers.claim(ctx, account) == 0, "not before the address is proven"
    assert verify(assembly, account) == 2
    assert living(assembly) == {known}
    with assembly.database.read() as session:
        assert set(session.execute(select(table(Order).c.customer_id)).scalars()) == {known}
    assert {row["customer_id"] for row in checkouts(assembly)} == {known}
    with working(assembly) as ctx:
        assert buyers.claim(ctx, account) == 0


def test_facts_of_the_shop_follow_merges_and_splits_and_are_said_to_who_looks(assembly: Assembly) -> None:
    product_id = add_product(assembly)
    ada, bea = (make_customer(assembly, name) for name in ("Ada", "Bea"))
    order(assembly, product_id, customer_id=ada)
    fill_cart(assembly, [(product_id, 2, "")], customer_id=bea)

    def known(ctx: Context) -> dict[int, str]:
        assert [one for _, item in assembly.customer_fields for one in facts.check(ctx, item)] == []
        rows = read_page(ctx, assembly.resource("ecommerce.shoppers"), Listing()).items
        return {int(row["customer"]): row["name"] for row in rows}

    apart = {ada: "1 order", bea: "0 orders, cart of €238.00"}
    with working(assembly) as ctx:
        assert known(ctx) == apart
        assert known(replace(ctx, locale="de_DE"))[bea].endswith("238,00\xa0€")
        merge_id = merging.merge(ctx, ada, bea)
        assert known(ctx)[ada] == "1 order, cart of €238.00"
        splitting.split(ctx, merge_id)
        assert known(ctx) == apart


def test_a_role_address_claims_nothing(assembly: Assembly) -> None:
    firm = make_customer(assembly, "Firm", "organisation")
    placed = order(assembly, add_product(assembly), email="info@example.com")
    account = account_for(assembly, firm)
    with working(assembly) as ctx:
        a = table(Account)
        ctx.session.execute(a.update().where(a.c.id == account).values(email="info@example.com"))
    assert verify(assembly, account) == 0
    (row,) = checkouts(assembly)
    assert (row["id"], row["claimed_at"]) == (placed.checkout_id, None)
    assert row["customer_id"] != firm


def test_two_people_at_one_role_address_stay_two(assembly: Assembly) -> None:
    product_id = add_product(assembly)
    for name in ("Ann", "Ben", "Ann"):
        order(assembly, product_id, email="info@example.com", name=name)
    assert len(living(assembly)) == 2


def test_signing_up_never_tells_whether_there_is_an_account(assembly: Assembly, client: Client) -> None:
    order(assembly, add_product(assembly))
    with working(assembly) as ctx:
        assert "/my/invitation/" in buyers.sign_up(ctx, BUYER["email"], "Greta")
        account = ctx.session.execute(select(table(Account).c.id)).scalar_one()
    assert verify(assembly, account) == 1
    with working(assembly) as ctx:
        assert buyers.sign_up(ctx, BUYER["email"], "Greta") == ""
    said = [
        without_token(
            client.post(
                "/shop/sign-up", data={**token_in(client, "/shop/sign-up"), "email": email, "name": "Greta"}
            ).text
        )
        for email in (BUYER["email"], "nobody@example.com")
    ]
    assert said[0].replace(BUYER["email"], "") == said[1].replace("nobody@example.com", "")
