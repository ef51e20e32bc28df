"""What service does by plugin_disabled, plugin_enabled and export_customer."""

from __future__ import annotations

from patron import Mailbox, interactions, table
from patron.assembly import Assembly
from patron.interactions.mailflow import mailboxes
from patron.system import plugins_service
from patron.testing.faces import make_customer, working
from patron_service.services import duties, tickets
from sqlalchemy import select


def active(assembly: Assembly) -> dict[str, bool]:
    t = table(Mailbox)
    with assembly.database.read() as session:
        return {row.name: row.active for row in session.execute(select(t.c.name, t.c.active))}


def test_mailboxes_rest_with_the_module_and_only_those(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        for name, module, on in (
            ("Help", "service", "true"),
            ("Off", "service", ""),
            ("Office", "core", "true"),
        ):
            values = {"name": name, "address": "a@firm.example", "module": module, "active": on}
            mailboxes.save_mailbox(ctx, {**values, "imap_host": "127.0.0.1"})
    with working(assembly) as ctx:
        plugins_service.disable(ctx, "service")
    assert active(assembly) == {"Help": False, "Off": False, "Office": True}
    with working(assembly) as ctx:
        plugins_service.enable(ctx, "service")
    assert active(assembly) == {"Help": True, "Off": False, "Office": True}


def test_notes_in_a_persons_tickets_are_reported(assembly: Assembly) -> None:
    ada = make_customer(assembly)
    with working(assembly) as ctx:
        ticket = tickets.open_ticket(ctx, {"subject": "Broken chair", "customer": ada})
        interactions.log(
            ctx,
            "note",
            (),
            direction="out",
            subject="Broken chair",
            body="Third time.",
            thread_id=ticket.thread_id,
        )
        (note,) = duties.report(ctx, ada)["ticket_notes"]
    assert (note["number"], note["body"]) == (ticket.number, "Third time.")
