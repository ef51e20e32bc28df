"""Enquiries: one customer per person, a reason for each assignment, nothing copied when one is qualified."""

from __future__ import annotations

from dataclasses import replace

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Context, Customer, Invalid, Team, User, editing, table
from patron.assembly import Assembly
from patron.customers.models import CustomerRole
from patron.testing.faces import make_customer, make_user, signed_in, token_for, working
from patron_sales.models import Enquiry, Opportunity
from patron_sales.services import enquiries
from sqlalchemy import func, select

Client = TestClient[Litestar]


def take(ctx: Context, **values: object) -> Enquiry:
    made: Enquiry = editing.create(
        ctx, ctx.assembly.resource("sales.enquiries"), {"subject": "Chairs?", **values}
    )
    return made


def customers(ctx: Context) -> int:
    return int(ctx.session.execute(select(func.count()).select_from(table(Customer))).scalar_one())


def test_who_asks_is_a_customer_at_once_of_unverified_standing(ctx: Context) -> None:
    enquiry = take(ctx, name="Ada Lovelace", email="Ada@Example.com", phone="030 1234567", source="Website")
    customer = ctx.session.get_one(Customer, enquiry.customer_id)
    assert (customer.name, customer.standing, customer.source) == ("Ada Lovelace", "unverified", "Website")
    assert (customer.primary_email, customer.primary_phone) == ("ada@example.com", "+49301234567")


def test_who_is_known_by_the_address_is_not_made_twice(ctx: Context) -> None:
    first = take(ctx, name="Ada Lovelace", email="ada@example.com")
    assert take(ctx, name="A. Lovelace", email="ADA@example.com").customer_id == first.customer_id
    assert take(ctx, name="Ada's son", email="ada@example.com", match="new").customer_id != first.customer_id


