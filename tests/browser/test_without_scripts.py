"""A day's work in a browser that runs no scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_day_without_scripts(site: Any, plain: Page) -> None:
    page = plain
    page.goto(site.link())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    _keeps_a_customer(page)
    _keeps_a_list(page)
    _changes_many(page)
    _moves_a_card(page)
    _opens_an_opportunity(page)
    page.get_by_role("button", name="AM").or_(page.locator("[popovertarget=account-menu]")).first.click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/customers")
    expect(page).to_have_url(f"{site.url}/sign-in?next=%2Fcustomers")


def _keeps_a_customer(page: Page) -> None:
    """Creates one with an address, corrects it, and logs a call."""
    page.goto("/customers/new")
    page.get_by_label("Kind").select_option("organisation")
    page.get_by_label("Name", exact=True).fill("Walküre Möbel GmbH")
    page.get_by_label("E-mail addresses").fill("kontakt@walkuere.example\nzweite@walkuere.example")
    page.get_by_label("Street and number").fill("Rheinstraße 4")
    page.get_by_label("City", exact=True).fill("Köln")
    page.get_by_role("button", name="Create", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Walküre Möbel GmbH")
    expect(page.get_by_text("Rheinstraße 4, Köln")).to_be_visible()
    page.get_by_role("link", name="Edit", exact=True).click()
    assert page.get_by_label("Street and number").first.input_value() == "Rheinstraße 4"
    page.get_by_label("Note").fill("Prefers oak.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Prefers oak.")).to_be_visible()
    page.get_by_label("Log a touch").fill("Asked for oak tables")
    page.get_by_role("button", name="Log", exact=True).click()
    expect(page.get_by_label("Timeline").get_by_text("Asked for oak tables").first).to_be_visible()


def _keeps_a_list(page: Page) -> None:
    """Filters, chooses columns, saves the view and deletes it."""
    page.goto("/customers")
    page.get_by_role("button", name="Filter").click()
    page.locator("#filters").get_by_label("Kind").select_option("organisation")
    page.locator("#filters").get_by_label("City").fill("Köln")
    page.locator("#filters").get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Walküre Möbel GmbH")).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.locator("#columns").get_by_label("Standing").check()
    page.locator("#columns").get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="Standing")).to_be_visible()
    page.get_by_role("button", name="Save view").click()
    page.locator("#save-view").get_by_label("Name of the view").fill("Firms of Köln")
    page.locator("#save-view").get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Firms of Köln")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Delete view").first.click()
    page.get_by_role("dialog", name="Delete view").get_by_role("button", name="Delete view").click()
    expect(page.get_by_role("link", name="Firms of Köln")).to_have_count(0)


def _changes_many(page: Page) -> None:
    """Changes a field of two records, sees what will change, and undoes it."""
    page.goto("/customers?kind=organisation")
    boxes = page.locator("input[name=ids]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 2 records")
    page.get_by_role("radio", name="Source").check()
    page.get_by_label("Source").last.fill("Fair 2026")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("cell", name="Fair 2026")).to_have_count(2)
    page.get_by_role("button", name="Change 2 records").click()
    expect(page.get_by_text("2 changed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()


def _moves_a_card(page: Page) -> None:
    """Moves a card by its menu."""
    page.goto("/sales/opportunities/board")
    card = page.locator("[data-card]").first
    title, number = card.locator(".card-title").inner_text(), card.get_attribute("data-card")
    card.get_by_role("button", name=f"Move {title}").click()
    card.get_by_role("button", name="Negotiation").click()
    expect(page.locator(f"[data-column=negotiation] [data-card='{number}']")).to_be_visible()


def _opens_an_opportunity(page: Page) -> None:
    """Types whose it is, is asked which one, and has lost nothing meanwhile."""
    page.goto("/sales/opportunities/new")
    page.locator("#f-name").fill("Oak tables")
    page.locator("#f-customer").fill("Walküre")
    page.get_by_role("button", name="Create", exact=True).last.click()
    expect(page.get_by_text("No customer is called exactly “Walküre”").first).to_be_visible()
    page.get_by_role("radio", name="Walküre Möbel GmbH").check()
    page.get_by_role("button", name="Create", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Oak tables")
    expect(page.get_by_role("link", name="Walküre Möbel GmbH").first).to_be_visible()
