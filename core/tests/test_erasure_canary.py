"""After an erasure the person's name is in no text of any table and in no file, wherever it was written before."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from patron import Context, editing
from patron.accounts import services
from patron.accounts.models import Account
from patron.assembly import Assembly
from patron.customers import erasing, relationships
from patron.events import publish
from patron.files import attach, store
from patron.interactions import mailflow, timeline
from patron.interactions import services as interactions
from patron.interactions.mail.parsed import Address
from patron.interactions.mailflow import mailboxes
from patron.interactions.models import Interaction, Mail, MailLedger
from patron.records import table
from patron.resources.query import Listing, read_page
from patron.system.models import File
from patron.testing.faces import working
from sqlalchemy import inspect, select, text

CANARY = "Zanzibara"
PERSON, OTHER, SUPPORT = f"{CANARY.lower()}@example.com", "other@elsewhere.example", "support@firm.example"
# Three-letter pieces of search texts, in a form of the engine's own; they go with the rows they are made of.
INDEXES = ("core_search_fts",)


@cache
def message(*cc: str, attachment: bytes = b"", body: str = "") -> bytes:
    mail = EmailMessage()
    subject = f"The chair of {CANARY} Smith" if cc else "The chair"
    mail["From"], mail["To"], mail["Subject"] = f"{CANARY} Smith <{PERSON}>", SUPPORT, subject
    mail["Cc"] = ", ".join(cc)
    mail["Message-ID"] = "<shared@example.com>" if cc else f"<{CANARY}@example.com>"
    mail.set_content(body or f"{CANARY} here: it broke.")
    mail.add_alternative(f"<p>{body or CANARY}</p>", subtype="html")
    if attachment:
        mail.add_attachment(attachment, maintype="text", subtype="plain", filename=f"{CANARY}.txt")
    return mail.as_bytes()


def fill(ctx: Context) -> tuple[int, int, int]:
    """Everything that a person leaves: returns them, their organisation, and the touch that somebody else shared."""
    customers = ctx.assembly.resource("customers")
    values = {"kind": "person", "name": f"{CANARY} Smith", "emails": [PERSON], "note": f"about {CANARY}"}
    person = editing.create(ctx, customers, values).key
    firm = editing.create(ctx, customers, {"kind": "organisation", "name": "Acme"}).key
    relationships.relate(ctx, person, firm, "works_at")
    server = {"smtp_host": "127.0.0.1", "smtp_security": "none"}
    box = mailboxes.save_mailbox(ctx, {"name": "Support", "address": SUPPORT, "active": "true", **server})
    mailflow.receive(ctx, message(attachment=f"of {CANARY}".encode()), box)
    said = f"{CANARY} Smith ({PERSON}) and I agree."
    shared = mailflow.receive(ctx, message(OTHER, body=said), box)
    again = {"subject": f"The other chair of {CANARY} Smith"}
    editing.change(ctx, ctx.assembly.resource("interactions"), shared.interaction_id, again)
    mailflow.queue_mail(
        ctx, box.key, [Address(f"{CANARY} Smith", PERSON)], f"Dear {CANARY}", f"Dear {CANARY}, done."
    )
    caller = interactions.Party("caller", person, "", CANARY)
    touch = interactions.log(ctx, "phone", [caller], subject=CANARY, body=CANARY)
    editing.change(ctx, ctx.assembly.resource("interactions"), touch.key, {"body": f"{CANARY} again"})
    timeline.add(ctx, person, "core.call", f"{CANARY} called", module="core", body=CANARY)
    timeline.add(ctx, firm, "core.call", f"{CANARY} Smith works here now", module="core")
    attach(ctx, store(ctx, f"{CANARY}.pdf", f"file of {CANARY}".encode()), "customers", person)
    publish(ctx, "customers.changed", {"id": person, "said": [CANARY]}, customer_id=person)
    editing.change(ctx, customers, person, {"note": f"{CANARY} moved"})
    services.add_account(ctx, PERSON, f"{CANARY} Smith", person, ["orders"])
    return person, firm, shared.interaction_id


def texts(assembly: Assembly) -> Iterator[tuple[str, str]]:
    """Every value of every table as text, with its place; all files too."""
    with assembly.database.read() as session:
        for name in inspect(session.connection()).get_table_names():
            if not name.startswith(INDEXES):
                for row in session.execute(text(f'SELECT * FROM "{name}"')).mappings():
                    yield from ((f"{name}.{column}", str(value)) for column, value in row.items())
    folder = assembly.settings.path(assembly.settings.files_dir)
    for path in folder.rglob("*"):
        if path.is_file():
            yield f"file {path.name[:8]}", path.read_bytes().decode("utf-8", "replace")


def places(assembly: Assembly) -> set[str]:
    return {place for place, value in texts(assembly) if CANARY.lower() in value.lower()}


def column(ctx: Context, model: Any, name: str) -> list[Any]:
    t = table(model)
    return list(ctx.session.execute(select(t.c[name]).order_by(t.c.id)).scalars())


def test_erasure_leaves_the_canary_nowhere(assembly: Assembly, tmp_path: Path) -> None:
    with working(assembly) as ctx:
        person, firm, shared = fill(ctx)
    before = places(assembly)
    expected = ("core_mail.html", "core_mail.visible_text", "core_mail.message_id", "core_mail_ledger.recipient",
                "core_file.name", "core_participant.address", "core_timeline.title", "core_outbox.payload",
                "core_search.text", "core_audit_value.became", "core_account.email", "core_interaction.body",
                "core_contact_point.value", "core_customer.name")  # fmt: skip
    assert set(expected) <= before
    assert len([place for place in before if place.startswith("file ")]) == 5
    with working(assembly) as ctx:
        erasing.erase(ctx, person)
    assert places(assembly) == set()
    with working(assembly) as ctx:
        t = table(Interaction)
        kept = ctx.session.execute(select(t.c.body).where(t.c.id == shared)).scalar_one()
        assert "and I agree." in kept, "what others took part in stays theirs"
        assert column(ctx, MailLedger, "state") == ["suppressed"], "nothing more is sent"
        assert column(ctx, Mail, "raw_file_id") == [None, None, None]
        assert column(ctx, File, "name") == []
        assert column(ctx, Account, "active") == [False]
        customers = assembly.resource("customers")
        for trashed in (False, True):
            assert read_page(ctx, customers, Listing(search=CANARY, trashed=trashed)).items == []
        assert read_page(ctx, customers, Listing(search="Acme")).items[0]["id"] == str(firm)


def test_the_same_mail_fetched_again_brings_nothing_back(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        person, *_ = fill(ctx)
    with working(assembly) as ctx:
        erasing.erase(ctx, person)
        box = ctx.session.execute(select(mailboxes.Mailbox)).scalars().one()
        mailflow.receive(ctx, message(attachment=f"of {CANARY}".encode()), box)
    assert places(assembly) == set()
