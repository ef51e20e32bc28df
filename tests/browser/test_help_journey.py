"""A customer begins a ticket, is shown an article, and reaches a person; an agent links to an article."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
TITLE = "Return an order"


def test_from_the_ticket_form_to_an_article_to_a_person(
    site: Any, browser: Browser, customer_state: Any, watching: Any
) -> None:
    context = browser.new_context(storage_state=customer_state, base_url=site.url)
    watched = watching(context)
    page: Page = watched.page
    page.goto("/my/tickets/new")
    page.get_by_label("What is it about?").press_sequentially("How do I return my order?")
    suggested = page.locator("#ticket-articles").get_by_role("link", name=TITLE)
    expect(suggested).to_be_visible()
    with context.expect_page() as opened:
        suggested.click()
    article = opened.value
    expect(article.get_by_role("heading", level=1)).to_have_text(TITLE)
    article.get_by_label("What was missing").fill("The label never came")
    article.get_by_role("button", name="No", exact=True).click()
    expect(article.get_by_text("You can also ask us right now")).to_be_visible()
    article.get_by_role("main").get_by_role("link", name="Contact us").click()
    expect(article).to_have_url(f"{site.url}/my/tickets/new")
    assert page.get_by_label("What is it about?").input_value() == "How do I return my order?"
    assert watched.taken() == []
    context.close()


def test_an_agent_puts_a_link_into_the_answer(site: Any, staff: Page) -> None:
    staff.goto("/service/tickets")
    staff.locator("table a[href^='/service/tickets/']").first.click()
    staff.get_by_text("Insert a link to an article").click()
    staff.get_by_label("Search articles").press_sequentially("return order")
    line = staff.locator("#reply-articles li", has_text=TITLE)
    line.get_by_role("button", name="Insert link").click()
    expect(staff.locator("#f-text")).to_have_value(f"{TITLE}: {site.url}/help/articles/return-an-order\n")
    staff.locator("#f-text").fill("")


def test_help_without_scripts(plain: Page) -> None:
    plain.goto("/help")
    plain.get_by_label("What are you looking for?").fill("return")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("main").get_by_role("link", name=TITLE).click()
    plain.get_by_role("button", name="Yes").click()
    expect(plain.get_by_text("Thank you, that helps us")).to_be_visible()


def test_a_search_in_vain_is_kept(site: Any, staff: Page) -> None:
    staff.goto("/help")
    with staff.expect_response("**/help/search/missed") as answered:
        staff.get_by_label("What are you looking for?").press_sequentially("unobtainium")
    assert answered.value.status == 204
    staff.goto("/knowledge/gaps")
    expect(staff.get_by_role("link", name="unobtainium")).to_be_visible()
