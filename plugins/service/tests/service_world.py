"""Steps that several of service's tests take."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from patron import Context, mailflow, table
from patron.assembly import Assembly
from patron.interactions.mailflow import mailboxes
from patron.interactions.models import Mailbox
from patron.testing.faces import working
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from patron_service.models import Ticket
from patron_service.services import tickets
from sqlalchemy import select

SUPPORT = "support@firm.example"


def make_mailbox(assembly: Assembly, **values: str) -> Mailbox:
    """The mailbox that service handles."""
    given = {
        "name": "Support", "address": SUPPORT, "active": "true", "module": "service", "smtp_host": "127.0.0.1",
        "smtp_security": "none",
    }  # fmt: skip
    with working(assembly) as ctx:
        return mailboxes.save_mailbox(ctx, {**given, **values})


def message(sender: str, text: str = "It is broken.", subject: str = "Broken chair", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, SUPPORT, subject
    mail["Message-ID"] = headers.pop("message_id", f"<{abs(hash((sender, text)))}@elsewhere.example>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def drain(assembly: Assembly) -> None:
    """Deliver every due event, as the worker does."""
    Drain(assembly, Watch(lambda _: None, 60.0)).run()


def take_in(assembly: Assembly, mailbox: Mailbox, raw: bytes) -> mailflow.Received:
    """Take a mail in and let its handlers run."""
    with working(assembly) as ctx:
        taken = mailflow.receive(ctx, raw, mailbox)
    drain(assembly)
    return taken


def all_tickets(assembly: Assembly) -> list[Any]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(Ticket)).order_by(table(Ticket).c.id)).all())


def open_ticket(assembly: Assembly, opening: tickets.Opening | None = None, **values: Any) -> int:
    """A ticket made as the system. Returns its id."""
    with working(assembly) as ctx:
        return tickets.open_ticket(
            ctx, {"subject": "Broken chair", "description": "A leg is off.", **values}, opening
        ).key


def texts(assembly: Assembly, thread_id: int) -> list[str]:
    with assembly.database.read() as session:
        return [touch.text for touch in mailflow.conversation(Context(session, assembly), thread_id)]
