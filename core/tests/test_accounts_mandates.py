"""What an account may decide for a customer: staff set rights, dates and the limit, and the limit holds."""

from __future__ import annotations

from typing import Any

from patron.accounts.models import Audit, Mandate
from patron.accounts.services import add_account, mandates
from patron.accounts.services.mandates import Terms, change_mandate
from patron.assembly import Assembly
from patron.context import Context
from patron.money import Money
from patron.permissions import Actor
from patron.records import table
from patron.testing.faces import app_client, make_customer, signed_in, signed_in_customer, working
from sqlalchemy import select


def _mandate(assembly: Assembly) -> dict[str, Any]:
    with assembly.database.read() as session:
        return dict(session.execute(select(table(Mandate))).mappings().one())


def test_staff_set_the_limit_and_the_dates_of_a_mandate(assembly: Assembly) -> None:
    firm = make_customer(assembly, "Mill Ltd", "organisation")
    with app_client(assembly) as client:
        signed_in(client)
        sent = {"email": "ada@mill.example", "name": "Ada", "limit": "250", "limit_currency": "EUR"}
        assert client.post(f"/customers/{firm}/accounts", data=sent).status_code == 303
        row = _mandate(assembly)
        assert (row["approve_limit_minor"], row["currency"]) == (25000, "EUR")
        url = f"/customers/{firm}/accounts/{row['account_id']}"
        changed = {"limit": "1000.50", "limit_currency": "EUR", "since": "2020-01-01", "until": "2030-01-31"}
        assert client.post(url, data=changed).status_code == 303
        row = _mandate(assembly)
        assert (row["approve_limit_minor"], row["until"].isoformat()) == (100050, "2030-01-31")
        page = client.get(f"/customers/{firm}/profile").text
        assert "approves up to" in page
        assert 'value="1000.50"' in page
        for wrong in ({"limit": "much"}, {"limit": "-5"}, {"since": "2020-01-02", "until": "2020-01-01"}):
            assert client.post(url, data=wrong).status_code == 422
        other = make_customer(assembly, "Loom Ltd", "organisation")
        assert (
            client.post(f"/customers/{other}/accounts/{row['account_id']}", data=changed).status_code == 404
        )
        assert client.post(url, data={"limit": ""}).status_code == 303
        assert _mandate(assembly)["approve_limit_minor"] is None
        with assembly.database.read() as session:
            acts = session.execute(select(table(Audit).c.action).where(table(Audit).c.action == "mandate"))
            assert len(acts.all()) == 4
        ended = {"until": "2020-01-31"}
        with app_client(assembly) as buyer:
            signed_in_customer(buyer, firm, account_id=row["account_id"])
            assert "Mill Ltd" in buyer.get("/my").text
            client.post(url, data=ended)
            assert "Mill Ltd" not in buyer.get("/my").text


def test_nobody_commits_the_customer_beyond_their_limit(assembly: Assembly) -> None:
    firm = make_customer(assembly, "Mill Ltd", "organisation")
    with working(assembly) as ctx:
        least, most, any_amount = (
            add_account(ctx, f"{name.lower()}@mill.example", name, firm, ()) for name in ("Ada", "Bo", "Cleo")
        )
        change_mandate(ctx, least, firm, Terms((), Money(10000, "EUR")))
        change_mandate(ctx, most, firm, Terms((), Money(50000, "EUR")))

        def said(account_id: int | None, minor: int, currency: str = "EUR", to: int = firm) -> str:
            actor = Actor("customer", account_id, "Who", customer_id=to)
            anybody: Context = ctx.acting_as(actor if account_id else Actor("anonymous"))
            return mandates.beyond(anybody, firm, Money(minor, currency))

        assert said(least, 10000) == ""
        refused = said(least, 10001)
        assert "€100.00" in refused
        assert refused.endswith("Who may approve it: Bo, Cleo.")
        assert said(most, 10001) == said(any_amount, 999999) == ""
        assert said(most, 60000).endswith("Who may approve it: Cleo.")
        assert said(least, 1, "USD") != ""
        assert said(None, 10000) == ""
        assert "sign in" in said(None, 10001)
        assert "sign in" in said(most, 10001, to=firm + 1)  # signed in, but acting for another
        change_mandate(ctx, any_amount, firm, Terms((), None, until=ctx.now.date().replace(year=2020)))
        assert "Nobody else" in said(most, 60000)
