"""A customer writes, an agent answers in the browser, and the customer's answer comes back into the ticket."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from patron.assembly import Assembly
from patron.interactions.mailflow.polling import poll
from patron.interactions.mailflow.sending import deliver
from patron.testing.mail import imap_server, smtp_sink
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
SUPPORT = "help@northwind.example"
SUBJECT = "The drawer of desk 7 is stuck"


def mail(text: str, **headers: str) -> bytes:
    """A message of the customer to the firm."""
    message = EmailMessage()
    message["From"], message["To"] = "Wilma Writer <wilma@writer.example>", SUPPORT
    message["Subject"] = SUBJECT
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def work(assembly: Assembly, *, fetched: int = 0, sent: int = 0) -> None:
    """What the worker does: fetch, hand to the modules, send."""
    assert poll(assembly) == fetched
    Drain(assembly, Watch(lambda _: None, 60.0)).run()
    assert deliver(assembly) == sent


def test_mail_in_reply_answer(site: Any, staff: Page, resting: Any) -> None:
    with imap_server() as box, smtp_sink() as sink, site.assembly() as assembly:
        resting(assembly)
        _connect(staff, box, sink.port)
        box.append(mail("It does not open any more.", Message_ID="<one@writer.example>"))
        work(assembly, fetched=1)
        staff.goto("/service/tickets?q=drawer+of+desk")
        row = staff.get_by_role("row", name=SUBJECT)
        row.get_by_role("link").first.click()
        expect(staff.get_by_text("It does not open any more.")).to_be_visible()
        staff.get_by_role("textbox", name="Text").fill("Please pull it up a little, then towards you.")
        staff.get_by_role("button", name="Send the answer").click()
        expect(staff.get_by_text("Please pull it up a little").first).to_be_visible()
        work(assembly, sent=1)
        [sent] = sink.messages
        assert sent.recipients == ("wilma@writer.example",)
        [sent_id] = [
            line[12:].strip() for line in sent.raw.decode().splitlines() if line.startswith("Message-ID: ")
        ]
        answer = {"In_Reply_To": sent_id, "Message_ID": "<two@writer.example>"}
        box.append(mail("That helped, thank you!", **answer))
        work(assembly, fetched=1)
        staff.reload()
        expect(staff.get_by_text("That helped, thank you!")).to_be_visible()


def _connect(page: Page, box: Any, port: int) -> None:
    """An administrator connects the mailbox."""
    page.goto("/admin/mailboxes/new")
    page.locator("[name=name]").fill("Help line")
    page.locator("[name=address]").fill(SUPPORT)
    page.locator("[name=module]").select_option("service")
    page.locator("[name=imap_host]").fill(box.host)
    page.locator("[name=imap_port]").fill(str(box.port))
    page.locator("[name=imap_security]").select_option("none")
    page.locator("[name=imap_username]").fill(box.username)
    page.locator("[name=imap_password]").fill(box.password)
    page.locator("[name=smtp_host]").fill("127.0.0.1")
    page.locator("[name=smtp_port]").fill(str(port))
    page.locator("[name=smtp_security]").select_option("none")
    page.locator("main form button[type=submit]").last.click()
    expect(page.get_by_text("Help line").first).to_be_visible()
