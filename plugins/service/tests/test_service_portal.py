"""The customer's tickets in the portal: theirs and nobody else's, and nothing that is the firm's own."""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Party, editing, files, interactions, mailflow
from patron.assembly import Assembly
from patron.testing.faces import make_customer, signed_in_customer, working
from patron_service.services import conversation, tickets
from service_world import all_tickets, make_mailbox, message, open_ticket, take_in, texts

Client = TestClient[Litestar]


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # pages do not depend on the engine; what they call is tested on both


def test_a_customer_opens_reads_and_answers(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    signed_in_customer(client, ada, ["tickets"])
    assert "No tickets yet" in client.get("/my/tickets").text
    assert client.get("/my/tickets/new").status_code == 200
    assert client.post("/my/tickets/new", data={"subject": "", "text": "typed"}).status_code == 422
    made = client.post(
        "/my/tickets/new", data={"subject": "Leg is off", "text": "Please help."},
        files={"files": ("leg.png", b"\x89PNG\r\n\x1a\n")},
    )  # fmt: skip
    assert made.status_code == 303
    [ticket] = all_tickets(assembly)
    assert (ticket.customer_id, ticket.channel, ticket.status, ticket.owner_id) == (ada, "web", "new", None)
    with working(assembly) as ctx:
        conversation.reply(ctx, tickets.load(ctx, ticket.id), "We send a new one.")
        editing.change(ctx, assembly.resource("service.tickets"), ticket.id, {"status": "solved"})
    page = client.get(f"/my/tickets/{ticket.id}").text
    assert "We send a new one." in page
    assert "leg.png" in page
    assert (
        client.post(f"/my/tickets/{ticket.id}/answer", data={"text": "Thanks, but when?"}).status_code == 303
    )
    [ticket] = all_tickets(assembly)
    assert ticket.status == "open"
    assert texts(assembly, ticket.thread_id) == ["Please help.", "We send a new one.", "Thanks, but when?"]
    assert ticket.number in client.get("/my/tickets").text


def test_other_customers_tickets_are_not_there(client: Client, assembly: Assembly) -> None:
    ada, bob = make_customer(assembly), make_customer(assembly, "Bob")
    theirs = open_ticket(assembly, customer=bob, subject="canary-subject")
    with working(assembly) as ctx:
        said = conversation.note(ctx, tickets.load(ctx, theirs), "x")
        file_id = files.store(ctx, "x.txt", b"canary")
        files.attach(ctx, file_id, "interactions", said.key)
    signed_in_customer(client, ada, ["tickets"])
    assert "canary" not in client.get("/my/tickets").text
    for path in (f"/my/tickets/{theirs}", f"/my/tickets/{theirs}/files/{file_id}", "/my/tickets/999"):
        assert client.get(path).status_code == 404
    assert client.post(f"/my/tickets/{theirs}/answer", data={"text": "x"}).status_code == 404
    assert len(texts(assembly, all_tickets(assembly)[0].thread_id)) == 2


def test_without_the_right_there_are_no_tickets_at_all(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    ticket_id = open_ticket(assembly, customer=ada)
    signed_in_customer(client, ada, ["orders"])
    assert client.get("/my/tickets").status_code == 404
    assert client.get(f"/my/tickets/{ticket_id}").status_code == 404
    assert client.post("/my/tickets/new", data={"subject": "x", "text": "x"}).status_code == 404


def test_notes_calls_strangers_and_others_mail_are_not_shown(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly, emails=["ada@example.com"])
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("ada@example.com", "mine-text", message_id="<one@example.com>"))
    held = {"In_Reply_To": "<one@example.com>", "Cc": "ada@example.com"}
    take_in(assembly, mailbox, message("eve@example.net", "canary-held", **held))
    [ticket] = all_tickets(assembly)
    with working(assembly) as ctx:
        loaded = tickets.load(ctx, ticket.id)
        said = conversation.note(ctx, loaded, "canary-note")
        hidden = files.store(ctx, "canary.txt", b"canary")
        files.attach(ctx, hidden, "interactions", said.key)
        call = [Party("caller", ada, "", "Ada")]
        interactions.log(ctx, "phone", call, body="canary-call", thread_id=ticket.thread_id)
        supplier = [mailflow.Address("", "supplier@example.org")]
        mailflow.queue_mail(
            ctx, mailbox.key, supplier, "Cost?", "canary-supplier", thread_id=ticket.thread_id
        )
        conversation.reply(ctx, loaded, "for-ada", to="ada@example.com")
    signed_in_customer(client, ada, ["tickets"])
    page = client.get(f"/my/tickets/{ticket.id}").text
    assert "mine-text" in page
    assert "for-ada" in page
    assert "canary" not in page
    assert client.get(f"/my/tickets/{ticket.id}/files/{hidden}").status_code == 404


def test_a_customers_account_reaches_no_page_of_staff(client: Client, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    ticket_id = open_ticket(assembly, customer=ada)
    signed_in_customer(client, ada, ["tickets"])
    for path in (f"/service/tickets/{ticket_id}", "/service/tickets"):
        assert client.get(path).headers["location"].startswith("/sign-in")
    assert client.post(f"/service/tickets/{ticket_id}/take").status_code in (303, 401)
    assert all_tickets(assembly)[0].owner_id is None