def test_a_role_address_stands_for_nobody(ctx: Context) -> None:
    first = take(ctx, name="Ada", email="info@example.com")
    assert take(ctx, name="Bert", email="info@example.com").customer_id != first.customer_id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "customer"),
        ({"name": "Ada", "email": "no address"}, "email"),
        ({"name": "Ada", "phone": "12"}, "phone"),
        ({"name": "Ada", "kind": "robot"}, "kind"),
        ({"name": "Ada", "match": "maybe"}, "match"),
        ({"name": ["Ada"]}, "name"),
        ({"name": "Ada", "status": "disqualified"}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_before_a_customer_is_made(
    ctx: Context, values: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        take(ctx, **values)
    assert refused.value.errors[0].field == field
    assert customers(ctx) == 0


def test_rules_assign_it_and_the_new_customer_with_the_reason(assembly: Assembly) -> None:
    ada, bert = (make_user(assembly, "user", "Inside sales") for _ in range(2))
    with working(assembly) as ctx:
        t = table(Team)
        team = ctx.session.execute(select(t.c.id).where(t.c.name == "Inside sales")).scalar_one()
        rule = {"name": "Web", "kind": "enquiry", "conditions": "source=website", "team": team}
        editing.create(ctx, assembly.resource("workflow.rules"), rule)
    with working(assembly) as ctx:
        taken = [take(ctx, name=f"Person {n}", source="Website") for n in range(4)]
        assert [enquiry.owner_id for enquiry in taken] == [ada, bert, ada, bert]
        assert taken[0].assigned_because == "Rule “Web”: round robin over 2, least recently served"
        customer = ctx.session.get_one(Customer, taken[1].customer_id)
        assert (customer.owner_id, customer.team_id) == (bert, team)
        by_phone = take(ctx, name="Somebody", source="Phone")
        assert by_phone.assigned_because == "No rule applies to this enquiry"
        rules = assembly.resource("workflow.rules")
        editing.change(ctx, rules, 1, {"conditions": "", "owner_first": True})
        mine = ctx.acting_as(replace(ctx.actor, kind="user", id=ada))
        assert take(mine, name="New here").owner_id == ada  # in turn, not as who wrote it down
        assert take(mine, name="New here too").owner_id == bert
        assert "belongs to" in take(mine, customer=taken[1].customer_id).assigned_because
        chosen = take(ctx, name="Somebody else", owner=ada)
        assert (chosen.owner_id, chosen.assigned_because) == (ada, "Chosen by Patron")


def test_qualifying_changes_state_and_copies_nothing(ctx: Context) -> None:
    enquiry = take(ctx, name="Ada Lovelace", text="Twenty chairs, please.")
    before = customers(ctx)
    enquiries.qualify(ctx, enquiry.key, opportunity="Twenty chairs", value={"minor": 100, "currency": "EUR"})
    assert customers(ctx) == before
    customer = ctx.session.get_one(Customer, enquiry.customer_id)
    ctx.session.refresh(customer)
    assert customer.standing == "known"
    roles = table(CustomerRole)
    assert ctx.session.execute(select(roles.c.role)).scalars().all() == ["prospect"]
    deal = ctx.session.get_one(Opportunity, enquiry.opportunity_id)
    assert (deal.customer_id, deal.name, deal.value_minor) == (enquiry.customer_id, "Twenty chairs", 100)
    with pytest.raises(Invalid, match="qualified already"):
        enquiries.qualify(ctx, enquiry.key)


def test_disqualifying_keeps_the_reason_and_leaves_the_customer_unverified(ctx: Context) -> None:
    enquiry = take(ctx, name="Spammer")
    enquiries.disqualify(ctx, enquiry.key, "Spam")
    assert (enquiry.status, enquiry.reason, enquiry.closed_at) == ("disqualified", "Spam", ctx.now)
    assert ctx.session.get_one(Customer, enquiry.customer_id).standing == "unverified"


def test_the_form_offers_who_is_known_and_takes_both_answers(assembly: Assembly, client: Client) -> None:
    ada = make_customer(assembly, emails=["ada@example.com"])
    signed_in(client, "manager")
    assert "Who asks?" in client.get("/sales/enquiries/new").text
    form = {"subject": "Chairs", "name": "Ada", "kind": "person", "email": "ada@example.com"}
    offered = client.post("/sales/enquiries/new", data=form)
    assert offered.status_code == 422
    assert "Ada Lovelace" in offered.text
    assert 'value="Chairs"' in offered.text
    assert "Ada Lovelace" in client.get("/sales/enquiries/matches?email=ada@example.com").text
    assert client.post("/sales/enquiries/new", data={**form, "use": str(ada)}).status_code == 303
    assert client.post("/sales/enquiries/new", data={**form, "use": "new"}).status_code == 303
    with working(assembly) as ctx:
        t = table(Enquiry)
        first, second = ctx.session.execute(select(t.c.customer_id).order_by(t.c.id)).scalars()
        assert (first == ada, second == ada) == (True, False)
    wrong = client.post("/sales/enquiries/new", data={"subject": "Chairs", "name": "Ada", "phone": "12"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text


def test_the_form_tells_nobody_of_customers_they_may_not_see(assembly: Assembly, client: Client) -> None:
    make_customer(assembly, emails=["ada@example.com"], owner=make_user(assembly, "user", "North"))
    signed_in(client, "user", "South")
    assert "Ada Lovelace" not in client.get("/sales/enquiries/matches?email=ada@example.com").text
    form = {"subject": "Chairs", "name": "Ada", "email": "ada@example.com"}
    assert client.post("/sales/enquiries/new", data=form).status_code == 303


def test_the_pages_of_an_enquiry(assembly: Assembly, client: Client) -> None:
    with working(assembly) as ctx:
        keys = [take(ctx, name=f"Person {n}", text="<b>Twenty</b>").key for n in range(2)]
    signed_in(client, "manager")
    at = f"/sales/enquiries/{keys[0]}"
    page = client.get(at).text
    assert "&lt;b&gt;Twenty&lt;/b&gt;" in page
    assert "No rule applies to this enquiry" in page
    edit = client.get(f"{at}/edit").text
    assert 'name="status"' in edit
    assert 'name="match"' not in edit  # who asks is settled
    assert client.post(f"{at}/start").status_code == 303
    assert client.get(f"{at}/qualify").status_code == 200
    assert client.post(f"{at}/qualify", data={"open": "true", "name": ""}).status_code == 422
    done = client.post(
        f"{at}/qualify", data={"open": "true", "name": "Chairs", "value": "12.50", "value_currency": "EUR"}
    )
    assert done.headers["location"].startswith("/sales/opportunities/")
    again = client.post(f"{at}/qualify", data={})
    assert (again.status_code, "qualified already" in again.text) == (422, True)
    other = f"/sales/enquiries/{keys[1]}"
    assert client.post(f"{other}/disqualify", data={"reason": ""}).status_code == 422
    assert client.post(f"{other}/disqualify", data={"reason": "Spam"}).status_code == 303
    for path in ("/sales/enquiries", "/sales/enquiries/board"):
        assert client.get(path).status_code == 200


def test_one_request_of_the_api_takes_an_enquiry_with_its_customer(
    assembly: Assembly, client: Client
) -> None:
    token_for(client, make_user(assembly, "manager"))
    body = {"subject": "Chairs", "name": "Ada Lovelace", "email": "ada@example.com", "text": "Twenty."}
    made = client.post("/api/v1/sales/enquiries", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["customer"]
    again = client.post("/api/v1/sales/enquiries", json={**body, "subject": "Lamps"})
    assert again.json()["customer"] == made.json()["customer"]
    wrong = client.post("/api/v1/sales/enquiries", json={"subject": "Chairs", "email": "x"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "email")


def test_an_enquiry_given_to_another_team_leads_back_to_the_list(assembly: Assembly, client: Client) -> None:
    north = make_user(assembly, "user", "North")
    with working(assembly) as ctx:
        t = table(User)
        email = ctx.session.execute(select(t.c.email).where(t.c.id == north)).scalar_one()
        rule = {"name": "All", "kind": "enquiry", "people": email}
        editing.create(ctx, assembly.resource("workflow.rules"), rule)
    signed_in(client, "user", "South")
    taken = client.post("/sales/enquiries/new", data={"subject": "Chairs", "name": "Ada"})
    assert taken.headers["location"] == "/sales/enquiries"
