"""One person over every module and face: each touch stands once, in order, on one timeline."""

from __future__ import annotations

import re
from typing import Any

import pytest
from patron.assembly import Assembly
from patron.interactions.models import TimelineEntry
from patron.records import table
from patron.testing.faces import working
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

pytestmark = pytest.mark.browser
NAME, EMAIL, PASSWORD = "Sefa Seam", "sefa@seam.example", "every-touch-on-one-thread"
ADDRESS = {"line1": "Nahtweg 3", "postcode": "10115", "city": "Berlin"}


def work(assembly: Assembly) -> None:
    """Deliver what is due, as the worker does."""
    Drain(assembly, Watch(lambda _: None, 60.0)).run()


def test_one_person_over_every_module(
    site: Any, staff: Page, browser: Browser, resting: Any, partner_state: Any
) -> None:
    theirs = browser.new_context(base_url=site.url)
    between = browser.new_context(base_url=site.url, storage_state=partner_state)
    for context in (theirs, between):
        context.set_default_timeout(20_000)
    person, partner = theirs.new_page(), between.new_page()
    with site.assembly() as assembly:
        resting(assembly)
        _fill_in_the_form(person)
        work(assembly)
        customer = _find_the_lead(staff)
        _qualify(staff)
        _quote(staff)
        _enter_the_portal(person, _invite(staff, customer))
        _buy(person)
        work(assembly)
        _ask(person)
        work(assembly)
        _answer_and_solve(staff)
        work(assembly)
        _rate(person)
        work(assembly)
        _register(partner)
        work(assembly)
        _approve(staff)
        _quote(staff)
        work(assembly)
        touches = touches_of(assembly, customer)
        through = partners_of(assembly, customer)
    theirs.close()
    between.close()
    assert through[:-1] == [None] * (len(through) - 1)
    assert through[-1] is not None, "the repeat order came through the partner"
    assert touches == [
        ("marketing.form", "public.marketing"),
        ("sales.enquiry", "public.marketing"),
        ("sales.opportunity", "staff"),
        ("sales.qualified", "staff"),
        ("sales.quote.sent", "staff"),
        ("orders.order.confirmed", "staff"),
        ("orders.invoice.issued", "staff"),
        ("sales.quote.accepted", "staff"),
        ("sales.won", "staff"),
        ("orders.order.confirmed", "public.ecommerce"),
        ("ecommerce.order.placed", "public.ecommerce"),
        ("orders.invoice.issued", "public.ecommerce"),
        ("orders.payment.received", "public.ecommerce"),
        ("workflow.note", ""),
        ("workflow.task", ""),
        ("core.web", "customer"),
        ("service.ticket.opened", "customer"),
        ("core.web", "staff"),
        ("service.ticket.solved", "staff"),
        ("service.survey.answered", "customer"),
        ("prm.submitted", "partner"),
        ("sales.opportunity", "staff"),
        ("prm.approved", "staff"),
        ("sales.quote.sent", "staff"),
        ("orders.order.confirmed", "staff"),
        ("orders.invoice.issued", "staff"),
        ("sales.quote.accepted", "staff"),
        ("sales.won", "staff"),
        ("workflow.note", ""),
        ("workflow.task", ""),
    ]


def touches_of(assembly: Assembly, customer: int) -> list[tuple[str, str]]:
    """The kinds of what the customer's timeline says and the faces on which it came about, oldest first."""
    t = table(TimelineEntry)
    with working(assembly) as ctx:
        rows = ctx.session.execute(
            select(t.c.kind, t.c.face).where(t.c.customer_id == customer).order_by(t.c.at, t.c.id)
        )
        return [(row.kind, row.face) for row in rows]


def partners_of(assembly: Assembly, customer: int) -> list[int | None]:
    """The partner of each order of the customer, oldest first."""
    t = table(assembly.resource("orders.orders").model)
    with working(assembly) as ctx:
        found = select(t.c.via_partner_id).where(t.c.customer_id == customer).order_by(t.c.id)
        return list(ctx.session.execute(found).scalars())


