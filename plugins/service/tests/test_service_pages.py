"""Service's pages for staff: a ticket with its conversation, answers, notes, who asks, and what others may not do."""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.interactions.models import MailLedger
from patron.records import table
from patron.testing.faces import make_customer, signed_in
from patron_service.services import tickets
from service_world import all_tickets, make_mailbox, message, open_ticket, take_in, texts
from sqlalchemy import select

Client = TestClient[Litestar]


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # pages do not depend on the engine; what they call is tested on both


def test_every_page_answers(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    make_mailbox(assembly)
    ticket_id = open_ticket(assembly, customer=ada)
    signed_in(client)
    for path in (
        "/service/tickets", "/service/tickets/board", f"/service/tickets/{ticket_id}", "/service/tickets/new",
        f"/service/tickets/new?contact={ada}&channel=phone", f"/service/tickets/{ticket_id}/edit", "/service/queues",
        "/service/queues/new", f"/customers/{ada}", "/",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
    page = client.get(f"/customers/{ada}").text
    assert 'data-panel="service.tickets"' in page
    assert f"/service/tickets/new?contact={ada}" in page
    assert 'data-panel="service.queue"' in client.get("/").text
    client.post(f"/customers/{ada}/preferences", data={"channel": "phone"})
    assert "prefers a call" in client.get(f"/service/tickets/{ticket_id}").text


def test_a_ticket_from_a_call_is_made_with_the_form(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    user_id = signed_in(client, "user", "Service")
    form = {"subject": "Leg is off", "description": "She called.", "channel": "phone", "priority": "high"}
    assert client.post("/service/tickets/new", data=form).status_code == 303
    [ticket] = all_tickets(assembly)
    assert (ticket.owner_id, ticket.first_responded_at is not None) == (user_id, True)
    signed_in(client)
    client.post("/service/tickets/new", data={**form, "customer": str(ada)})
    assert texts(assembly, all_tickets(assembly)[1].thread_id) == ["She called."]


def test_the_api_makes_and_lists_tickets(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    made = client.post("/api/v1/service/tickets", json={"subject": "By program", "channel": "email"})
    assert made.status_code == 201, made.text
    found = client.get(
        "/api/v1/service/tickets", params={"filter": '{"status": "new"}', "sort": "first_response_due_at"}
    )
    assert [item["number"] for item in found.json()["items"]] == [all_tickets(assembly)[0].number]


def test_an_answer_goes_out_and_an_empty_one_says_what_is_missing(client: Client, assembly: Assembly) -> None:
    make_mailbox(assembly)
    ticket_id = open_ticket(assembly, tickets.Opening(email="ada@example.com"), channel="email")
    signed_in(client)
    where = f"/service/tickets/{ticket_id}/reply"
    bad = client.post(
        where, data={"kind": "reply", "to": "no address", "text": "canary-typed", "status": "pending"}
    )
    assert bad.status_code == 422
    assert "canary-typed" in bad.text
    assert all_tickets(assembly)[0].status == "new"
    injected = client.post(
        where, data={"kind": "reply", "to": "a@b.example\r\nBcc: c@d.example", "text": "x"}
    )
    assert injected.status_code == 422
    sent = client.post(
        where,
        data={
            "kind": "reply", "to": "ada@example.com", "cc": "Bob <bob@example.com>", "text": "Hi", "status": "pending",
        },
        files={"files": ("plan.pdf", b"%PDF-1.4")},
    )  # fmt: skip
    assert sent.status_code == 303
    assert all_tickets(assembly)[0].status == "pending"
    with assembly.database.read() as session:
        recipients = session.execute(select(table(MailLedger).c.recipient)).scalars().all()
    assert sorted(recipients) == ["ada@example.com", "bob@example.com"]
    page = client.get(f"/service/tickets/{ticket_id}").text
    assert "plan.pdf" in page
    assert "Waiting to be sent" in page


def test_a_note_is_kept_inside(client: Client, assembly: Assembly) -> None:
    ticket_id = open_ticket(assembly)
    signed_in(client)
    client.post(f"/service/tickets/{ticket_id}/reply", data={"kind": "note", "text": "Be kind."})
    assert "Internal note" in client.get(f"/service/tickets/{ticket_id}").text
    with assembly.database.read() as session:
        assert session.execute(select(table(MailLedger))).all() == []


def test_the_sender_is_attached_in_one_step(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    take_in(assembly, make_mailbox(assembly), message("ada@private.example"))
    [ticket] = all_tickets(assembly)
    signed_in(client)
    assert "Nobody known has this address" in client.get(f"/service/tickets/{ticket.id}").text
    done = client.post(
        f"/service/tickets/{ticket.id}/requester", data={"customer": str(ada), "remember": "true"}
    )
    assert done.status_code == 303
    assert all_tickets(assembly)[0].contact_id == ada
    assert client.get(f"/api/v1/customers/{ada}").json()["emails"] == ["ada@private.example"]
    assert "Broken chair" in client.get(f"/customers/{ada}").text


def test_what_is_held_back_is_marked_and_let_in_from_the_ticket(client: Client, assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("ada@example.com", message_id="<one@example.com>"))
    held = take_in(assembly, mailbox, message("eve@example.net", "Me too", In_Reply_To="<one@example.com>"))
    other = open_ticket(assembly)
    [ticket, _] = all_tickets(assembly)
    signed_in(client)
    assert "takes no part in it" in client.get(f"/service/tickets/{ticket.id}").text
    wrong = f"/service/tickets/{other}/held/{held.interaction_id}/release"
    assert client.post(wrong).status_code == 404
    assert client.post(f"/service/tickets/{ticket.id}/held/{held.interaction_id}/release").status_code == 303
    assert "Release into this thread" not in client.get(f"/service/tickets/{ticket.id}").text


def test_mail_and_files_are_reached_only_through_their_own_ticket(client: Client, assembly: Assembly) -> None:
    taken = take_in(assembly, make_mailbox(assembly), message("ada@example.com"))
    [ticket] = all_tickets(assembly)
    other = open_ticket(assembly)
    signed_in(client)
    shown = client.get(f"/service/tickets/{ticket.id}/mail/{taken.mail_id}")
    assert shown.status_code == 200
    assert shown.headers["content-security-policy"].startswith("sandbox")
    assert client.get(f"/service/tickets/{other}/mail/{taken.mail_id}").status_code == 404
    signed_in(client, "user", "Others")
    for path in (f"/service/tickets/{ticket.id}", f"/service/tickets/{ticket.id}/mail/{taken.mail_id}"):
        assert client.get(path).status_code == 404
    refused = client.post(f"/service/tickets/{ticket.id}/reply", data={"kind": "note", "text": "x"})
    assert refused.status_code == 404
    signed_in(client, "reader")
    assert client.post(f"/service/tickets/{ticket.id}/take").status_code == 403
