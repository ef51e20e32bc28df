"""Tickets from mail: opened, threaded, held back, answered, bounced; from real servers to real servers."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

from patron import Customer, files, mailflow, table
from patron.assembly import Assembly
from patron.interactions.mailflow.polling import poll
from patron.interactions.mailflow.sending import deliver
from patron.interactions.models import Mail, TimelineEntry
from patron.testing.faces import make_customer, working
from patron.testing.mail import imap_server, smtp_sink
from patron_service.services import conversation, tickets
from service_world import SUPPORT, all_tickets, drain, make_mailbox, message, open_ticket, take_in, texts
from sqlalchemy import func, select


def reply(assembly: Assembly, ticket_id: int, text: str, to: str) -> None:
    with working(assembly) as ctx:
        conversation.reply(ctx, tickets.load(ctx, ticket_id), text, to=to)


def test_from_a_real_mailbox_to_an_answer_and_back_into_the_ticket(assembly: Assembly) -> None:
    assembly.settings = replace(assembly.settings, plugins={"service": {"ask_satisfaction": False}})
    ada = make_customer(assembly, emails=["ada@example.com"])
    with imap_server() as server, smtp_sink() as sink:
        make_mailbox(
            assembly, imap_host=server.host, imap_port=str(server.port), imap_security="none",
            imap_username=server.username, imap_password=server.password, smtp_port=str(sink.port),
        )  # fmt: skip
        server.append(message("Ada Lovelace <ada@example.com>"))
        assert poll(assembly) == 1
        drain(assembly)
        [ticket] = all_tickets(assembly)
        assert (ticket.subject, ticket.status, ticket.channel) == ("Broken chair", "new", "email")
        assert (ticket.customer_id, ticket.contact_id) == (ada, ada)
        reply(assembly, ticket.id, "We bring a new one.", "ada@example.com")
        assert deliver(assembly) == 1
        [sent] = sink.messages
        assert sent.recipients == ("ada@example.com",)
        [sent_id] = [
            line[12:].strip().decode() for line in sent.raw.splitlines() if line.startswith(b"Message-ID: ")
        ]
        with working(assembly) as ctx:
            tickets_resource = ctx.assembly.resource("service.tickets")
            from patron import editing

            editing.change(ctx, tickets_resource, ticket.id, {"status": "solved"})
        server.append(message("ada@example.com", "It wobbles.", "Something else", In_Reply_To=sent_id))
        assert poll(assembly) == 1
        drain(assembly)
    [ticket] = all_tickets(assembly)
    assert ticket.status == "open"
    assert ticket.first_responded_at is not None
    assert texts(assembly, ticket.thread_id) == ["It is broken.", "We bring a new one.", "It wobbles."]
    with assembly.database.read() as session:
        kinds = (
            session.execute(select(table(TimelineEntry).c.kind).order_by(table(TimelineEntry).c.id))
            .scalars()
            .all()
        )
    assert kinds == [
        "core.email", "service.ticket.opened", "core.email", "service.ticket.solved", "core.email",
        "service.ticket.reopened",
    ]  # fmt: skip


def test_a_stranger_is_held_back_until_released(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("ada@example.com", message_id="<one@example.com>"))
    held = take_in(
        assembly, mailbox, message("eve@example.net", "Send it to me.", In_Reply_To="<one@example.com>")
    )
    [ticket] = all_tickets(assembly)
    assert ticket.status == "new"
    with working(assembly) as ctx:
        mailflow.start_thread(ctx, held.interaction_id or 0)
    drain(assembly)
    first, second = all_tickets(assembly)
    assert second.requester_email == "eve@example.net"
    assert texts(assembly, first.thread_id) == ["It is broken."]


def test_a_mail_taken_out_of_a_tickets_thread_opens_its_own_and_takes_its_files_along(
    assembly: Assembly,
) -> None:
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("ada@example.com", message_id="<one@example.com>"))
    part = EmailMessage()
    part["From"], part["To"], part["Subject"] = "ada@example.com", SUPPORT, "Quite another matter"
    part["In-Reply-To"] = "<one@example.com>"
    part.set_content("My invoice is wrong.")
    part.add_attachment(b"%PDF-", "application", "pdf", filename="invoice.pdf")
    stray = take_in(assembly, mailbox, part.as_bytes())
    [ticket] = all_tickets(assembly)
    with working(assembly) as ctx:
        assert len(files.attachments(ctx, "service.tickets", ticket.id)) == 1
        mailflow.take_out(ctx, stray.interaction_id or 0)
    drain(assembly)
    first, second = all_tickets(assembly)
    assert second.subject == "Quite another matter"
    with working(assembly) as ctx:
        assert files.attachments(ctx, "service.tickets", first.id) == []
        assert len(files.attachments(ctx, "service.tickets", second.id)) == 1


def test_an_unknown_sender_is_no_customer_until_someone_says_so(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("New Person <new@example.com>"))
    [ticket] = all_tickets(assembly)
    assert (ticket.customer_id, ticket.requester_name) == (None, "New Person")
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(Customer))).scalar_one() == 0
    with working(assembly) as ctx:
        made = conversation.create_requester(ctx, tickets.load(ctx, ticket.id), {"name": "New Person"})
    [ticket] = all_tickets(assembly)
    assert (ticket.customer_id, ticket.contact_id) == (made, made)
    take_in(assembly, mailbox, message("new@example.com", "And another thing.", "Other"))
    assert all_tickets(assembly)[1].contact_id == made


def test_automatic_replies_open_and_reopen_nothing(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("robot@example.com", Auto_Submitted="auto-replied"))
    assert all_tickets(assembly) == []
    take_in(assembly, mailbox, message("ada@example.com", message_id="<one@example.com>"))
    [ticket] = all_tickets(assembly)
    with working(assembly) as ctx:
        from patron import editing

        editing.change(ctx, ctx.assembly.resource("service.tickets"), ticket.id, {"status": "pending"})
    away = message(
        "ada@example.com", "I am away.", In_Reply_To="<one@example.com>", Auto_Submitted="auto-replied"
    )
    take_in(assembly, mailbox, away)
    assert all_tickets(assembly)[0].status == "pending"


def test_mail_for_another_module_opens_no_ticket(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly, module="core")
    take_in(assembly, mailbox, message("ada@example.com"))
    assert all_tickets(assembly) == []


def test_an_answer_that_bounces_opens_the_ticket_again(assembly: Assembly) -> None:
    with smtp_sink() as sink:
        make_mailbox(assembly, smtp_port=str(sink.port))
        ticket_id = open_ticket(
            assembly, tickets.Opening(email="gone@example.com"), channel="email", status="pending"
        )
        reply(assembly, ticket_id, "Hello", "gone@example.com")
        sink.refuse = {"gone@example.com": "550 5.1.1 unknown user"}
        deliver(assembly)
    drain(assembly)
    assert all_tickets(assembly)[0].status == "open"


def test_what_a_mail_brings_along_is_read_with_the_ticket(assembly: Assembly) -> None:
    from email.message import EmailMessage

    from patron import files

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ada@example.com", SUPPORT, "See the picture"
    mail.set_content("Here.")
    mail.add_attachment(b"%PDF-1.4 x", "application", "pdf", filename="../../<b>evil</b>.pdf")
    take_in(assembly, make_mailbox(assembly), mail.as_bytes())
    [ticket] = all_tickets(assembly)
    with working(assembly) as ctx:
        [found] = files.attachments(ctx, "service.tickets", ticket.id)
    assert "/" not in found["name"]
    assert found["content_type"] == "application/pdf"


def test_the_same_event_twice_makes_one_ticket(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    taken = take_in(assembly, mailbox, message("ada@example.com"))
    from patron import Event, utc_now
    from patron_service.services import intake

    payload = {
        "interaction_id": taken.interaction_id, "thread_id": taken.thread_id, "mailbox_id": mailbox.key,
        "module": "service", "quarantined": False, "auto_reply": False,
    }  # fmt: skip
    with working(assembly) as ctx:
        intake.on_mail_received(ctx, Event(99, "mail.received", utc_now(), None, payload, {}))
    assert len(all_tickets(assembly)) == 1
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(Mail))).scalar_one() == 1
