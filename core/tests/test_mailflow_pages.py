"""The pages of mail: mailboxes with write-only secrets, a mail's own HTML, what was held back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.context import Context
from patron.interactions import mailflow
from patron.interactions.mailflow import mailboxes
from patron.interactions.models import Mailbox
from patron.testing.faces import app_client, signed_in, working

FORM = {
    "name": "Support", "address": "support@firm.example", "active": "true", "module": "core", "imap_host": "127.0.0.1",
    "imap_port": "1", "imap_security": "none", "imap_password": "canary-secret", "smtp_host": "127.0.0.1",
    "smtp_port": "1", "smtp_security": "none", "smtp_password": "canary-secret",
}  # fmt: skip


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # what a page shows does not depend on the engine; the flow itself is tested on both


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


def test_a_mailbox_is_made_tested_and_never_shows_its_password(client: TestClient[Litestar]) -> None:
    signed_in(client)
    assert client.get("/admin/mailboxes").status_code == 200
    assert client.post("/admin/mailboxes/new", data={**FORM, "imap_port": "x"}).status_code == 422
    made = client.post("/admin/mailboxes/new", data=FORM)
    assert made.status_code == 303
    for path in (made.headers["location"], "/admin/mailboxes"):
        page = client.get(path)
        assert page.status_code == 200
        assert "Support" in page.text
        assert "canary" not in page.text
    tested = client.post(made.headers["location"] + "/test")
    assert "No connection" in tested.text
    assert "canary" not in tested.text
    fetched = client.post(made.headers["location"] + "/fetch")
    assert fetched.headers["location"] == "/admin/mailboxes"
    assert "Failing" in client.get("/admin/mailboxes").text


def test_only_an_administrator_reaches_the_mailboxes(client: TestClient[Litestar]) -> None:
    signed_in(client, "manager")
    assert client.get("/admin/mailboxes").status_code == 403
    assert client.post("/admin/mailboxes/new", data=FORM).status_code == 403


def take_in(assembly: Assembly, sender: str, text: str, more: str = "") -> mailflow.Received:
    with working(assembly) as ctx:
        mailbox = ctx.session.get(Mailbox, 1) or mailboxes.save_mailbox(ctx, FORM)
        raw = f"From: {sender}\r\nTo: support@firm.example\r\nSubject: Chair\r\n{more}\r\n{text}\r\n".encode()
        return mailflow.receive(ctx, raw, mailbox)


def test_a_mail_is_shown_to_who_may_read_it_under_its_own_policy(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    taken = take_in(assembly, "ada@example.com", "<b onclick=x>hi</b>", "Content-Type: text/html\r\n")
    signed_in(client)
    page = client.get(f"/mail/{taken.mail_id}")
    assert "onclick" not in page.text
    assert page.headers["content-security-policy"].startswith("sandbox")
    source = client.get(f"/mail/{taken.mail_id}/source")
    assert source.headers["content-disposition"].startswith("attachment")
    signed_in(client, "user", "Others")
    assert client.get(f"/mail/{taken.mail_id}").status_code == 404
    assert client.get(f"/mail/{taken.mail_id}/source").status_code == 404


def test_what_is_held_back_is_marked_and_released_from_its_page(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    take_in(assembly, "ada@example.com", "first", "Message-ID: <one@example.com>\r\n")
    held = take_in(assembly, "eve@example.net", "second", "In-Reply-To: <one@example.com>\r\n")
    signed_in(client)
    page = client.get(f"/interactions/{held.interaction_id}")
    assert "Release into this thread" in page.text
    assert client.post(f"/interactions/{held.interaction_id}/release").status_code == 303
    assert "Release into this thread" not in client.get(f"/interactions/{held.interaction_id}").text
    assert client.post(f"/interactions/{held.interaction_id}/release").status_code == 422
    with assembly.database.read() as session:
        touches = mailflow.conversation(Context(session, assembly), held.thread_id or 0)
    assert [touch.text for touch in touches] == ["first", "second"]
