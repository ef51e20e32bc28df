"""Writing a mail from a record: filled in, sent now or later, taken back, with its state on the timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts.models import Team, TeamMember
from patron.assembly import Assembly
from patron.errors import Invalid
from patron.interactions import mailflow
from patron.interactions.mail.parsed import Address
from patron.interactions.mail.parsing import parse
from patron.interactions.mailflow import mailboxes, sending
from patron.interactions.models import Interaction, Mail, Mailbox, MailLedger, TimelineEntry
from patron.records import table, utc_now
from patron.resources import editing
from patron.testing.faces import app_client, signed_in, working
from patron.testing.mail import smtp_sink
from sqlalchemy import select, update

ADA = "ada@example.com"


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


def set_up(assembly: Assembly, port: int = 1, **more: str) -> int:
    """A mailbox of the firm and a customer; returns the customer's id."""
    values = {"name": "Office", "address": "office@firm.example", "active": "true", "smtp_host": "127.0.0.1",
              "smtp_port": str(port), "smtp_security": "none"}  # fmt: skip
    with working(assembly) as ctx:
        mailboxes.save_mailbox(ctx, {**values, **more})
        given = {"kind": "person", "name": "Ada Lovelace", "emails": [ADA]}
        return int(editing.create(ctx, assembly.resource("customers"), given).key)


def states(assembly: Assembly) -> tuple[list[str], list[str]]:
    """What the ledger says, and what stands on the timelines."""
    with assembly.database.read() as session:
        ledger = session.execute(select(table(MailLedger).c.state).order_by(table(MailLedger).c.id)).scalars()
        t = table(TimelineEntry)
        lines = session.execute(
            select(t.c.snapshot).where(t.c.kind == "core.email").order_by(t.c.id)
        ).scalars()
        return list(ledger), [line.get("delivery", "") for line in lines]


def hurry(assembly: Assembly) -> None:
    with assembly.database.write() as session:
        session.execute(update(table(MailLedger)).values(due_at=utc_now() - timedelta(seconds=1)))


