"""The customer's face: sign-in, mandates, sections, sessions of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import passwords, services
from patron.accounts.services.people import person_of, set_password_hash
from patron.accounts.services.portal import disable_account, end_mandate
from patron.assembly import Assembly
from patron.contributions import PortalSection
from patron.hookspecs import hookimpl
from patron.testing.faces import app_client, form_token, make_customer, signed_in, signed_in_customer, working

Client = TestClient[Litestar]


@hookimpl
def register_portal_sections() -> list[PortalSection]:
    return [
        PortalSection("tickets", "Your tickets", "/my/tickets", "tickets"),
        PortalSection("bills", "Bills", "/my/bills", "bills"),
    ]


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    return {"desk": SimpleNamespace(register_portal_sections=register_portal_sections, __package__="")}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        yield made


def test_home_shows_the_sections_of_the_mandate_in_use(client: Client, assembly: Assembly) -> None:
    first, second = make_customer(assembly, "Ada Lovelace"), make_customer(assembly, "Grace Hopper")
    account = signed_in_customer(client, first, ["tickets"])
    with working(assembly) as ctx:
        services.add_account(ctx, person_of(ctx.session, account_id=account).email, "", second, ["bills"])
    page = client.get("/my").text
    assert "Your tickets" in page
    assert "Bills" not in page
    assert "Grace Hopper" in page
    assert client.post("/my/switch", data={"customer_id": str(second)}).status_code == 303
    page = client.get("/my").text
    assert "Bills" in page
    assert "Your tickets" not in page
    with working(assembly) as ctx:
        end_mandate(ctx, account, second)
    page = client.get("/my").text
    assert "Bills" not in page
    assert "Ada Lovelace" in page


def test_nobody_switches_to_a_customer_without_a_mandate(client: Client, assembly: Assembly) -> None:
    mine, other = make_customer(assembly, "Ada Lovelace"), make_customer(assembly, "Grace Hopper")
    signed_in_customer(client, mine, ["tickets"])
    for wanted in (str(other), "99999", "x", "1" * 30):
        assert client.post("/my/switch", data={"customer_id": wanted}).status_code == 404
    assert "Grace Hopper" not in client.get("/my").text


def test_the_faces_do_not_open_each_other(client: Client, assembly: Assembly) -> None:
    signed_in_customer(client, make_customer(assembly), ["tickets"])
    assert client.get("/my").status_code == 200
    assert client.get("/account").status_code == 303
    assert client.get("/customers").status_code == 303
    secret = client.cookies["__Host-patron-my"]
    client.cookies.clear()
    client.cookies.set("__Host-patron", secret, domain="testserver.local")
    assert client.get("/customers").status_code == 303
    client.cookies.clear()
    signed_in(client)
    staff = client.cookies["__Host-patron"]
    client.cookies.clear()
    client.cookies.set("__Host-patron-my", staff, domain="testserver.local")
    assert client.get("/my").headers["location"].startswith("/my/sign-in")


def test_an_invited_customer_chooses_a_password_and_signs_in(client: Client, assembly: Assembly) -> None:
    customer = make_customer(assembly)
    with working(assembly) as ctx:
        account = services.add_account(ctx, "ada@example.com", "Ada", customer, ["tickets"])
        path = services.invite_account(ctx, account).removeprefix("https://testserver.local")
    assert client.get(path.removeprefix("/my")).status_code == 404  # not at the door of staff
    token = form_token(client.get(path).text)
    form = {"_csrf_token": token, "password": "seven brown kettles", "again": "seven brown kettles"}
    answer = client.post(path, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/my")
    assert client.get("/my/account").status_code == 200
    client.cookies.clear()
    token = form_token(client.get("/my/sign-in").text)
    form = {"_csrf_token": token, "email": "ada@example.com", "password": "seven brown kettles"}
    assert client.post("/sign-in", data=form).status_code == 422
    assert client.post("/my/sign-in", data=form).headers["location"] == "/my"


def test_a_disabled_account_is_out_at_once(client: Client, assembly: Assembly) -> None:
    account = signed_in_customer(client, make_customer(assembly), ["tickets"])
    with working(assembly) as ctx:
        set_password_hash(
            ctx, person_of(ctx.session, account_id=account), passwords.hash_password("seven brown kettles")
        )
        disable_account(ctx, account)
    assert client.get("/my").status_code == 303
    client.cookies.clear()
    client.headers.pop("x-csrftoken")
    token = form_token(client.get("/my/sign-in").text)
    with working(assembly) as ctx:
        email = person_of(ctx.session, account_id=account).email
    form = {"_csrf_token": token, "email": email, "password": "seven brown kettles"}
    assert client.post("/my/sign-in", data=form).status_code == 422


def test_own_sessions_are_listed_and_only_own_ones_end(client: Client, assembly: Assembly) -> None:
    customer = make_customer(assembly)
    account = signed_in_customer(client, customer, ["tickets"])
    with app_client(assembly) as other:
        signed_in_customer(other, customer, ["tickets"], account_id=account)
        assert client.get("/my/account").text.count("/revoke") == 1
        assert client.post("/my/account/sessions/2/revoke").status_code == 303
        assert other.get("/my").status_code == 303
        signed_in(other)
    assert client.post("/my/account/sessions/3/revoke").status_code == 404
    assert client.get("/my/account").status_code == 200
    assert client.post("/my/sign-out").headers["location"] == "/my/sign-in"
    assert client.get("/my").status_code == 303
