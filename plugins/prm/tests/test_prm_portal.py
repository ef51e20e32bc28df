"""The partner's pages: theirs and nobody else's, and the same answer whoever else claims the customer."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import files, table
from patron.assembly import Assembly
from patron.testing.faces import app_client, make_customer, signed_in_partner, working
from patron_prm.models import Registration
from patron_prm.services import decisions, leads
from patron_prm.services.registrations import KEY
from prm_world import drain, lead, make_partner, offers, register, row_of
from sqlalchemy import func, select

Client = TestClient[Litestar]
FORM = {"end_name": "Lighthouse Ltd", "end_country": "DE", "value": "1250.00", "value_currency": "EUR"}


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # pages do not depend on the engine; what they call is tested on both


def count(assembly: Assembly) -> int:
    with assembly.database.read() as session:
        return int(session.execute(select(func.count()).select_from(table(Registration))).scalar_one())


def test_a_partner_registers_follows_and_withdraws(client: Client, assembly: Assembly) -> None:
    partner, _ = make_partner(assembly)
    signed_in_partner(client, partner, ["deals"])
    assert "No registrations yet" in client.get("/partner/registrations").text
    assert client.get("/partner/registrations/new").status_code == 200
    assert client.post("/partner/registrations/new", data={"end_name": ""}).status_code == 422
    sent = client.post(
        "/partner/registrations/new",
        data={**FORM, "token": "once"},
        files={"files": ("plan.pdf", b"%PDF-1.4 plan")},
    )
    assert sent.status_code == 303
    again = client.post("/partner/registrations/new", data={**FORM, "token": "once"})
    assert again.headers["location"] == sent.headers["location"]
    assert count(assembly) == 1
    drain(assembly)
    made = int(sent.headers["location"].rsplit("/", 1)[1])
    row = row_of(assembly, made)
    assert (row.value_minor, row.currency, row.partner_customer_id) == (125000, "EUR", partner)
    page = client.get(f"/partner/registrations/{made}").text
    assert "Received: decision by" in page
    assert row.decide_by.isoformat() in page
    file_url = re.search(rf"/partner/registrations/{made}/files/\d+", page)
    assert file_url is not None
    assert client.get(file_url[0]).content == b"%PDF-1.4 plan"
    assert row.number in client.get("/partner/registrations/export").text
    assert client.post(f"/partner/registrations/{made}/withdraw").status_code == 303
    assert row_of(assembly, made).status == "withdrawn"
    assert client.post(f"/partner/registrations/{made}/withdraw").status_code == 409


def test_a_partner_sets_nothing_that_is_the_firms(client: Client, assembly: Assembly) -> None:
    partner, _ = make_partner(assembly)
    signed_in_partner(client, partner, ["deals"])
    for extra in (
        "status",
        "tier",
        "partner",
        "protected_until",
        "owner",
        "decide_by",
        "customer",
        "conflicts",
    ):
        answer = client.post("/partner/registrations/new", data={**FORM, extra: "approved"})
        assert answer.status_code == 422, extra
    assert count(assembly) == 0


def test_without_an_agreement_nothing_is_registered(client: Client, assembly: Assembly) -> None:
    signed_in_partner(client, make_customer(assembly), ["deals"])
    assert "not in force" in client.get("/partner/registrations").text
    assert client.post("/partner/registrations/new", data=FORM).status_code == 422
    assert count(assembly) == 0


def test_the_answer_is_the_same_whether_or_not_a_rival_exists(client: Client, assembly: Assembly) -> None:
    """Same status, same text, same statements in the request; the evidence comes after, for others."""
    partner, _ = make_partner(assembly)
    _, rival = make_partner(assembly, "Canary Rival")
    taken = register(assembly, rival, "Taken Firm", end_domain="taken.example")
    with working(assembly) as ctx:
        decisions.approve(ctx, taken)
    signed_in_partner(client, partner, ["deals"])
    assembly.settings = replace(assembly.settings, debug_statements=True)
    shown = []
    for name, domain in (("Free Firm", "free.example"), ("Taken Firm", "taken.example")):
        client.get("/partner/registrations")
        sent = client.post(
            "/partner/registrations/new", data={**FORM, "end_name": name, "end_domain": domain}
        )
        drain(assembly)
        page = client.get(sent.headers["location"])
        said = re.sub(
            r"[Ff]ree|[Tt]aken|D\d{5}|/\d+|nonce-\S+|\d\d:\d\d(:\d\d)?|[A-Za-z0-9_-]{30,}", "", page.text
        )
        shown.append((sent.status_code, sent.headers["X-Patron-Statements"], said))
        assert "Canary" not in page.text
    assert shown[0][:2] == shown[1][:2]
    assert shown[0][2] == shown[1][2]
    against = 2 if assembly.has("sales") else 1  # the deal, and its opportunity
    assert [row_of(assembly, taken + n).conflicts for n in (1, 2)] == [0, against]


def test_another_partners_deals_are_nowhere(client: Client, assembly: Assembly) -> None:
    mine, _ = make_partner(assembly)
    theirs, rival = make_partner(assembly, "Canary Partner")
    marks = {"interest": "canary", "note": "canary", "end_city": "Canary", "end_email": "canary@example.com"}
    hidden = register(assembly, rival, "Canary Firm", **marks)
    with working(assembly) as ctx:
        decisions.approve(ctx, hidden)
        file_id = files.store(ctx, "canary.txt", b"canary")
        files.attach(ctx, file_id, KEY, hidden)
    signed_in_partner(client, mine, ["deals", "leads"])
    client.post("/partner/registrations/new", data=FORM)
    for path in (
        "/partner", "/partner/registrations", "/partner/registrations?q=canar", "/partner/registrations?sort=end_name",
        "/partner/registrations?sort=-value", "/partner/registrations?sort=partner_id", "/partner/registrations/export",
        "/partner/leads", "/partner/customers",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "canary" not in answer.text.lower(), path
    assert client.get("/partner/registrations?q=canar").text.count("Nothing found") == 1
    own = re.findall(r"/partner/registrations/(\d+)", client.get("/partner/registrations").text)
    assert len(set(own)) == 1
    for method, path in (
        ("GET", f"/partner/registrations/{hidden}"), ("POST", f"/partner/registrations/{hidden}/withdraw"),
        ("GET", f"/partner/registrations/{hidden}/files/{file_id}"),
        ("GET", f"/partner/registrations/{own[0]}/files/{file_id}"), ("GET", "/partner/registrations/99999"),
    ):  # fmt: skip
        answer = client.request(method, path)
        assert answer.status_code == 404, path
        assert "canary" not in answer.text.lower(), path
    assert row_of(assembly, hidden).status == "approved"
    assert theirs != mine
    token = client.post(
        "/partner/registrations/new", data={**FORM, "token": row_of(assembly, hidden).token or "x"}
    )
    assert str(hidden) not in token.headers["location"]


def test_a_token_of_another_partner_is_a_new_registration(client: Client, assembly: Assembly) -> None:
    first, _ = make_partner(assembly)
    second, _ = make_partner(assembly, "Second")
    signed_in_partner(client, first, ["deals"])
    one = client.post("/partner/registrations/new", data={**FORM, "token": "guessed"}).headers["location"]
    signed_in_partner(client, second, ["deals"])
    two = client.post("/partner/registrations/new", data={**FORM, "token": "guessed"}).headers["location"]
    assert one != two


def test_without_the_right_there_is_nothing(client: Client, assembly: Assembly) -> None:
    partner, north = make_partner(assembly)
    made = register(assembly, north)
    signed_in_partner(client, partner, ["leads"])
    assert client.get("/partner/registrations").status_code == 404
    assert client.get(f"/partner/registrations/{made}").status_code == 404
    assert client.post("/partner/registrations/new", data=FORM).status_code == 404
    assert client.get("/partner/leads").status_code == 200


def test_whom_a_lead_is_about_stands_there_once_accepted(client: Client, assembly: Assembly) -> None:
    first, _ = make_partner(assembly, tier="gold")
    second, _ = make_partner(assembly, "Second")
    customer = make_customer(assembly, "Canary Customer", "organisation", emails=["canary@example.com"])
    made = lead(assembly, customer, text="canary text")
    with working(assembly) as ctx:
        leads.offer(ctx, made)
    [offer] = offers(assembly)
    with app_client(assembly) as other:
        signed_in_partner(other, second, ["leads", "deals"])
        assert "Forty desks" not in other.get("/partner/leads").text
        assert other.post(f"/partner/leads/{offer.id}/accept").status_code == 404
        assert other.post(f"/partner/leads/{offer.id}/decline", data={"reason": "x"}).status_code == 404
    signed_in_partner(client, first, ["leads", "deals"])
    page = client.get("/partner/leads").text
    assert "Forty desks" in page
    assert "canary" not in page.lower()
    assert client.post(f"/partner/leads/{offer.id}/decline", data={"reason": ""}).status_code == 422
    assert client.post(f"/partner/leads/{offer.id}/accept").status_code == 303
    assert "canary@example.com" in client.get("/partner/leads").text
    assert client.post(f"/partner/leads/{offer.id}/accept").status_code == 409
    assert "Canary Customer" in client.get("/partner/customers").text


def test_a_spreadsheet_runs_nothing_of_the_export(client: Client, assembly: Assembly) -> None:
    partner, north = make_partner(assembly)
    register(assembly, north, "=HYPERLINK(1)")
    signed_in_partner(client, partner, ["deals"])
    assert "'=HYPERLINK(1)" in client.get("/partner/registrations/export").text
