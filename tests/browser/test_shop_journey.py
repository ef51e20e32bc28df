"""A guest buys in the shop: browse, cart, checkout, test payment, tracking; with scripts and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
ADDRESS = {"line1": "Lindenweg 7", "postcode": "10115", "city": "Berlin"}


def buy(page: Page, email: str) -> str:
    """From the front page to the confirmation. Returns the address of the order's page."""
    page.goto("/shop")
    page.get_by_role("navigation", name="Categories").get_by_role("link", name=re.compile("Desks")).click()
    page.locator(".shop-tile", has_text="Made to order").or_(
        page.locator(".shop-tile", has_text="In stock")
    ).first.click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Put into the cart").click()
    expect(page.get_by_role("heading", name="Your cart")).to_be_visible()
    page.get_by_role("link", name="To the checkout").click()
    page.get_by_role("button", name="Order and pay").click()
    expect(page.get_by_text("Street and number, please.").first).to_be_visible()
    page.get_by_label("Name").first.fill("Wanda Walk")
    page.get_by_label("E-mail").fill(email)
    for name, value in ADDRESS.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("I have read the terms").check()
    page.get_by_role("button", name="Order and pay").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", name="Thank you, Wanda Walk")).to_be_visible()
    return page.url.replace("/thanks/", "/orders/")


def test_a_guest_buys_and_follows_the_order(site: Any, browser: Browser) -> None:
    context = browser.new_context(base_url=site.url, viewport={"width": 360, "height": 780})
    context.set_default_timeout(20_000)
    page = context.new_page()
    tracking = buy(page, "wanda.walk@inbox.example")
    page.goto(tracking)
    expect(page.get_by_role("heading", name=re.compile(r"^Order O-"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_it_works_without_scripts(plain: Page) -> None:
    tracking = buy(plain, "wendel.walk@inbox.example")
    plain.goto(tracking)
    expect(plain.get_by_text("Lindenweg 7")).to_be_visible()