def test_a_mail_is_written_from_a_customer_and_its_state_stands_on_the_timeline(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    """The page offers it by the hook ``record_actions``."""
    with smtp_sink() as sink:
        ada = set_up(assembly, sink.port)
        signed_in(client)
        page = client.get(f"/customers/{ada}")
        assert f'href="/mail/new?customer={ada}"' in page.text
        assert 'data-hotkey="m"' in page.text
        form = client.get(f"/mail/new?customer={ada}")
        assert "Ada Lovelace &lt;ada@example.com&gt;" in form.text
        given = {
            "customer": str(ada),
            "mailbox": "1",
            "to": f"Ada <{ADA}>",
            "subject": "Chairs",
            "text": "Twenty.\r\n",
        }
        sent = client.post(
            "/mail/new", data=given, files={"files": ("offer.txt", b"20 chairs", "text/plain")}
        )
        assert sent.status_code == 303
        assert states(assembly) == (["queued"], ["queued"])
        assert "Waiting to be sent" in client.get(f"/customers/{ada}").text
        assert sending.deliver(assembly) == 0  # a moment to take it back
        hurry(assembly)
        assert sending.deliver(assembly) == 1
        mail = parse(sink.messages[0].raw)
    assert (mail.subject, mail.text.strip(), mail.attachments[0].name) == ("Chairs", "Twenty.", "offer.txt")
    assert mail.from_[0].email == "office@firm.example"
    assert states(assembly) == (["handed"], ["handed"])


def test_what_goes_out_later_can_be_taken_back_until_then(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    set_up(assembly)
    signed_in(client)
    given = {"mailbox": "1", "to": ADA, "subject": "Chairs", "text": "Later."}
    assert client.post("/mail/new", data={**given, "later": "2001-01-01T08:00"}).status_code == 422
    later = (utc_now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    sent = client.post("/mail/new", data={**given, "later": later})
    where = sent.headers["location"]
    assert sending.deliver(assembly) == 0
    with assembly.database.read() as session:
        due = session.execute(select(table(MailLedger).c.due_at)).scalar_one()
    assert timedelta(days=1) < due - utc_now() < timedelta(days=3)
    back = client.post(f"{where}/recall")
    assert "Later." in client.get(back.headers["location"]).text
    hurry(assembly)
    assert sending.deliver(assembly) == 0
    assert states(assembly) == (["recalled"], ["recalled"])
    assert client.post(f"{where}/recall").status_code == 422


def test_an_answer_quotes_and_keeps_only_what_is_new(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    with smtp_sink() as sink:
        set_up(assembly, sink.port)
        raw = b"From: Ada <ada@example.com>\nMessage-ID: <q@example.com>\nSubject: Chairs\n\nHow many?\n"
        with working(assembly) as ctx:
            taken = mailflow.receive(ctx, raw, ctx.session.get_one(Mailbox, 1))
        signed_in(client)
        form = client.get(f"/mail/new?reply={taken.interaction_id}")
        assert "Re: Chairs" in form.text
        given = {
            "reply": str(taken.interaction_id),
            "mailbox": "1",
            "to": ADA,
            "subject": "Re: Chairs",
            "text": "Twenty.",
        }
        sent = client.post("/mail/new", data={**given, "quoted": "true"})
        assert sent.status_code == 303
        hurry(assembly)
        assert sending.deliver(assembly) == 1
        mail = parse(sink.messages[0].raw)
    assert mail.in_reply_to == ("<q@example.com>",)
    assert (mail.visible_text, "> How many?" in mail.text) == ("Twenty.", True)
    with assembly.database.read() as session:
        touches = session.execute(select(table(Interaction)).order_by(table(Interaction).c.id)).all()
    assert [row.thread_id for row in touches] == [taken.thread_id] * 2
    assert touches[1].body.strip() == "Twenty."


def test_a_template_is_filled_once_and_says_no_more_than_it_may(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    ada = set_up(assembly)
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource("customers"), ada, {"name": "Ada {sender}"})
        text = {"name": "Thanks", "subject": "For {name}", "body": "{salutation}, {unknown}"}
        made = editing.create(ctx, assembly.resource("mail_templates"), text)
    signed_in(client)
    page = client.get(f"/mail/new?customer={ada}&template={made.key}").text
    assert "For Ada {sender}" in page
    assert "Hello Ada {sender}, {unknown}" in page


def test_a_mailbox_of_someone_else_sends_nothing_of_mine(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    signed_in(client)  # the first user
    set_up(assembly, owner="1")
    with working(assembly) as ctx:  # and one of the whole firm, which others may use
        shared = {"name": "All", "address": "all@firm.example", "active": "true", "smtp_host": "127.0.0.1"}
        mailboxes.save_mailbox(ctx, shared)
    assert client.get("/mail/new").text.count("office@firm.example") == 1
    signed_in(client, "user", "Others")
    assert "office@firm.example" not in client.get("/mail/new").text
    given = {"mailbox": "1", "to": ADA, "subject": "Chairs", "text": "Mine."}
    assert client.post("/mail/new", data=given).status_code == 422
    assert states(assembly) == ([], [])


def test_programs_send_and_a_reader_does_not(client: TestClient[Litestar], assembly: Assembly) -> None:
    ada = set_up(assembly)
    signed_in(client)
    body = {"record": f"customers:{ada}", "subject": "Chairs", "text": "Twenty."}
    answer = client.post("/api/v1/interactions/mail", json=body)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"id", "thread", "due_at"}
    assert states(assembly)[0] == ["queued"]
    assert (
        client.post("/api/v1/interactions/mail", json={**body, "record": "customers:99"}).status_code == 404
    )
    signed_in(client, "reader", "Readers")
    assert client.post("/api/v1/interactions/mail", json=body).status_code == 403


def test_a_mail_is_seen_by_no_more_people_than_its_mailbox_and_what_it_answers(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    mine = signed_in(client, "user", "Sales")
    sales = team_of(assembly, mine)
    with working(assembly) as ctx:  # their oldest team is another one
        own_team = Team(name="Everybody", created_at=ctx.now, updated_at=ctx.now)
        ctx.session.add(own_team)
        ctx.session.flush()
        ctx.session.execute(update(table(TeamMember)).values(team_id=own_team.key))
        ctx.session.add(TeamMember(user_id=mine, team_id=sales))
    set_up(assembly, team=str(sales), visibility="team")
    given = {"to": ADA, "subject": "Chairs", "text": "Twenty."}
    assert client.post("/mail/new", data={**given, "mailbox": "1"}).status_code == 303
    raw = b"From: Ada <ada@example.com>\nMessage-ID: <q@example.com>\nSubject: Chairs\n\nHow many?\n"
    with working(assembly) as ctx:
        asked = mailflow.receive(ctx, raw, ctx.session.get_one(Mailbox, 1))
        shared = {"name": "All", "address": "all@firm.example", "active": "true", "smtp_host": "127.0.0.1"}
        mailboxes.save_mailbox(ctx, shared)
    with working(assembly) as ctx:
        private = {**shared, "name": "Mine", "owner": str(mine), "visibility": "private"}
        mailboxes.save_mailbox(ctx, private)
        with pytest.raises(Invalid):
            mailboxes.save_mailbox(ctx, {**shared, "name": "Nobody's", "visibility": "team"})
    answer = {**given, "mailbox": "2", "reply": str(asked.interaction_id)}
    assert client.post("/mail/new", data=answer).status_code == 303
    assert client.post("/mail/new", data={**given, "mailbox": "3"}).status_code == 303
    with working(assembly) as ctx:  # as a module writes
        written = mailflow.queue_mail(ctx, 1, [Address("", ADA)], "Chairs", "Of a module.")
        assert (written.visibility, written.team_id) == ("team", sales)
    i, t = table(Interaction), table(TimelineEntry)
    with assembly.database.read() as session:
        touches = session.execute(select(i.c.visibility, i.c.team_id).order_by(i.c.id)).all()
        lines = session.execute(select(t.c.visibility, t.c.team_id).where(t.c.kind == "core.email")).all()
    assert [tuple(row) for row in touches[:3]] == [("team", sales)] * 3
    assert touches[3].visibility == "private"
    assert tuple(touches[4]) == ("team", sales)
    assert sorted(lines) == sorted(touches)


def team_of(assembly: Assembly, user_id: int) -> int:
    m = table(TeamMember)
    with assembly.database.read() as session:
        return int(session.execute(select(m.c.team_id).where(m.c.user_id == user_id)).scalar_one())


def test_a_mail_that_has_gone_to_some_is_not_taken_back(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    set_up(assembly)
    signed_in(client)
    given = {"mailbox": "1", "to": f"{ADA}, ben@example.com", "subject": "Chairs", "text": "Twenty."}
    where = client.post("/mail/new", data=given).headers["location"]
    ledger = table(MailLedger)
    with working(assembly) as ctx:
        first = select(ledger.c.id).order_by(ledger.c.id).limit(1).scalar_subquery()
        ctx.session.execute(update(ledger).where(ledger.c.id == first).values(state="claimed"))
    assert client.post(f"{where}/recall").status_code == 422
    assert states(assembly)[0] == ["claimed", "queued"]


def test_an_answer_refers_to_no_mail_that_was_taken_back(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    set_up(assembly)
    signed_in(client)
    raw = b"From: Ada <ada@example.com>\nMessage-ID: <q@example.com>\nSubject: Chairs\n\nHow many?\n"
    with working(assembly) as ctx:
        asked = mailflow.receive(ctx, raw, ctx.session.get_one(Mailbox, 1))
    given = {"mailbox": "1", "to": ADA, "subject": "Chairs", "text": "2.", "reply": str(asked.interaction_id)}
    sent = client.post(
        "/mail/new", data={**given, "later": f"{utc_now() + timedelta(days=1):%Y-%m-%dT%H:%M}"}
    )
    assert client.post(f"{sent.headers['location']}/recall").status_code == 303
    assert client.post("/mail/new", data={**given, "text": "20."}).status_code == 303
    m = table(Mail)
    with assembly.database.read() as session:
        answers = session.execute(select(m.c.in_reply_to).where(m.c.direction == "out")).scalars().all()
    assert answers == [["<q@example.com>"]] * 2


def test_what_was_taken_back_is_written_again_with_its_files_where_it_belongs(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    with smtp_sink() as sink:
        set_up(assembly, sink.port)
        signed_in(client)
        raw = b"From: Ada <ada@example.com>\nMessage-ID: <q@example.com>\nSubject: Chairs\n\nHow many?\n"
        with working(assembly) as ctx:
            asked = mailflow.receive(ctx, raw, ctx.session.get_one(Mailbox, 1))
        given = {
            "mailbox": "1",
            "to": ADA,
            "subject": "Chairs",
            "text": "2.",
            "reply": str(asked.interaction_id),
        }
        named = {"files": ("offer.txt", b"20 chairs", "text/plain")}
        where = client.post("/mail/new", data=given, files=named).headers["location"]
        again = client.post(f"{where}/recall").headers["location"]
        form = dict(re.findall(r'name="(reply|again|keep)"[^>]*value="(\d+)"', client.get(again).text))
        assert form.keys() == {"reply", "again", "keep"}
        assert client.post("/mail/new", data={**given, **form, "text": "20."}).status_code == 303
        stranger = {**given, **form, "again": str(asked.interaction_id)}
        assert client.post("/mail/new", data={**stranger, "text": "Without."}).status_code == 303
        hurry(assembly)
        assert sending.deliver(assembly) == 2
        mails = {mail.text.strip(): mail for mail in (parse(one.raw) for one in sink.messages)}
    assert [one.name for one in mails["20."].attachments] == ["offer.txt"]
    assert mails["20."].in_reply_to == ("<q@example.com>",)
    assert not mails["Without."].attachments, "files of another mail go with none"
