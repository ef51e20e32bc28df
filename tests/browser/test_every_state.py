"""What no link leads to: mistakes, what opens over a page, the steps of the wizard, and what may not be seen."""

from __future__ import annotations

from typing import Any

import pytest
from page_walk import DESK, Walk
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
CUSTOMERS_FILE = (
    "Name;E-mail;City\n" + "".join(f"Firm {n} Ltd;info@firm{n}.example;Bern\n" for n in range(5)) + "X;no;Y\n"
)


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
