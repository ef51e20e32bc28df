"""Mail that our people write in other programs: from folders of sent mail, and by copies to a secret address."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from patron.accounts.models import Audit, AuditValue, User
from patron.assembly import Assembly
from patron.context import Context
from patron.interactions import mailflow
from patron.interactions.mailflow import mailboxes, own
from patron.interactions.mailflow.polling import poll
from patron.interactions.models import Interaction, Mail, Mailbox, Participant, TimelineEntry
from patron.records import table
from patron.resources import editing
from patron.testing.faces import working
from patron.testing.mail import ImapServer, imap_server
from sqlalchemy import select

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with imap_server() as made:
        yield made


def set_up(assembly: Assembly, server: ImapServer | None = None, **more: str) -> Mailbox:
    """Ada, a customer; Bob, a user; a mailbox."""
    values = {
        "name": "Office", "address": "office@firm.example", "active": "true", "imap_host": "127.0.0.1",
        "imap_security": "none", **more,
    }  # fmt: skip
    if server is not None:
        values |= {
            "imap_port": str(server.port),
            "imap_username": server.username,
            "imap_password": server.password,
        }
    with working(assembly) as ctx:
        editing.create(
            ctx, assembly.resource("customers"), {"kind": "person", "name": "Ada", "emails": [ADA]}
        )
        user = User(email="bob@firm.example", name="Bob")
        ctx.session.add(user)
        ctx.session.flush()
        if more.get("owner"):
            values["owner"] = str(user.key)
        return mailboxes.save_mailbox(ctx, values)


def bob(ctx: Context) -> int:
    return int(ctx.session.execute(select(table(User).c.id).where(table(User).c.name == "Bob")).scalar_one())


def message(sender: str, to: str, text: str = "Twenty chairs.", more: str = "", number: int = 1) -> bytes:
    head = f"From: {sender}\nTo: {to}\nMessage-ID: <m{number}@firm.example>\nSubject: Chairs\n{more}"
    return f"{head}\n{text}\n".encode()


def take_in(assembly: Assembly, raw: bytes) -> mailflow.Received:
    with working(assembly) as ctx:
        return mailflow.receive(ctx, raw, ctx.session.get_one(Mailbox, 1))


def lines(assembly: Assembly) -> list[tuple[str, str, str]]:
    with assembly.database.read() as session:
        t, i = table(TimelineEntry), table(Interaction)
        rows = session.execute(
            select(t.c.actor_name, i.c.direction, i.c.visibility)
            .select_from(t.join(i, i.c.id == t.c.interaction_id))
            .where(t.c.kind == "core.email")
            .order_by(t.c.id)
        )
        return [tuple(row) for row in rows]


def test_a_copy_to_the_secret_address_goes_on_the_timeline_under_its_writers_name(assembly: Assembly) -> None:
    set_up(assembly)
    with working(assembly) as ctx:
        secret = own.address_of(ctx, bob(ctx))
    assert secret.startswith("office+log-")
    raw = message("Bob <bob@firm.example>", ADA, more=f"Delivered-To: {secret.upper()}\n")
    first, again = take_in(assembly, raw), take_in(assembly, raw)
    assert (first.interaction_id is not None, again.interaction_id) == (True, None)
    assert lines(assembly) == [("Bob", "out", "all")]
    answer = take_in(
        assembly, message(ADA, "bob@firm.example", "Yes.", "In-Reply-To: <m1@firm.example>\n", 2)
    )
    assert answer.thread_id == first.thread_id
    shown = take_in(assembly, message("bob@firm.example", f"{ADA}, {secret}", "More.", number=3))
    with assembly.database.read() as session:
        p = table(Participant)
        who = select(p.c.address).where(p.c.interaction_id == shown.interaction_id, p.c.part == "to")
        assert session.execute(who).scalars().all() == [ADA]


def test_who_learns_of_the_address_writes_nobodys_history(assembly: Assembly) -> None:
    set_up(assembly)
    with working(assembly) as ctx:
        secret = own.address_of(ctx, bob(ctx))
    taken = take_in(assembly, message("eve@evil.example", ADA, more=f"Delivered-To: {secret}\n"))
    assert lines(assembly)[0][1] == "in"
    assert taken.interaction_id is not None
    with working(assembly) as ctx:
        newer = own.address_of(ctx, bob(ctx), anew=True)
    assert newer != secret
    take_in(assembly, message("bob@firm.example", ADA, "Old.", f"Delivered-To: {secret}\n", 2))
    assert [line[1] for line in lines(assembly)] == ["in", "in"]


def test_what_lies_in_the_folder_of_sent_mail_is_taken_in_once(
    assembly: Assembly, server: ImapServer
) -> None:
    name = f"Sent {time.monotonic_ns()}"
    server.make_folder(name)
    set_up(assembly, server, imap_sent_folder=name, imap_folder=name)
    # Bob is no party of the thread that he answers in from his own program, and joins it all the same.
    asked = take_in(assembly, message(ADA, "office@firm.example", "How many?", number=1))
    server.append(message("office@firm.example", ADA, "Twenty.", "In-Reply-To: <m1@firm.example>\n", 2), name)
    with (
        assembly.database.write() as session
    ):  # the same folder twice: what one place took in, the other knows
        box = session.get_one(Mailbox, 1)
        box.settings = {**box.settings, "imap": {**box.settings["imap"], "folder": "INBOX"}}
        session.add(box)
    assert (poll(assembly), poll(assembly)) == (1, 0)
    assert [line[1] for line in lines(assembly)] == ["in", "out"]
    with assembly.database.read() as session:
        threads = session.execute(select(table(Interaction).c.thread_id)).scalars().all()
        assert set(threads) == {asked.thread_id}
        box = session.get_one(Mailbox, 1)
        assert box.sent_uid > 0
        assert (box.last_error, box.fetched) == ("", 1)


def test_a_persons_own_mailbox_shows_customers_mail_to_whom_it_says_and_no_other_mail(
    assembly: Assembly,
) -> None:
    set_up(assembly, owner="bob", visibility="private")
    assert take_in(assembly, message(ADA, "bob@firm.example")).interaction_id is not None
    private = take_in(assembly, message("wife@home.example", "bob@firm.example", "Dinner?", number=2))
    assert private.mail_id == 0
    assert lines(assembly) == [("Bob", "in", "private")]
    with assembly.database.read() as session:
        assert len(session.execute(select(table(Mail).c.id)).all()) == 1


def test_who_sees_the_mail_of_a_mailbox_and_where_it_goes_is_audited(assembly: Assembly) -> None:
    box = set_up(assembly, owner="bob", visibility="private")
    with working(assembly) as ctx:
        values = mailboxes.mailbox_values(box) | {"visibility": "all", "smtp_host": "smtp.example.com"}
        mailboxes.save_mailbox(ctx, values, box.key)
        a, v = table(Audit), table(AuditValue)
        said = select(v.c.was, v.c.became).join(a, a.c.id == v.c.audit_id).where(a.c.resource == "mailboxes")
        newest = ctx.session.execute(said.order_by(a.c.id.desc()).limit(1)).one()
    assert (newest.was["visibility"], newest.became["visibility"]) == ("private", "all")
    assert newest.became["smtp"] == "smtp.example.com"


def test_what_its_writer_copies_to_their_own_mailbox_is_kept_whoever_it_went_to(assembly: Assembly) -> None:
    set_up(assembly, owner="bob", visibility="private")
    with working(assembly) as ctx:
        secret = own.address_of(ctx, bob(ctx))
    raw = message("bob@firm.example", "new@prospect.example", more=f"Delivered-To: {secret}\n")
    assert take_in(assembly, raw).interaction_id is not None
