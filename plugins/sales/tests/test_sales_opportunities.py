"""Opportunities: what follows from a stage, the board, who sees what, and what it costs in statements."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Context, Invalid, editing, measuring, table
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.customers.models import CustomerRole
from patron.interactions.models import TimelineEntry
from patron.system.models import OutboxEvent
from patron.testing.faces import make_customer, make_user, signed_in, token_for, working
from patron_sales.models import Opportunity
from patron_sales.services import opportunities, overview
from sqlalchemy import func, select

Client = TestClient[Litestar]


def add(ctx: Context, customer_id: int, **values: object) -> Opportunity:
    given = {
        "name": "Chairs",
        "customer": customer_id,
        "value": {"minor": 500_000, "currency": "EUR"},
        **values,
    }
    made: Opportunity = editing.create(ctx, ctx.assembly.resource("sales.opportunities"), given)
    return made


def change(ctx: Context, record: Opportunity, **values: object) -> Opportunity:
    changed: Opportunity = editing.change(
        ctx, ctx.assembly.resource("sales.opportunities"), record.key, values
    )
    return changed


def titles(ctx: Context, customer_id: int) -> list[str]:
    t = table(TimelineEntry)
    wanted = select(t.c.title).where(t.c.customer_id == customer_id).order_by(t.c.id)
    return list(ctx.session.execute(wanted).scalars())


def test_the_likelihood_follows_the_stage_unless_it_was_typed(assembly: Assembly, ctx: Context) -> None:
    customer = add_customer(ctx)
    deal = add(ctx, customer)
    assert (deal.stage, deal.probability, deal.attention) == ("qualification", 20, "no_next_step")
    change(ctx, deal, stage="proposal", next_step="Call", probability=20)  # as a form sends what it was
    assert (deal.probability, deal.attention) == (50, "")
    change(ctx, deal, stage="negotiation", probability=90)
    assert deal.probability == 90
    change(ctx, deal, name="More chairs")
    assert deal.probability == 90
    assert add(ctx, customer, probability=35).probability == 35


def test_winning_is_told_announced_and_makes_a_buyer(assembly: Assembly, ctx: Context) -> None:
    customer = add_customer(ctx)
    deal = add(ctx, customer)
    opportunities.win(ctx, deal.key)
    opportunities.win(ctx, deal.key)  # twice is once
    assert (deal.won_at, deal.closed_at, deal.probability) == (ctx.now, ctx.now, 100)
    assert titles(ctx, customer) == ["Opportunity: Chairs, €5,000.00", "Won: Chairs, €5,000.00"]
    roles = table(CustomerRole)
    held = ctx.session.execute(select(roles.c.role).where(roles.c.customer_id == customer)).scalars().all()
    assert held == ["buyer"]
    events = table(OutboxEvent)
    counted = select(func.count()).where(events.c.name == "sales.opportunity.won")
    assert ctx.session.execute(counted).scalar_one() == 1
    change(ctx, deal, stage="negotiation")
    assert (deal.won_at, deal.closed_at, deal.probability) == (None, None, 75)
    assert titles(ctx, customer)[-1] == "Opened again: Chairs, €5,000.00"


def test_losing_needs_a_reason(assembly: Assembly, ctx: Context) -> None:
    deal = add(ctx, add_customer(ctx))
    with pytest.raises(Invalid) as refused:
        change(ctx, deal, stage="lost")
    assert refused.value.errors[0].field == "lost_reason"
    opportunities.lose(ctx, deal.key, "Price")
    assert (deal.stage, deal.lost_reason, deal.probability) == ("lost", "Price", 0)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"probability": 101}, "probability"),
        ({"value": {"minor": -1, "currency": "EUR"}}, "value"),
        ({"close_date": ""}, "close_date"),
        ({"stage": "sold"}, "stage"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(ctx: Context, values: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(ctx, add_customer(ctx), **values)
    assert refused.value.errors[0].field == field


def test_numbers_keep_currencies_apart(ctx: Context) -> None:
    customer = add_customer(ctx)
    add(ctx, customer)
    add(ctx, customer, value={"minor": 700, "currency": "USD"}, stage="proposal")
    add(ctx, customer, close_date=ctx.now.date() - timedelta(days=1))
    opportunities.win(ctx, add(ctx, customer).key)
    pipeline = ctx.assembly.metrics["sales.pipeline_value"]
    assert measuring.measured(ctx, pipeline) == {"EUR": 1_000_000, "USD": 700}
    assert overview.won_this_month(ctx) == {"EUR": 500_000}
    late, *months = overview.forecast(ctx)
    assert (late["month"], late["value"], late["weighted"]) == ("", 500_000, 100_000)
    assert {row["currency"]: row["weighted"] for row in months} == {"EUR": 100_000, "USD": 350}


def test_a_card_is_moved_and_one_without_a_reason_is_not(assembly: Assembly, client: Client) -> None:
    with working(assembly) as ctx:
        deal = add(ctx, add_customer(ctx))
    signed_in(client, "manager")
    board = client.get("/sales/opportunities/board")
    assert board.status_code == 200
    assert "No next step" in board.text
    moved = client.post(
        "/sales/opportunities/board/move",
        data={"id": str(deal.key), "to": "proposal", "version": "1"},
        headers={"Accept": "application/json"},
    )
    assert (moved.status_code, moved.json()["state"]) == (200, "proposal")
    refused = client.post(
        "/sales/opportunities/board/move",
        data={"id": str(deal.key), "to": "lost", "version": "2"},
        headers={"Accept": "application/json"},
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "lost_reason"
    stale = client.post(
        "/sales/opportunities/board/move",
        data={"id": str(deal.key), "to": "won", "version": "1"},
        headers={"Accept": "application/json"},
    )
    assert stale.status_code == 409


def test_the_pages_of_an_opportunity(assembly: Assembly, client: Client) -> None:
    with working(assembly) as ctx:
        deal = add(ctx, add_customer(ctx))
    signed_in(client, "manager")
    at = f"/sales/opportunities/{deal.key}"
    page = client.get(at)
    assert page.status_code == 200
    assert "Nothing is planned" in page.text
    assert client.get(f"{at}/lost").status_code == 200
    assert client.post(f"{at}/lost", data={"reason": ""}).status_code == 422
    assert client.post(f"{at}/lost", data={"reason": "Competitor"}).status_code == 303
    assert "Competitor" in client.get(at).text
    assert client.post(f"{at}/reopen").status_code == 303
    assert client.post(f"{at}/won").status_code == 303
    assert client.get("/sales/forecast").status_code == 200
    assert client.get("/sales/opportunities").status_code == 200
    assert client.get("/sales/opportunities/new?customer=" + str(deal.customer_id)).status_code == 200


def test_the_api_makes_changes_and_guards_versions(assembly: Assembly, client: Client) -> None:
    customer = make_customer(assembly, "Adler GmbH", "organisation")
    token_for(client, make_user(assembly, "manager"))
    made = client.post(
        "/api/v1/sales/opportunities",
        json={
            "name": "Chairs",
            "customer": customer,
            "value": {"minor": 1200, "currency": "EUR"},
            "close_date": "2027-01-31",
        },
    )
    assert made.status_code == 201, made.text
    record = made.json()
    assert (record["stage"], record["value"]) == ("qualification", {"minor": 1200, "currency": "EUR"})
    at = f"/api/v1/sales/opportunities/{record['id']}"
    changed = client.patch(at, json={"stage": "won"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert client.patch(at, json={"attention": ""}).status_code == 422
    wanted = json.dumps({"stage": "won"})
    found = client.get(f"/api/v1/sales/opportunities?filter={wanted}").json()["items"]
    assert [item["id"] for item in found] == [record["id"]]


def test_teams_see_their_own_and_a_refusal_changes_nothing(assembly: Assembly, client: Client) -> None:
    with working(assembly) as ctx:
        customer = add_customer(ctx)
    north = make_user(assembly, "user", "North")
    with working(assembly) as ctx:
        deal = add(ctx, customer, name="Northern secret", owner=north)
    at = f"/sales/opportunities/{deal.key}"
    signed_in(client, "user", "South")
    for path in (
        "/sales/opportunities",
        "/sales/opportunities/board",
        "/sales/forecast",
        f"/customers/{customer}",
    ):
        assert "Northern secret" not in client.get(path).text
    for path in (at, f"{at}/lost", f"/api/v1{at}"):
        assert client.get(path).status_code == 404
    before = _audits(assembly)
    for path, data in ((f"{at}/won", {}), (f"{at}/lost", {"reason": "x"}), (f"{at}/reopen", {})):
        assert client.post(path, data=data).status_code == 404
    assert _audits(assembly) == before
    signed_in(client, "", "")
    assert client.post(f"{at}/won").status_code == 403
    signed_in(client, user_id=north)
    assert client.post(f"{at}/won").status_code == 303


def _audits(assembly: Assembly) -> int:
    with assembly.database.read() as session:
        t = table(Audit)
        return int(
            session.execute(select(func.count()).where(t.c.resource == "sales.opportunities")).scalar_one()
        )


def test_pages_cost_the_same_number_of_statements_whatever_there_is(
    assembly: Assembly, client: Client
) -> None:
    with working(assembly) as ctx:
        customer = add_customer(ctx)
    user = signed_in(client, "manager")

    def counts() -> list[str]:
        paths = (
            "/",
            f"/customers/{customer}",
            "/sales/opportunities",
            "/sales/opportunities/board",
            "/sales/forecast",
        )
        return [client.get(path).headers["X-Patron-Statements"] for path in paths]

    with working(assembly) as ctx:
        add(ctx, customer, owner=user)
    few = counts()
    with working(assembly) as ctx:
        for number in range(12):
            add(
                ctx,
                customer,
                name=f"Deal {number}",
                owner=user,
                stage="proposal" if number % 2 else "qualification",
            )
    assert counts() == few


def add_customer(ctx: Context, name: str = "Adler GmbH") -> int:
    values = {"kind": "organisation", "name": name}
    return int(editing.create(ctx, ctx.assembly.resource("customers"), values).key)


def test_a_dragged_card_is_answered_with_the_board_anew(assembly: Assembly, client: Client) -> None:
    with working(assembly) as ctx:
        deal = add(ctx, add_customer(ctx))
    signed_in(client, "manager")
    scripted = {"HX-Request": "true"}
    at, form = "/sales/opportunities/board/move", {"id": str(deal.key), "to": "proposal", "version": "1"}
    moved = client.post(f"{at}?stage=proposal", data=form, headers=scripted)
    assert moved.status_code == 200
    assert f'data-card="{deal.key}" data-version="2"' in moved.text
    assert "<html" not in moved.text
    refused = client.post(at, data={**form, "to": "lost", "version": "2"}, headers=scripted)
    assert (refused.status_code, "Say why it was lost" in refused.text) == (422, True)
