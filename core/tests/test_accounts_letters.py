"""Invitations and new passwords by mail: out of the queue to a real server, and never where staff could read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts.letters import RESET_ASKED
from patron.accounts.services.users import disable_user
from patron.assembly import Assembly
from patron.context import Context
from patron.customers.roles import give_role
from patron.files import store_of
from patron.interactions.mailflow import deliver, mailboxes
from patron.interactions.mailflow.letters import KEPT, discard_letters
from patron.interactions.models import Interaction, Mail, MailLedger, TimelineEntry
from patron.records import table, utc_now
from patron.system.models import Delivery, File, OutboxEvent
from patron.testing.faces import (
    app_client,
    form_token,
    make_customer,
    make_user,
    signed_in,
    without_token,
    working,
)
from patron.testing.mail import SmtpSink, smtp_sink
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from sqlalchemy import func, select

Client = TestClient[Litestar]


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        yield made


@pytest.fixture
def sink(assembly: Assembly) -> Iterator[SmtpSink]:
    """A server that the installation sends its letters through."""
    with smtp_sink() as sink:
        values = {
            "name": "Office", "address": "office@firm.example", "active": "true", "letters": "true",
            "smtp_host": sink.host, "smtp_port": str(sink.port), "smtp_security": "none",
        }  # fmt: skip
        with working(assembly) as ctx:
            mailboxes.save_mailbox(ctx, values)
        yield sink


def count(assembly: Assembly, model: type) -> int:
    with assembly.database.read() as session:
        return int(session.execute(select(func.count()).select_from(table(model))).scalar_one())


def letter(sink: SmtpSink) -> tuple[str, str]:
    """The one letter that went out: to whom, and its text."""
    (mail,) = sink.messages
    sink.messages.clear()
    return mail.recipients[0], message_from_bytes(mail.raw, policy=default).get_content()


def drained(assembly: Assembly) -> None:
    Drain(assembly, Watch(lambda ids: None, 20)).run()


def test_an_invitation_goes_out_and_is_not_shown(client: Client, assembly: Assembly, sink: SmtpSink) -> None:
    signed_in(client)
    form = {"email": "bo@example.com", "name": "Bo", "roles": "user"}
    answer = client.post("/admin/users/new", data=form, headers={"Host": "evil.example"})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "on its way to bo@example.com" in page
    assert "/invitation/" not in page
    assert deliver(assembly) == 1
    to, text = letter(sink)
    assert to == "bo@example.com"
    assert "evil" not in text
    (url,) = re.findall(r"https://testserver\.local(/invitation/\S+)", text)
    assert client.get(url).status_code == 200


def test_a_partner_and_a_customer_are_invited_by_mail(
    client: Client, assembly: Assembly, sink: SmtpSink
) -> None:
    customer = make_customer(assembly)
    with working(assembly) as ctx:
        give_role(ctx, customer, "partner")
    signed_in(client)
    for face, prefix in (("customer", "/my"), ("partner", "/partner")):
        form = {"email": "ada@example.com", "name": "Ada", "face": face}
        client.post(f"/customers/{customer}/accounts", data=form)
        deliver(assembly)
        assert f"https://testserver.local{prefix}/invitation/" in letter(sink)[1]
        assert "/invitation/" not in client.get(f"/customers/{customer}/profile").text
        assert "/invitation/" not in client.get(f"/customers/{customer}").text


def test_a_letter_leaves_no_trace_that_staff_could_read(
    client: Client, assembly: Assembly, sink: SmtpSink
) -> None:
    signed_in(client)
    client.post("/admin/users/new", data={"email": "bo@example.com", "name": "Bo"})
    assert [count(assembly, model) for model in (Interaction, Mail, TimelineEntry)] == [0, 0, 0]
    with assembly.database.read() as session:
        file_id, sha256 = session.execute(select(table(File).c.id, table(File).c.sha256)).one()
        path = store_of(Context(session, assembly)).path(sha256)
    assert client.get(f"/files/{file_id}").status_code == 404
    with working(assembly) as ctx:
        assert discard_letters(ctx) == 0  # not sent yet
    deliver(assembly)
    assert path.exists()
    with working(assembly) as ctx:
        assert discard_letters(ctx) == 1
    assert not path.exists()
    assert count(assembly, File) == 0
    assert count(assembly, MailLedger) == 1


def test_what_could_not_be_sent_goes_with_its_link(
    assembly: Assembly, client: Client, sink: SmtpSink
) -> None:
    sink.refuse["bo@example.com"] = "450 4.2.0 later"
    signed_in(client)
    client.post("/admin/users/new", data={"email": "bo@example.com", "name": "Bo"})
    deliver(assembly)
    with assembly.database.write() as session:
        early = Context(session, assembly, now=utc_now() + KEPT - timedelta(minutes=5))
        assert discard_letters(early) == 0
        assert discard_letters(Context(session, assembly, now=utc_now() + KEPT)) == 1


def test_a_forgotten_password_is_mailed_and_nothing_is_told(
    client: Client, assembly: Assembly, sink: SmtpSink
) -> None:
    make_user(assembly, "user", email="ada@example.com")
    off = make_user(assembly, "user", email="off@example.com")
    with working(assembly) as ctx:
        disable_user(ctx, off)
    token = form_token(client.get("/forgot").text)
    answers = [
        client.post("/forgot", data={"_csrf_token": token, "email": email}, headers={"Host": "evil.example"})
        for email in ("ada@example.com", "eve@example.com", "off@example.com")
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({without_token(answer.text) for answer in answers}) == 1
    assert count(assembly, File) == 0  # the same work for each: what differs happens in the worker
    assert count(assembly, Delivery) == 3
    drained(assembly)
    deliver(assembly)
    to, text = letter(sink)
    assert to == "ada@example.com"
    assert "https://testserver.local/reset/" in text
    assert "evil" not in text


def test_without_a_mailbox_for_it_the_link_is_shown_and_no_wish_is_kept(
    client: Client, assembly: Assembly
) -> None:
    token = form_token(client.get("/forgot").text)
    answer = client.post("/forgot", data={"_csrf_token": token, "email": "ada@example.com"})
    assert "ask an administrator" in answer.text
    with assembly.database.read() as session:
        wishes = select(func.count()).where(table(OutboxEvent).c.name == RESET_ASKED)
        assert session.execute(wishes).scalar_one() == 0
    signed_in(client)
    answer = client.post("/admin/users/new", data={"email": "bo@example.com", "name": "Bo"})
    assert "https://testserver.local/invitation/" in answer.text
