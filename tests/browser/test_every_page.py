"""Every page of every face, found by following links as people do, opened and looked at."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from page_walk import DESK, Walk, opened
from patron.accounts import services
from patron.accounts.authentication import PARTNER
from patron.accounts.models import User
from patron.accounts.services.links import make_link
from patron.accounts.services.people import person_of
from patron.customers.models import Customer
from patron.customers.roles import give_role
from patron.permissions import Face
from patron.records import table
from patron.testing.faces import working
from patron_ecommerce.models import Checkout
from patron_ecommerce.services.common import sign
from patron_marketing.models import Recipient, Submission
from patron_marketing.services import tokens
from patron_sales.models import Quote
from patron_sales.services.mailing import link_of
from patron_service.models import Survey
from playwright.sync_api import Browser
from sqlalchemy import select, update

pytestmark = pytest.mark.browser
CUSTOMERS_FILE = (
    "Name;E-mail;City\n" + "".join(f"Firm {n} Ltd;info@firm{n}.example;Bern\n" for n in range(5)) + "X;no;Y\n"
)


def test_every_page_of_staff(site: Any, browser: Browser, staff_state: Any, watching: Any) -> None:
    walk = opened(watching, browser, staff_state, site.url, site.routes("staff"))
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def test_every_page_of_customers(site: Any, browser: Browser, customer_state: Any, watching: Any) -> None:
    walk = opened(watching, browser, customer_state, site.url, site.routes("customer"))
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def test_every_page_of_partners(site: Any, browser: Browser, partner_state: Any, watching: Any) -> None:
    walk = opened(watching, browser, partner_state, site.url, site.routes("partner"))
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def test_every_public_page(site: Any, browser: Browser, watching: Any) -> None:
    public = [path for path in site.routes("public") if not path.startswith("/health")]
    public = [path.replace("/f/{slug:str}", "/f/catalogue") for path in public]
    walk = opened(watching, browser, None, site.url, public)
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def addresses_in_letters(site: Any) -> list[str]:
    """What mails link to: each kind of address once, its secret known to us since we make or replace it."""
    with site.assembly() as assembly, working(assembly) as ctx:

        def first(model: Any, *where: Any) -> Any:
            return ctx.session.execute(select(model).where(*where).limit(1)).scalar_one()

        doors = [person_of(ctx.session, user_id=first(User).key)]
        for face in (Face.CUSTOMER, Face.PARTNER):
            customer = first(Customer, table(Customer).c.kind == "person").key
            give_role(ctx, customer, PARTNER)
            account = services.add_account(
                ctx, f"letter-{face}@example.com", "Lena Letter", customer, [], face
            )
            doors.append(person_of(ctx.session, account_id=account))
        found = [
            make_link(ctx, person, purpose) for person in doors for purpose in ("invite", "reset", "sign-in")
        ]
        q, r, s = table(Quote), table(Recipient), table(Survey)
        quote = first(Quote, q.c.status == "sent")
        found += [link_of(ctx, quote), f"{link_of(ctx, quote)}/pdf"]
        reached = first(Recipient, r.c.state == "handed").key
        sent_in = first(Submission, table(Submission).c.at > ctx.now - timedelta(days=20)).key
        found += [
            f"/u/{tokens.make(ctx, 'leave', reached)}",
            f"/f/confirm/{tokens.make(ctx, 'confirm', sent_in)}",
        ]
        order = sign(ctx, "order", first(Checkout).track_key)
        found += [f"/shop/orders/{order}", f"/shop/thanks/{order}"]
        hashed = hashlib.sha256(b"known").hexdigest()
        asked = {"secret_hash": hashed, "asked_at": ctx.now, "answered_at": None}
        ctx.session.execute(update(s).where(s.c.id == first(Survey).key).values(asked))
        return [urlsplit(address).path for address in (*found, "/survey/known")]


def test_every_page_that_a_letter_leads_to(site: Any, browser: Browser, watching: Any) -> None:
    context = browser.new_context(reduced_motion="reduce")
    walk = Walk(watching(context), site.url, [])
    for path in addresses_in_letters(site):
        if complaints := walk.look(path):
            walk.complaints[path] = complaints
    context.close()
    assert not walk.complaints, walk.told()


def test_every_state_that_no_link_leads_to(
    site: Any, browser: Browser, staff_state: Any, watching: Any
) -> None:
    context = browser.new_context(storage_state=staff_state, base_url=site.url, reduced_motion="reduce")
    walk = Walk(watching(context), site.url, [])
    page = walk.page
    for name, path in {
        "an empty trash": "/customers?trashed=true", "nothing found": "/customers?q=zzzzz",
        "filters": "/customers?kind=person&city=Bern", "search": "/search?q=an", "no address": "/nowhere",
        "a link that ended": "/sign-in/link/none", "a page past the end": "/customers/999999",
    }.items():  # fmt: skip
        page.goto(path)
        walk.state(name)
    _mistakes(walk)
    _overlays(walk)
    _import(walk)
    context.close()
    assert not walk.complaints, walk.told()


def _mistakes(walk: Walk) -> None:
    """A form that was refused, and two people who change the same record."""
    page = walk.page
    page.goto("/customers/new")
    page.locator("#content form .btn-primary").click()
    page.locator(".error-summary").wait_for()
    walk.state("a refused form")
    page.goto("/customers")
    record = page.locator("tbody .row-link").first.get_attribute("href")
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{record}/edit")
    for tab in (other, page):
        tab.locator("[name=note]").fill("Of the first" if tab is other else "Of the second")
        tab.locator("#content form .btn-primary").click()
        tab.wait_for_load_state()
    other.close()
    page.locator(".conflict-table").wait_for()
    assert page.locator(".conflict-table tbody tr").count() == 1, (
        "fields that nobody else changed do not clash"
    )
    walk.state("a clash")


def _overlays(walk: Walk) -> None:
    """What opens over a page or appears on it."""
    page = walk.page
    page.set_viewport_size(DESK)
    for name, menu in {"filters": "#filters", "columns": "#columns", "list-more": "#list-more"}.items():
        page.goto("/customers")
        page.locator(f"[popovertarget={name}]").click()
        page.locator(f"{menu}:popover-open").wait_for()
        walk.state(f"the menu {name}")
    page.goto("/customers")
    page.locator("tbody .check-box").first.check()
    walk.state("rows selected")
    page.goto("/customers")
    page.keyboard.press("Control+k")
    page.keyboard.type("an")
    page.locator(".palette-item").first.wait_for()
    walk.state("the palette")
    page.goto("/customers")
    page.keyboard.press("?")
    page.locator("#shortcuts[open]").wait_for()
    walk.state("the keyboard shortcuts")
    page.goto("/admin/mailboxes")
    page.get_by_role("button", name="Test now").first.click()
    page.wait_for_load_state()
    walk.state("a mailbox tested")


def _import(walk: Walk) -> None:
    """Each step of the wizard."""
    page = walk.page
    page.goto("/customers/import")
    upload = {"name": "firms.csv", "mimeType": "text/csv", "buffer": CUSTOMERS_FILE.encode()}
    page.set_input_files("input[type=file]", upload)
    page.locator("#content form .btn-primary").click()
    page.locator("#columns-0, [name=column-0]").first.wait_for()
    walk.state("import: the columns")
    page.locator("#content form .btn-primary").click()
    page.get_by_role("button", name="Import now").wait_for()
    walk.state("import: the preview")
    page.get_by_role("button", name="Import now").click()
    page.get_by_text("All 6 rows are done.").wait_for()
    walk.state("import: the result")


def test_the_page_of_someone_who_may_not(site: Any, browser: Browser, watching: Any) -> None:
    context = browser.new_context(base_url=site.url, reduced_motion="reduce")
    walk = Walk(watching(context), site.url, [])
    walk.page.goto(site.link("luca.rossi@patron.example"))
    walk.page.locator("main button[type=submit]").first.click()
    walk.page.wait_for_load_state()
    for name, path in {"home of an agent": "/", "forbidden": "/admin/users"}.items():
        walk.page.goto(path)
        walk.state(name)
    context.close()
    assert not walk.complaints, walk.told()
