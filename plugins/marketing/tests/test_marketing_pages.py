"""The pages of staff: builder, campaign, forms, and what a segment takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from marketing_world import make_campaign, make_mailbox, make_reader, make_segment, rows_of, state_of
from patron import MailLedger, table
from patron.assembly import Assembly
from patron.testing.faces import make_user, signed_in, token_for, working
from patron.testing.mail import smtp_sink
from patron_marketing.models import Form, Segment
from patron_marketing.services import builder, sending, sentences
from sqlalchemy import select

Client = TestClient[Litestar]


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


ROWS: dict[str, str] = {
    "join": "all", "whose-0": "organisation", "field-0": "city", "op-0": "contains", "value-0": "Berlin",
    "whose-1": "self", "field-1": "marketing.last_click_at", "op-1": "last", "value-1": "30",
}  # fmt: skip


def test_the_builder_writes_the_filter_language_and_reads_it_again(
    client: Client, assembly: Assembly
) -> None:
    signed_in(client)
    shown = client.get("/marketing/segments/builder", params=ROWS, headers={"HX-Request": "true"}).text
    assert (
        "at the organisation they work at, city contains “Berlin” and last click in a campaign is within the last"
        in shown
    )
    made = client.post("/marketing/segments/new", data={"name": "Berliners", **ROWS})
    assert made.status_code == 303, made.text
    with working(assembly) as ctx:
        condition = ctx.session.execute(select(table(Segment).c.condition)).scalar_one()
        assert condition == {
            "and": [
                {"related": {"by": "works_at", "where": {"city": {"contains": "Berlin"}}}},
                {"marketing.last_click_at": {"ge": {"days": -30}}},
            ]
        }
        built = builder.rows_of(ctx, condition)
        assert built is not None
        assert [(row.whose, row.field, row.op, row.value) for row in built.rows] == [
            ("organisation", "city", "contains", "Berlin"), ("self", "marketing.last_click_at", "last", "30"),
        ]  # fmt: skip
    page = client.get(made.headers["location"])
    assert page.status_code == 200
    assert 'value="Berlin"' in client.get(made.headers["location"] + "/edit").text
    empty = client.post("/marketing/segments/new", data={"name": "None"})
    assert empty.status_code == 422
    assert "at least one condition" in empty.text


def test_every_operator_of_every_field_holds_together(client: Client, assembly: Assembly) -> None:
    values = {"choice": "", "bool": "true", "user": "me", "integer": "3", "money": "3", "has": ""}
    with working(assembly) as ctx:
        for item in builder.offered(ctx).values():
            value = item.choices[0].value if item.kind == "choice" else values.get(item.kind, "7")
            for op, _ in item.operators:
                given = "2026-01-31" if op in ("before", "after") else value
                row = builder.RowOf("self", item.key, op, given)
                condition = builder.condition_of(ctx, builder.Built("all", [row]))
                assert sentences.sentence(ctx, condition).startswith("Customers where")
                again = builder.rows_of(ctx, condition)
                assert again is not None, condition
                assert (again.rows[0].field, again.rows[0].op) == (item.key, op)
                from patron_marketing.services import segments

                segments.count(ctx, condition)


def test_a_condition_that_says_more_is_shown_as_text(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    deep = {"or": [{"and": [{"city": "Berlin"}, {"kind": "person"}]}, {"not": {"country": "DE"}}]}
    segment = make_segment(assembly, deep)
    assert "filter language" in client.get(f"/marketing/segments/{segment}/edit").text
    page = client.get(f"/marketing/segments/{segment}").text
    assert "(city is “Berlin” and kind is person or not (country is “DE”))" in page


NO_CONDITION: tuple[Any, ...] = (
    "kind = 'person'", "x' OR 1=1--", ["city"], {"$where": "1"}, {"city": {"regex": ".*"}}, {"id": {"gt": 0}},
    {"__class__": 1}, 'O:8:"stdClass":0:{}', {}, None, {"marketing.nothing": 1},
)  # fmt: skip


def test_m7_a_segment_takes_the_filter_language_alone(client: Client, assembly: Assembly) -> None:
    token_for(client, make_user(assembly))
    for condition in NO_CONDITION:
        answer = client.post("/api/v1/marketing/segments", json={"name": "x", "condition": condition})
        assert answer.status_code == 422, condition


def test_a_gone_fact_breaks_the_segment_loudly(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    make_reader(assembly)
    segment = make_segment(assembly, {"not": {"marketing.clicks": {"ge": 1}}})
    assert "Ada Lovelace" in client.get(f"/marketing/segments/{segment}").text
    assembly.facts = {}
    page = client.get(f"/marketing/segments/{segment}").text
    assert "finds nobody" in page
    assert "Ada Lovelace" not in page


def test_a_campaign_from_draft_to_sent_by_its_pages(client: Client, assembly: Assembly) -> None:
    make_reader(assembly)
    user_id = signed_in(client)
    segment = make_segment(assembly)
    form = {
        "name": "Spring",
        "segment": str(segment),
        "purpose": "newsletter",
        "subject": "Hi {customer.given_name}",
    }
    wrong = client.post("/marketing/campaigns/new", data={**form, "body": "{customer.password}"})
    assert wrong.status_code == 422
    assert "no merge field" in wrong.text
    with smtp_sink() as sink:
        made = client.post(
            "/marketing/campaigns/new", data={**form, "body": "Dear {customer.name}, https://firm.example"}
        )
        at = made.headers["location"]
        assert "No mailbox sends" in client.get(at).text
        assert client.post(f"{at}/send").status_code == 422
        make_mailbox(assembly, sink.port)
        assert 'value="Spring"' in client.get(f"{at}/edit").text
        preview = client.get(f"{at}/preview").text
        assert "Hi Ada" in preview
        assert "Dear Ada Lovelace" in preview
        body = client.get(f"{at}/preview/1")
        assert body.headers["content-security-policy"].startswith("sandbox")
        assert client.get(f"{at}/preview/999").status_code == 404
        assert client.post(f"{at}/test", data={"customer": "1"}).status_code == 303
        assert "Nobody is left out" in client.get(f"{at}/send").text
        assert client.post(f"{at}/send").status_code == 303
        assert client.post(f"{at}/send").status_code == 409
        assert client.post(f"{at}/edit", data=form).status_code == 422
        assert sending.send_due(assembly) == 1
        page = client.get(at).text
        assert "1 recipients: together the whole segment" in page
        assert "Ada Lovelace" in client.get(f"{at}/recipients?state=handed&reason=").text
        assert "Nobody here" in client.get(f"{at}/recipients?state=bounced&reason=").text
        assert client.get("/marketing/campaigns").status_code == 200
    with assembly.database.read() as session:
        t = table(MailLedger)
        purposes = session.execute(select(t.c.purpose).order_by(t.c.id)).scalars().all()
    assert purposes == ["contract", "promotion"]
    assert user_id
    assert "Spring" in client.get("/customers/1").text
    assert "Spring" in client.get("/").text


def test_sending_is_a_right_of_its_own(client: Client, assembly: Assembly) -> None:
    make_reader(assembly)
    make_mailbox(assembly)
    campaign_id = make_campaign(assembly, started=False)
    signed_in(client, "user", "Sales")
    assert client.post(f"/marketing/campaigns/{campaign_id}/send").status_code == 403
    assert client.get(f"/marketing/campaigns/{campaign_id}").status_code == 404  # another's
    assert state_of(assembly, campaign_id).state == "draft"
    assert rows_of(assembly, campaign_id) == {}


def test_a_form_is_put_together_on_its_page(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    form = {
        "name": "Contact", "slug": "contact", "title": "Write to us", "active": "true", "enquiry": "true",
        "kind-0": "name", "label-0": "Your name", "required-0": "true", "kind-1": "choice", "label-1": "What?",
        "choices-1": "One, Two",
    }  # fmt: skip
    assert client.post("/marketing/forms/new", data={**form, "slug": "No Way"}).status_code == 422
    assert client.post("/marketing/forms/new", data={**form, "choices-1": "One"}).status_code == 422
    made = client.post("/marketing/forms/new", data=form)
    assert made.status_code == 303, made.text
    again = client.post("/marketing/forms/new", data=form)
    assert "Another form has this address" in again.text
    with assembly.database.read() as session:
        asks = session.execute(select(table(Form).c.asks)).scalar_one()
    assert json.loads(json.dumps(asks)) == [
        {"kind": "name", "label": "Your name", "required": True},
        {"kind": "choice", "label": "What?", "required": False, "choices": ["One", "Two"]},
    ]
    at = made.headers["location"]
    assert "/f/contact" in client.get(at).text
    assert client.get(f"{at}/edit").status_code == 200
    assert "Your name" in client.get("/f/contact").text


def test_the_list_of_the_silent_can_be_kept_by_hand(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    sent = client.post("/marketing/suppressions/new", data={"address": "Ada@Example.com", "reason": "asked"})
    assert sent.status_code == 303
    assert "ada@example.com" in client.get("/marketing/suppressions").text


def test_health_says_what_is_wrong(assembly: Assembly) -> None:
    from patron_marketing.services.overview import HEALTH

    make_segment(assembly)
    with working(assembly) as ctx:
        assert [check.run(ctx) for check in HEALTH] == [None] * len(HEALTH)
        t = table(Segment)
        ctx.session.execute(t.update().values(broken="“x” cannot be filtered by."))
        assert [check.name for check in HEALTH if check.run(ctx)] == ["segments_whole"]
