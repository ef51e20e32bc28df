"""The main job in one sitting: customers come in from a file, one is found, called, won and invoiced, by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PEOPLE = "Firma;Vorname;Nachname;E-Mail;Ort\n;Ottilie;Quandt;ottilie.quandt@example.com;Bremen\n"


def test_from_a_file_to_an_invoice(site: Any, staff: Page, tmp_path: Path) -> None:
    _import(staff, tmp_path)
    _find(staff, "Ottilie Quandt")
    _call(staff)
    _win(staff)
    _accept_a_quote(staff)


def _import(page: Page, folder: Path) -> None:
    file = folder / "people.csv"
    file.write_text(PEOPLE, "utf-8")
    page.goto("/customers/import")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Next: columns").click()
    page.get_by_role("button", name="Next: preview").click()
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Import of people.csv")


def _find(page: Page, name: str) -> None:
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type(name)
    expect(page.get_by_role("option", name=name).first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def _call(page: Page) -> None:
    """Three strokes beside the text itself: l, Ctrl, Enter."""
    page.keyboard.press("l")
    page.keyboard.type("Wants twelve desks before May")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Logged.")).to_be_visible()
    expect(page.get_by_label("Timeline").get_by_text("Wants twelve desks before May").first).to_be_visible()


def _win(page: Page) -> None:
    customer = page.url.rsplit("/", 1)[1]
    page.goto(f"/sales/opportunities/new?customer={customer}")
    page.get_by_role("textbox", name="Name", exact=True).fill("Twelve desks")
    page.get_by_role("button", name="Create", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Twelve desks")
    number = page.url.rsplit("/", 1)[1]
    page.goto("/sales/opportunities/board")
    page.get_by_role("button", name="Move Twelve desks").focus()
    page.keyboard.press("Enter")
    won = page.locator(f"[data-card='{number}']").get_by_role("button", name="Won")
    won.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-column=won] [data-card='{number}']")).to_be_visible()


def _accept_a_quote(page: Page) -> None:
    page.goto("/sales/quotes?status=sent")
    page.locator("tbody a.row-link").first.click()
    page.get_by_role("button", name="Accept").first.click()
    expect(page.get_by_text("Accepted: an order and its invoice came of it.")).to_be_visible()
    page.get_by_role("link", name="Invoice", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("INV-")
