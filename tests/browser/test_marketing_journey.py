"""A stranger fills in a form and becomes a lead; a marketer writes to a segment; the reader leaves by the link."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import Any

import pytest
from patron.assembly import Assembly
from patron.interactions.mailflow import mailboxes
from patron.interactions.mailflow.sending import deliver
from patron.testing.faces import working
from patron.testing.mail import SmtpSink, smtp_sink
from patron_marketing.services import sending
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
READER = "lena@lead.example"


def connect(assembly: Assembly, port: int) -> None:
    values = {
        "name": "Newsletter", "address": "news@northwind.example", "active": "true", "module": "core",
        "smtp_host": "127.0.0.1", "smtp_security": "none", "smtp_port": str(port),
    }  # fmt: skip
    with working(assembly) as ctx:
        mailboxes.save_mailbox(ctx, values)


def link_in(sink: SmtpSink, path: str) -> str:
    """The newest link of that kind that was mailed to the reader, as a path."""
    for mail in reversed(sink.messages):
        if mail.recipients == (READER,):
            body = message_from_bytes(mail.raw, policy=policy.default).get_body(("plain",))
            assert body is not None
            if found := re.search(rf"{path}[\w.-]+", body.get_content()):
                return found[0]
    raise AssertionError(f"no mail to {READER} holds a link {path}")


def test_from_form_to_unsubscription(site: Any, staff: Page, browser: Browser, resting: Any) -> None:
    with smtp_sink() as sink, site.assembly() as assembly:
        resting(assembly)
        connect(assembly, sink.port)
        stranger = browser.new_context(base_url=site.url).new_page()
        _fill_in(stranger)
        deliver(assembly)
        stranger.goto(link_in(sink, "/f/confirm/"))
        stranger.get_by_role("button", name="Yes, I agree").click()
        expect(stranger.get_by_role("heading", name="Confirmed, thank you")).to_be_visible()

        _see_the_lead(staff)
        _make_the_segment(staff)
        _write_and_send(staff)
        sending.send_due(assembly)
        staff.reload()
        expect(staff.get_by_text("together the whole segment")).to_be_visible()

        stranger.goto(link_in(sink, "/u/"))
        stranger.get_by_role("button", name="Unsubscribe from “newsletter”").click()
        expect(stranger.get_by_text("You no longer get “newsletter”.")).to_be_visible()
        stranger.context.close()
        staff.goto("/marketing/suppressions")
        expect(staff.get_by_text(READER)).to_be_visible()


def _fill_in(page: Page) -> None:
    page.goto("/f/catalogue")
    page.get_by_role("textbox", name="E-mail address").fill(READER)
    page.get_by_role("textbox", name="Your name").fill("Lena Lead")
    page.get_by_role("combobox", name="What do you furnish?").select_option("A home")
    page.get_by_role("checkbox", name=re.compile("I would like to get the newsletter")).check()
    page.wait_for_timeout(3000)  # faster than that nobody types
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("One step is left")).to_be_visible()


def _see_the_lead(page: Page) -> None:
    page.goto("/customers?q=Lena+Lead")
    page.get_by_role("link", name="Lena Lead").first.click()
    expect(page.get_by_text("Sent in the form “Order our catalogue”").first).to_be_visible()
    expect(page.get_by_text("Came by catalogue form")).to_be_visible()


def _make_the_segment(page: Page) -> None:
    page.goto("/marketing/segments/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Lena alone")
    for choice, value in (("#field-0", "primary_email"), ("#op-0", "eq")):
        with page.expect_response(lambda answer: "/marketing/segments/builder" in answer.url):
            page.locator(choice).select_option(value)
        page.wait_for_load_state("networkidle")
    expect(page.locator("#value-0")).to_be_visible()
    page.locator("#value-0").fill(READER)
    page.locator("#value-0").blur()
    expect(page.get_by_text("1 of those you may see")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Lena alone")).to_be_visible()
    expect(page.get_by_role("link", name="Lena Lead").first).to_be_visible()


def _write_and_send(page: Page) -> None:
    page.get_by_role("link", name="Write to them").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Welcome")
    page.get_by_role("textbox", name="Subject").fill("Welcome, {customer.given_name|friend}")
    page.get_by_role("textbox", name="Text").fill(
        "Dear {customer.name},\n\nsee https://northwind.example/new"
    )
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Preview").first.click()
    expect(page.get_by_role("heading", name="Welcome, Lena")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Send …").click()
    expect(page.get_by_text("Nobody is left out.")).to_be_visible()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("Finding recipients").first).to_be_visible()
