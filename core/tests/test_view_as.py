"""A user sees a portal as a customer's account: only to look, for a while, and the audit knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import services
from patron.accounts.models import Audit, Mandate, SignIn
from patron.assembly import Assembly
from patron.records import table, utc_now
from patron.testing.faces import app_client, form_token, make_customer, make_user, signed_in, working
from sqlalchemy import select, update

pytest_plugins = ["patron.testing.faces"]
Client = TestClient[Litestar]


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        yield made


@pytest.fixture
def account(assembly: Assembly) -> tuple[int, int]:
    """A customer, and an account that acts for it."""
    customer = make_customer(assembly, "Acme", "organisation")
    with working(assembly) as ctx:
        return customer, services.add_account(ctx, "buyer@acme.example", "Bo Buyer", customer, ())


def look(client: Client, account: tuple[int, int], role: str = "manager") -> int:
    user_id = signed_in(client, role)
    customer, account_id = account
    answer = client.post(f"/customers/{customer}/accounts/{account_id}/view")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/my"
    return user_id


def test_the_portal_is_seen_and_nothing_is_changed(
    assembly: Assembly, client: Client, account: tuple[int, int]
) -> None:
    look(client, account)
    page = client.get("/my")
    assert page.status_code == 200
    assert "You see what Bo Buyer, for Acme" in page.text
    token = {"x-csrftoken": form_token(page.text)}
    refused = client.post("/my/switch", data={"customer_id": str(account[0])}, headers=token)
    assert refused.status_code == 403
    assert "nothing can be changed" in refused.text
    assert client.post("/my/sign-out", headers=token).status_code == 303
    assert client.get("/my").status_code == 303, "signed out, on to the sign-in page"


def test_it_is_audited(assembly: Assembly, client: Client, account: tuple[int, int]) -> None:
    user_id = look(client, account)
    a = table(Audit)
    with assembly.database.read() as session:
        row = session.execute(select(a).where(a.c.action == "view-as")).one()
    assert (row.actor_id, row.resource, row.record_id) == (user_id, "accounts", account[1])


def test_it_ends_with_the_users_right(assembly: Assembly, client: Client, account: tuple[int, int]) -> None:
    user_id = look(client, account)
    assert client.get("/my").status_code == 200
    with working(assembly) as ctx:
        services.set_roles(ctx, user_id, ["user"])
    assert client.get("/my").status_code == 303


def test_it_ends_by_itself(assembly: Assembly, client: Client, account: tuple[int, int]) -> None:
    look(client, account)
    t = table(SignIn)
    with working(assembly) as ctx:
        ctx.session.execute(
            update(t).where(t.c.viewer_id.is_not(None)).values(expires_at=utc_now() - timedelta(seconds=1))
        )
    assert client.get("/my").status_code == 303


@pytest.mark.parametrize("role", ["user", "reader"])
def test_it_needs_its_permission(client: Client, account: tuple[int, int], role: str) -> None:
    signed_in(client, role)
    assert client.post(f"/customers/{account[0]}/accounts/{account[1]}/view").status_code == 403


def test_only_whoever_acts_for_the_customer(
    assembly: Assembly, client: Client, account: tuple[int, int]
) -> None:
    other = make_customer(assembly, "Other")
    make_user(assembly)
    signed_in(client, "manager")
    assert client.post(f"/customers/{other}/accounts/{account[1]}/view").status_code == 404
    with working(assembly) as ctx:
        ctx.session.execute(update(table(Mandate)).values(until=ctx.now.date() - timedelta(days=1)))
    assert client.post(f"/customers/{account[0]}/accounts/{account[1]}/view").status_code == 404