def _fill_in_the_form(page: Page) -> None:
    page.goto("/f/catalogue")
    page.get_by_role("textbox", name="E-mail address").fill(EMAIL)
    page.get_by_role("textbox", name="Your name").fill(NAME)
    page.get_by_role("combobox", name="What do you furnish?").select_option("A home")
    page.wait_for_timeout(3000)  # faster than that nobody types
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def _find_the_lead(page: Page) -> int:
    """Open the customer, and from there the enquiry, which a rule has given to somebody. Returns the customer's id."""
    page.goto("/customers?q=Sefa+Seam")
    page.get_by_role("link", name=NAME).first.click()
    customer = int(page.url.rsplit("/", 1)[1])
    expect(page.get_by_text("Came by catalogue form")).to_be_visible()
    page.locator("main a[href^='/sales/enquiries/']").first.click()
    expect(page.locator("[data-panel='sales.assignment']")).not_to_contain_text("Nobody yet")
    return customer


def _qualify(page: Page) -> None:
    page.get_by_role("link", name="Qualify").first.click()
    page.get_by_role("textbox", name="Its name").fill("Desks for a home office")
    page.get_by_role("button", name="Qualify").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desks for a home office")


def _quote(page: Page) -> None:
    page.get_by_role("link", name="New quote").first.click()
    page.get_by_role("button", name="Create", exact=True).last.click()
    page.get_by_role("link", name="Lines").first.click()
    for name, value in (("description", "Desk"), ("quantity", "1"), ("price", "450"), ("tax", "19")):
        page.locator(f"#line-0-{name}").fill(value)
    page.get_by_role("button", name="Save lines").click()
    page.get_by_role("button", name="Mark as sent").first.click()
    page.get_by_role("button", name="Accept").first.click()
    expect(page.get_by_text("Accepted: an order and its invoice came of it.")).to_be_visible()


def _invite(page: Page, customer: int) -> str:
    """The link that lets the person into the portal."""
    page.goto(f"/customers/{customer}/profile")
    page.get_by_text("Invite someone", exact=True).click()
    page.locator("#invite-email-customer").fill(EMAIL)
    page.locator("#invite-name-customer").fill(NAME)
    for box in page.locator("#invite-customer input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Invite", exact=True).click()
    found = re.search(r"http\S+/my/\S+", page.get_by_text("Send them this link").inner_text())
    assert found is not None
    return found[0]


def _enter_the_portal(page: Page, link: str) -> None:
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page).to_have_url(re.compile("/my$"))


def _buy(page: Page) -> None:
    page.goto("/shop")
    page.locator(".shop-tile", has_text="In stock").first.click()
    page.get_by_role("button", name="Put into the cart").click()
    page.get_by_role("link", name="To the checkout").click()
    for name, value in ADDRESS.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("I have read the terms").check()
    page.get_by_role("button", name="Order and pay").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("Thank you"))).to_be_visible()


def _ask(page: Page) -> None:
    page.goto("/my/tickets/new")
    page.get_by_role("textbox", name="What is it about?").fill("The seam desk wobbles")
    page.get_by_role("textbox", name="What can we do for you?").fill("One leg is shorter than the others.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("We have it as")).to_be_visible()


def _answer_and_solve(page: Page) -> None:
    page.goto("/service/tickets?q=seam+desk+wobbles")
    page.locator("tbody a.row-link").first.click()
    page.get_by_role("textbox", name="Text").fill("A new leg is on its way.")
    page.locator("select[name=status]").first.select_option("solved")
    page.get_by_role("button", name=re.compile("^Send the answer|^Answer")).first.click()
    expect(page.get_by_text("A new leg is on its way.").first).to_be_visible()


def _rate(page: Page) -> None:
    page.goto("/my/tickets")
    page.get_by_role("link", name="The seam desk wobbles").first.click()
    page.get_by_text("Very satisfied", exact=True).click()
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text("Thank you.").first).to_be_visible()


def _register(page: Page) -> None:
    """The partner registers the repeat order."""
    page.goto("/partner/registrations/new")
    for name, value in (
        ("end_name", NAME),
        ("end_email", EMAIL),
        ("interest", "A second desk"),
        ("value", "450"),
    ):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_text("Received as").first).to_be_visible()


def _approve(page: Page) -> None:
    """Staff approves it for the customer that is meant, and goes on to the protected opportunity."""
    page.goto("/prm/registrations?q=Sefa+Seam")
    page.locator("tbody a.row-link").first.click()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("protected until").first).to_be_visible()
    page.goto("/sales/opportunities?q=A+second+desk")
    page.locator("tbody a.row-link").first.click()
    expect(page.get_by_text("Through partner").first).to_be_visible()
