"""Mail taken in and sent through the database, against real servers, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.db import Database
from patron.errors import Invalid
from patron.interactions import mailflow
from patron.interactions.mail.parsed import Address
from patron.interactions.mailflow import mailboxes, sending
from patron.interactions.mailflow.polling import poll, poll_mailbox, take_in_again
from patron.interactions.models import Interaction, Mail, Mailbox, MailLedger, Participant, TimelineEntry
from patron.records import table, utc_now
from patron.resources import editing
from patron.settings import Settings
from patron.testing.mail import ImapServer, imap_server, smtp_sink
from sqlalchemy import select, update

SUPPORT = "support@firm.example"


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    made = assemble(
        Settings(database_url=database.url, secret_key="of-a-test", modules=(), folder=str(tmp_path))
    )
    yield made
    made.database.dispose()


@contextmanager
def working(assembly: Assembly) -> Iterator[Context]:
    with assembly.database.write() as session:
        yield Context(session, assembly)


def rows(assembly: Assembly, model: Any) -> list[Any]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(model)).order_by(table(model).c.id)).all())


def make_mailbox(assembly: Assembly, **values: str) -> Mailbox:
    given = {
        "name": "Support",
        "address": SUPPORT,
        "active": "true",
        "smtp_host": "127.0.0.1",
        "smtp_security": "none",
    }
    with working(assembly) as ctx:
        return mailboxes.save_mailbox(ctx, {**given, **values})


def make_customer(assembly: Assembly, name: str, email: str, kind: str = "person") -> int:
    with working(assembly) as ctx:
        values = {"kind": kind, "name": name, "emails": [email]}
        return int(editing.create(ctx, assembly.resource("customers"), values).key)


def message(sender: str, text: str = "Hello", subject: str = "Broken chair", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, SUPPORT, subject
    mail["Message-ID"] = headers.pop(
        "message_id", f"<{abs(hash((sender, text, subject)))}@elsewhere.example>"
    )
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def take_in(assembly: Assembly, mailbox: Mailbox, raw: bytes) -> mailflow.Received:
    with working(assembly) as ctx:
        return mailflow.receive(ctx, raw, mailbox)


def ledger_state(assembly: Assembly) -> list[str]:
    return [row.state for row in rows(assembly, MailLedger)]


def make_due(assembly: Assembly) -> None:
    with assembly.database.write() as session:
        session.execute(update(table(MailLedger)).values(due_at=utc_now() - timedelta(seconds=1)))


def test_a_mail_is_taken_in_once_and_stands_on_the_timeline_of_its_sender(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    ada = make_customer(assembly, "Ada Lovelace", "ada@example.com")
    raw = message("Ada <ada@example.com>")
    first, again = take_in(assembly, mailbox, raw), take_in(assembly, mailbox, raw)
    rerouted = take_in(assembly, mailbox, b"Received: by elsewhere\r\n" + raw)
    assert first.interaction_id is not None
    assert (again.interaction_id, rerouted.interaction_id) == (None, None)
    assert [(row.customer_id, row.title) for row in rows(assembly, TimelineEntry)] == [(ada, "Broken chair")]
    assert len(rows(assembly, Mail)) == 1


def test_another_mail_under_a_known_id_is_not_swallowed(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    take_in(assembly, mailbox, message("ada@example.com", "first", message_id="<same@example.com>"))
    other = take_in(
        assembly, mailbox, message("mallory@example.net", "second", message_id="<same@example.com>")
    )
    assert other.interaction_id is not None


def test_only_an_address_of_ones_own_names_a_person(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    firm = make_customer(assembly, "Analytical Engines Ltd", "info@engines.example", "organisation")
    make_customer(assembly, "Charles", "info@engines.example")
    take_in(assembly, mailbox, message("info@engines.example"))
    take_in(assembly, mailbox, message("unknown@example.net", "who am I"))
    senders = [row for row in rows(assembly, Participant) if row.part == "from"]
    assert [row.customer_id for row in senders] == [firm, None]
    assert senders[1].resolved_because == "nobody known has this address"


def test_a_reply_joins_and_a_stranger_with_the_same_reference_is_held_back(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    make_customer(assembly, "Ada Lovelace", "ada@example.com")
    make_customer(assembly, "Mallory", "mallory@example.net")
    first = take_in(assembly, mailbox, message("ada@example.com", message_id="<one@example.com>"))
    reply = take_in(assembly, mailbox, message("ada@example.com", "more", In_Reply_To="<one@example.com>"))
    forged = take_in(
        assembly, mailbox, message("mallory@example.net", "evil", In_Reply_To="<one@example.com>")
    )
    as_us = take_in(assembly, mailbox, message(SUPPORT, "evil too", In_Reply_To="<one@example.com>"))
    assert reply.thread_id == first.thread_id
    assert (forged.quarantined, as_us.quarantined) == (True, True)
    assert "takes no part" in forged.reason
    assert len(rows(assembly, TimelineEntry)) == 2  # Ada's two; nothing of what is held back


def test_a_loop_is_seen_by_counting_and_a_busy_writer_is_none(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    for number in range(9):
        take_in(assembly, mailbox, message("robot@example.net", f"We got it, {number}.", "Re: Your request"))
        take_in(assembly, mailbox, message("ada@example.com", "See attached.", f"Invoice {number}"))
    marked = [row.auto_reply for row in rows(assembly, Mail)]
    assert [bool(rule) for rule in marked[0::2]] == [False] * 7 + [True] * 2
    assert marked[-2] == "a loop: 9 mails of this sender about this within an hour"
    assert not any(marked[1::2])


def test_what_is_held_back_is_released_or_given_its_own_thread(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    mallory = make_customer(assembly, "Mallory", "mallory@example.net")
    first = take_in(assembly, mailbox, message("ada@example.com", message_id="<one@example.com>"))
    held = take_in(assembly, mailbox, message("mallory@example.net", "b", In_Reply_To="<one@example.com>"))
    other = take_in(assembly, mailbox, message("eve@example.net", "c", In_Reply_To="<one@example.com>"))
    with working(assembly) as ctx:
        released = mailflow.release(ctx, held.interaction_id or 0)
        apart = mailflow.start_thread(ctx, other.interaction_id or 0)
    assert released.thread_id == first.thread_id
    assert apart.thread_id != first.thread_id
    assert [row.customer_id for row in rows(assembly, TimelineEntry)] == [mallory]
    later = take_in(assembly, mailbox, message("mallory@example.net", "d", In_Reply_To="<one@example.com>"))
    assert not later.quarantined
    with working(assembly) as ctx, pytest.raises(Invalid):
        mailflow.release(ctx, held.interaction_id or 0)


def test_a_mail_leaves_the_wrong_thread_with_its_answers_and_comes_back(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    make_customer(assembly, "Ada Lovelace", "ada@example.com")
    ids = {}
    for name, answered in (("a", ""), ("b", "a"), ("c", "b"), ("d", "a")):
        more = {"In_Reply_To": f"<{answered}@x.test>"} if answered else {}
        raw = message("ada@example.com", f"text {name}", message_id=f"<{name}@x.test>", **more)
        ids[name] = take_in(assembly, mailbox, raw).interaction_id or 0
    with working(assembly) as ctx:
        made = mailflow.take_out(ctx, ids["b"])
    threads = {row.id: row.thread_id for row in rows(assembly, Interaction)}
    old = threads[ids["a"]]
    assert [threads[ids[name]] for name in "abcd"] == [old, made, made, old]
    assert {row.interaction_id: row.thread_id for row in rows(assembly, TimelineEntry)} == threads
    later = take_in(assembly, mailbox, message("ada@example.com", "more", In_Reply_To="<c@x.test>"))
    assert later.thread_id == made
    with working(assembly) as ctx, pytest.raises(Invalid):
        mailflow.take_out(ctx, ids["b"])  # alone with its answers
    with working(assembly) as ctx:
        mailflow.put_into(ctx, ids["b"], old)
    assert {row.thread_id for row in rows(assembly, Interaction)} == {old}
    assert "Put into this thread" in rows(assembly, Interaction)[1].joined_because


def test_secrets_are_stored_sealed_and_kept_when_left_empty(assembly: Assembly) -> None:
    mailbox = make_mailbox(
        assembly, imap_host="imap.example", imap_password="canary-imap", smtp_password="canary-smtp"
    )
    assert "canary" not in repr(rows(assembly, Mailbox))
    assert "canary" not in repr(mailboxes.mailbox_values(mailbox))
    with working(assembly) as ctx:
        mailboxes.save_mailbox(
            ctx,
            {**mailboxes.mailbox_values(mailbox), "imap_password": "", "smtp_password": "canary-new"},
            mailbox.key,
        )
    with working(assembly) as ctx:
        changed = mailboxes.load_mailbox(ctx, mailbox.key)
    fetching, out = mailboxes.imap_settings(assembly, changed), mailboxes.smtp_settings(assembly, changed)
    assert fetching is not None
    assert out is not None
    assert (fetching.password, out.password) == ("canary-imap", "canary-new")


def queue(assembly: Assembly, mailbox: Mailbox, *to: str, **options: Any) -> Interaction:
    with working(assembly) as ctx:
        recipients = [Address("", address) for address in to]
        return mailflow.queue_mail(ctx, mailbox.key, recipients, "Your chair", "It is repaired.", **options)


def test_a_mail_goes_out_and_the_answer_comes_back_into_its_thread(assembly: Assembly) -> None:
    ada = make_customer(assembly, "Ada Lovelace", "ada@example.com")
    with smtp_sink() as sink:
        mailbox = make_mailbox(assembly, smtp_port=str(sink.port))
        sent = queue(assembly, mailbox, "ada@example.com")
        assert mailflow.deliver(assembly) == 1
        assert mailflow.deliver(assembly) == 0
    assert ledger_state(assembly) == ["handed"]
    [mail] = sink.messages
    assert mail.envelope_from == SUPPORT
    answer = message("ada@example.com", "Thanks", In_Reply_To=rows(assembly, Mail)[0].message_id)
    assert take_in(assembly, mailbox, answer).thread_id == sent.thread_id
    assert [row.customer_id for row in rows(assembly, TimelineEntry)] == [ada, ada]
    assert take_in(assembly, mailbox, mail.raw).interaction_id is None  # our own copy


def test_refusals_deferrals_and_doubt_are_each_told_apart(assembly: Assembly) -> None:
    with smtp_sink() as sink:
        mailbox = make_mailbox(assembly, smtp_port=str(sink.port))
        make_customer(assembly, "Gone", "gone@example.com")
        sink.refuse = {
            "gone@example.com": "550 5.1.1 unknown user",
            "full@example.com": "451 4.2.2 try later",
        }
        queue(assembly, mailbox, "gone@example.com", "full@example.com", "ada@example.com")
        mailflow.deliver(assembly)
        assert ledger_state(assembly) == ["bounced", "deferred", "handed"]
        sink.refuse = {}
        make_due(assembly)
        mailflow.deliver(assembly)
    assert ledger_state(assembly) == ["bounced", "handed", "handed"]
    assert [row.kind for row in rows(assembly, TimelineEntry)] == ["core.email", "core.mail.bounced"]


@pytest.mark.parametrize(("purpose", "copies"), [("contract", 2), ("promotion", 1)])
def test_what_is_in_doubt_repeats_once_for_a_contract_and_never_for_promotion(
    assembly: Assembly, purpose: str, copies: int
) -> None:
    with smtp_sink() as sink:
        mailbox = make_mailbox(assembly, smtp_port=str(sink.port))
        queue(assembly, mailbox, "ada@example.com", purpose=purpose)
        for _ in range(4):
            sink.drop_after_data = True
            mailflow.deliver(assembly)
            make_due(assembly)
    assert len(sink.messages) == copies
    assert len({mail.raw for mail in sink.messages}) == 1
    assert ledger_state(assembly) == ["in_doubt"]


def test_a_worker_killed_before_the_hand_over_loses_nothing(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_sink() as sink:
        mailbox = make_mailbox(assembly, smtp_port=str(sink.port))
        queue(assembly, mailbox, "ada@example.com")
        assert len(sending._claim(assembly)) == 1  # and the process dies here
        assert mailflow.deliver(assembly) == 0
        monkeypatch.setattr(sending, "CLAIM", timedelta(seconds=-1))
        make_due(assembly)
        assert mailflow.deliver(assembly) == 1
    assert len(sink.messages) == 1


def report(message_id: str, recipient: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {SUPPORT}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <report-{abs(hash(message_id))}@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt was not delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    ).encode()


def test_a_report_of_our_mail_marks_the_address_and_a_forged_one_does_not(assembly: Assembly) -> None:
    from patron.customers.models import ContactPoint

    make_customer(assembly, "Ada Lovelace", "ada@example.com")
    with smtp_sink() as sink:
        mailbox = make_mailbox(assembly, smtp_port=str(sink.port))
        sent = queue(assembly, mailbox, "ada@example.com")
        mailflow.deliver(assembly)
    forged = take_in(assembly, mailbox, report("<guess@firm.example>", "ada@example.com"))
    assert forged.thread_id != sent.thread_id
    assert rows(assembly, ContactPoint)[0].deliverability == "unknown"
    true = take_in(assembly, mailbox, report(rows(assembly, Mail)[0].message_id, "ada@example.com"))
    assert true.thread_id == sent.thread_id
    assert rows(assembly, ContactPoint)[0].deliverability == "dead"
    assert ledger_state(assembly) == ["bounced"]


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


def fetching(server: ImapServer, **values: str) -> dict[str, str]:
    return {
        "imap_host": server.host, "imap_port": str(server.port), "imap_security": "none",
        "imap_username": server.username, "imap_password": server.password, **values,
    }  # fmt: skip


def fresh(assembly: Assembly, mailbox: Mailbox) -> Mailbox:
    with working(assembly) as ctx:
        return mailboxes.load_mailbox(ctx, mailbox.key)


def test_polling_takes_new_mail_in_once_and_survives_renumbering(
    assembly: Assembly, server: ImapServer
) -> None:
    mailbox = make_mailbox(assembly, **fetching(server))
    poll(assembly)
    known = len(rows(assembly, Mail))
    server.append(message("ada@example.com", f"poll {utc_now()}"))
    assert (poll(assembly), poll(assembly)) == (1, 0)
    with assembly.database.write() as session:
        session.execute(update(table(Mailbox)).values(uidvalidity=1))
    assert poll(assembly) == 0
    assert len(rows(assembly, Mail)) == known + 1
    status = fresh(assembly, mailbox)
    assert status.last_success_at is not None
    assert not status.last_error
    assert status.uidvalidity != 1


@pytest.mark.parametrize(("begin", "wanted"), [("all", 3), ("new", 1), ("day", 2)])
def test_fetching_begins_where_the_administrator_says(
    assembly: Assembly, server: ImapServer, begin: str, wanted: int
) -> None:
    """One message is a month old, one came today; a third comes after the first fetch."""
    folder = f"{begin} {assembly.database.dialect}"
    server.make_folder(folder)
    server.append(message("old@example.com", folder), folder, utc_now() - timedelta(days=30))
    server.append(message("today@example.com", folder), folder)
    day = (utc_now() - timedelta(days=7)).date().isoformat()
    mailbox = make_mailbox(
        assembly, **fetching(server, imap_folder=folder, begin=begin, begin_day=day), name=folder
    )
    taken = poll_mailbox(assembly, mailbox)
    server.append(message("later@example.com", folder), folder)
    assert taken + poll_mailbox(assembly, fresh(assembly, mailbox)) == wanted
    with assembly.database.write() as session:  # the server renumbers its messages
        session.execute(update(table(Mailbox)).values(uidvalidity=1))
    poll_mailbox(assembly, fresh(assembly, mailbox))
    senders = {row.address for row in rows(assembly, Participant) if row.part == "from"}
    assert ("old@example.com" in senders) == (begin == "all")


def test_a_beginning_must_be_a_day(assembly: Assembly) -> None:
    for begin, day in (("day", ""), ("day", "31.1.2026"), ("sometime", "")):
        with pytest.raises(Invalid):
            make_mailbox(assembly, imap_host="127.0.0.1", begin=begin, begin_day=day)


def test_a_failure_is_shown_without_the_password(assembly: Assembly, server: ImapServer) -> None:
    mailbox = make_mailbox(assembly, **fetching(server, imap_password="canary-wrong"))
    assert poll(assembly) == 0
    status = fresh(assembly, mailbox)
    assert "refused the sign-in" in status.last_error
    assert "canary" not in status.last_error
    found = mailboxes.test_mailbox(assembly, mailbox)
    assert not found.fetching[0]


def test_one_bad_message_stops_nothing_and_can_be_taken_in_later(
    assembly: Assembly, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = make_mailbox(assembly, **fetching(server))
    poll(assembly)
    before = len(rows(assembly, Interaction))
    for text in ("bad", "good"):
        server.append(message("ada@example.com", f"{text} {utc_now()}"))
    from patron.interactions.mailflow import polling

    def failing(ctx: Context, raw: bytes, *rest: Any, sent: bool) -> mailflow.Received:
        if b"\nbad" in raw:
            raise ZeroDivisionError
        return mailflow.receive(ctx, raw, *rest, sent=sent)

    with monkeypatch.context() as patched:
        patched.setattr(polling, "receive", failing)
        assert poll_mailbox(assembly, fresh(assembly, mailbox)) == 1
    assert "its source is kept" in fresh(assembly, mailbox).last_error
    assert len(take_in_again(assembly, mailbox)) == 1
    assert len(rows(assembly, Interaction)) == before + 2


def test_hostile_html_is_shown_under_a_policy_that_runs_nothing(assembly: Assembly) -> None:
    mailbox = make_mailbox(assembly)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "eve@example.net", SUPPORT, "<script>alert(1)</script>"
    mail.set_content("plain")
    mail.add_alternative(
        '<script>alert(1)</script><img src="cid:logo"><img src="https://track.example/x.png" onerror="alert(1)">'
        '<img src="cid:evil"><a href="javascript:alert(1)">x</a>', subtype="html",
    )  # fmt: skip
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    png = bytes.fromhex("89504e470d0a1a0a") + b"rest"
    html.add_related(png, "image", "png", cid="<logo>")
    html.add_related(b"<svg onload=alert(1)>", "image", "svg+xml", cid="<evil>")
    taken = take_in(assembly, mailbox, mail.as_bytes())
    with assembly.database.read() as session:
        closed = mailflow.mail_document(Context(session, assembly), taken.mail_id)
        asked = mailflow.mail_document(Context(session, assembly), taken.mail_id, remote=True)
    assert "data:image/png;base64," in closed.html
    for bad in ("script>alert", "onerror", "javascript:", "svg+xml;base64"):
        assert bad not in closed.html
    assert "track.example" not in closed.html
    assert "track.example" in asked.html
    assert closed.csp.startswith("sandbox allow-popups")
    assert "https:" not in closed.csp
