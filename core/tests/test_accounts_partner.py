"""The partners' face: its own door and cookie, sections of its own, mandates of those who are partners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import services
from patron.accounts.services.people import person_of
from patron.assembly import Assembly
from patron.contributions import PortalSection
from patron.customers.roles import end_role, give_role
from patron.errors import Invalid
from patron.hookspecs import hookimpl
from patron.permissions import Face
from patron.testing.faces import (
    app_client,
    form_token,
    make_customer,
    make_user,
    signed_in,
    signed_in_customer,
    signed_in_partner,
    token_for,
    working,
)

Client = TestClient[Litestar]
WORDS = "seven brown kettles"


@hookimpl
def register_portal_sections() -> list[PortalSection]:
    return [
        PortalSection("tickets", "Your tickets", "/my/tickets", "tickets"),
        PortalSection("deals", "Registered deals", "/partner/deals", "deals", face=Face.PARTNER),
    ]


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    return {"desk": SimpleNamespace(register_portal_sections=register_portal_sections, __package__="")}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        yield made


def test_each_portal_shows_the_sections_of_its_own_face(client: Client, assembly: Assembly) -> None:
    customer = make_customer(assembly)
    signed_in_partner(client, customer, ["deals", "tickets"])
    page: str = client.get("/partner").text
    assert "Registered deals" in page
    assert "Your tickets" not in page
    assert "Acts for Ada Lovelace" in page
    signed_in_customer(client, customer, ["deals", "tickets"])
    page = client.get("/my").text
    assert "Your tickets" in page
    assert "Registered deals" not in page


def test_a_partner_switches_between_those_who_are_partners(client: Client, assembly: Assembly) -> None:
    first, second = make_customer(assembly, "Ada Lovelace"), make_customer(assembly, "Grace Hopper")
    account = signed_in_partner(client, first, ["deals"])
    with working(assembly) as ctx:
        give_role(ctx, second, "partner")
        email = person_of(ctx.session, account_id=account).email
        services.add_account(ctx, email, "", second, [], Face.PARTNER)
    for shown in (client.get("/partner"), client.get("/partner/account")):
        assert 'action="/partner/switch"' in shown.text
    answer = client.post("/partner/switch", data={"customer_id": str(second)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/partner")
    page = client.get("/partner").text
    assert "Acts for Grace Hopper" in page
    assert "Registered deals" not in page
    with working(assembly) as ctx:
        end_role(ctx, second, "partner")
    page = client.get("/partner").text
    assert "Acts for" not in page
    assert "Grace Hopper" not in page
    assert client.post("/partner/switch", data={"customer_id": str(second)}).status_code == 404


def test_only_a_partner_gives_access_to_the_partners_face(client: Client, assembly: Assembly) -> None:
    customer = make_customer(assembly)
    with working(assembly) as ctx, pytest.raises(Invalid, match="role “partner”"):
        services.add_account(ctx, "ada@example.com", "Ada", customer, [], Face.PARTNER)
    signed_in(client)
    assert "partner portal" not in client.get(f"/customers/{customer}/profile").text
    form = {"email": "ada@example.com", "name": "Ada", "face": "partner", "rights": "deals"}
    assert client.post(f"/customers/{customer}/accounts", data=form).status_code == 422
    with working(assembly) as ctx:
        give_role(ctx, customer, "partner")
    page = client.get(f"/customers/{customer}/profile").text
    assert "partner portal" in page
    assert page.count('value="deals"') == 1
    assert client.post(f"/customers/{customer}/accounts", data=form).status_code == 303
    page = client.get(f"/customers/{customer}/profile").text
    assert "/partner/invitation/" in page
    assert "partner · deals" in page


def test_an_invited_partner_comes_in_by_the_partners_door_alone(client: Client, assembly: Assembly) -> None:
    customer = make_customer(assembly)
    with working(assembly) as ctx:
        give_role(ctx, customer, "partner")
        account = services.add_account(ctx, "ada@example.com", "Ada", customer, ["deals"], Face.PARTNER)
        path = services.invite_account(ctx, account).removeprefix("https://testserver.local")
    assert path.startswith("/partner/invitation/")
    assert client.get(path.replace("/partner", "/my", 1)).status_code == 404
    form = {"_csrf_token": form_token(client.get(path).text), "password": WORDS, "again": WORDS}
    assert client.post(path, data=form).headers["location"] == "/partner"
    assert set(client.cookies) >= {"__Host-patron-partner"}
    assert client.get("/partner/account").status_code == 200
    assert client.get("/my").headers["location"].startswith("/my/sign-in")
    assert client.get("/account").status_code == 303
    secret = client.cookies["__Host-patron-partner"]
    for cookie in ("__Host-patron-my", "__Host-patron"):
        client.cookies.clear()
        client.cookies.set(cookie, secret, domain="testserver.local")
        assert client.get("/my").status_code == client.get("/customers").status_code == 303
    client.cookies.clear()
    assert client.get("/partner").headers["location"].startswith("/partner/sign-in?next=%2Fpartner")
    assert client.post("/partner/switch").headers["location"] == "/partner/sign-in?next=%2Fpartner"
    form = {"email": "ada@example.com", "password": WORDS}
    form["_csrf_token"] = form_token(client.get("/partner/sign-in").text)
    assert client.post("/my/sign-in", data=form).status_code == 422
    assert client.post("/partner/sign-in", data={**form, "_csrf_token": "x"}).status_code == 403
    assert client.post("/partner/sign-in", data=form).headers["location"] == "/partner"


def test_an_address_that_only_begins_like_a_portal_is_the_staffs(client: Client) -> None:
    assert client.get("/mystery").status_code == 404
    assert client.get("/partnership").status_code == 404


@pytest.mark.parametrize("engine_name", ["sqlite"])  # what a page shows does not depend on the engine
def test_a_token_on_a_public_page_is_shown_no_portal(client: Client, assembly: Assembly) -> None:
    token_for(client, make_user(assembly, "reader"))
    assert client.get("/forgot").status_code == 200
