"""What our own scripts do for a person at the keyboard, and that each thing has a plain way without them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

pytestmark = pytest.mark.browser
Posts = list[tuple[str, dict[str, list[str]], dict[str, str]]]


def test_palette_opens_by_key_searches_and_goes(watched: Any, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Customers")).to_have_attribute("aria-selected", "true")
    page.keyboard.type("cust")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui?went")
    assert watched.complaints == []


def test_keys_work_but_not_while_typing(watched: Any, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui?start", wait_until="networkidle")
    page.locator("#f-name").focus()
    page.keyboard.type("gc?")
    assert page.locator("#shortcuts").is_hidden()
    assert "gc?" in page.locator("#f-name").input_value()
    page.locator("body").click(position={"x": 700, "y": 5})
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    expect(page.locator("#shortcuts")).to_contain_text("Customers")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(f"{site}/ui")


def test_theme_switch_is_remembered(watched: Any, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.click("[popovertarget=account-menu]")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(237, 237, 241)"
    assert "theme=dark" in page.evaluate("document.cookie")


def test_lookup_is_a_combobox_that_sends_the_value(watched: Any, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    box = page.get_by_role("combobox", name="Owner")
    box.fill("ama")
    page.get_by_role("option", name="Amara Okafor").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Amara Okafor")
    assert page.locator("select[name=owner]").input_value() == "7"
    page.get_by_role("button", name="Clear", exact=True).click()
    assert page.locator("select[name=owner]").input_value() == ""


def test_selecting_rows_opens_the_bulk_bar(watched: Any, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    expect(page.locator("#bulk")).to_be_hidden()
    page.get_by_role("checkbox", name="Select all rows on this page").check()
    expect(page.locator("#bulk")).to_contain_text("4 selected")
    page.get_by_role("checkbox", name="Select Noor").uncheck()
    expect(page.locator("#bulk")).to_contain_text("3 selected")


def drag(page: Page, card: str, column: str) -> None:
    """Drag a card onto the head of a column, as a hand does it: by its lower edge, in steps, with a rest."""
    source, target = page.locator(f"[data-card='{card}']"), page.locator(f"[data-column='{column}']")
    page.locator("[data-toast-close]").first.click()
    page.evaluate("document.getElementById('pipeline').scrollIntoView({block: 'center'})")
    expect(page.locator("#pipeline")).to_have_attribute("data-ready", "")
    start, end = source.bounding_box(), target.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + start["height"], steps=4)
    page.wait_for_timeout(100)
    page.mouse.move(end["x"] + 80, end["y"] + 30, steps=12)
    page.wait_for_timeout(100)
    page.mouse.move(end["x"] + 82, end["y"] + 32, steps=2)
    page.mouse.up()


def test_card_moves_by_drag_and_by_menu(watched: Any, site: str, posts: Posts) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    drag(page, "11", "lost")
    expect(page.locator("[data-column='lost'] [data-card='11']")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("moved to Lost")
    path, body, headers = posts[0]
    assert (path, body["id"], body["to"], body["version"], body["after"]) == (
        "/ui/board",
        ["11"],
        ["lost"],
        ["3"],
        [""],
    )
    assert headers["x-csrftoken"] == "token-of-this-session"
    page.get_by_role("button", name="Move Noor").click()
    page.locator("#pipeline-move-12").get_by_role("button", name="Won").click()
    page.wait_for_url("**/ui/board")
    assert posts[-1][1]["to"] == ["won"]
    assert watched.complaints == []


def test_a_refused_move_puts_the_card_back(watched: Any, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.evaluate("document.getElementById('pipeline').dataset.board = '/ui/board-fail'")
    drag(page, "13", "lost")
    expect(page.locator("#toasts")).to_contain_text("could not be moved")
    expect(page.locator("[data-column='negotiation'] [data-card='13']")).to_be_visible()


@pytest.mark.parametrize(
    "watched",
    [{"width": 1440}, {"width": 1440, "bypass_csp": True}],
    indirect=True,
    ids=["policy", "no-policy"],
)
def test_htmx_swaps_and_never_runs_code_from_attributes(watched: Any, site: str, posts: Posts) -> None:
    """With the policy off, only our own refusal stands between an attribute and its code."""
    page = watched.page
    page.goto(f"{site}/ui?template=attributes.html", wait_until="networkidle")
    page.click("#evil")
    page.click("#fine")
    expect(page.locator("#announcer")).to_have_text("Updated")
    expect(page.locator("#spot")).to_have_text("posted")
    assert page.evaluate("window.owned") is None
    headers = posts[-1][2]
    assert headers["hx-request"] == "true"
    assert headers["x-csrftoken"] == "token-of-this-session"


def test_what_was_typed_survives_leaving_the_page(watched: Any, site: str) -> None:
    page = watched.page
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", agree)
    page.goto(f"{site}/ui?template=draft.html", wait_until="networkidle")
    page.locator("#f-note").fill("Prefers sea freight")
    page.wait_for_timeout(600)
    page.reload(wait_until="networkidle")
    assert asked == ["beforeunload"]
    expect(page.locator("#f-note")).to_have_value("Prefers sea freight")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/sent")
    page.goto(f"{site}/ui?template=draft.html", wait_until="networkidle")
    expect(page.locator("#f-note")).to_have_value("")


@pytest.mark.parametrize("watched", [{"width": 360, "scripts": False}], indirect=True)
def test_works_without_scripts(watched: Any, site: str, posts: Posts) -> None:
    page = watched.page
    page.goto(f"{site}/ui")
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.get_by_role("link", name="Quotes")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.locator("input[name=owner]")).to_have_value("Jonas Weber #2")
    expect(page.locator("[data-shortcuts]")).to_be_hidden()
    page.get_by_role("button", name="Move Noor").click()
    page.locator("#pipeline-move-12").get_by_role("button", name="Won").click()
    page.wait_for_url("**/ui/board")
    assert posts[-1][1]["_csrf_token"] == ["token-of-this-session"]


def test_a_cell_is_edited_in_its_place(watched: Any, site: str, posts: Posts) -> None:
    page = watched.page
    page.goto(f"{site}/ui?template=cell.html", wait_until="networkidle")
    cell = page.locator("#table-1 td").nth(1)
    cell.get_by_role("link").click()
    expect(cell.get_by_role("textbox", name="Next step")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell.get_by_role("link")).to_have_text("Call")
    cell.get_by_role("link").click()
    expect(cell.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" on Thursday")
    page.keyboard.press("Enter")
    expect(cell).to_have_text("posted")
    path, fields, headers = posts[-1]
    assert (path, fields["next"], fields["version"]) == ("/cell", ["Call on Thursday"], ["2"])
    assert headers["x-csrftoken"] == "token-of-this-session"
    page.get_by_role("link", name="Edit Phone").click()
    expect(page.locator("dd").get_by_role("textbox")).to_be_focused()
    assert watched.complaints == []


def test_who_waits_sees_that_something_comes(watched: Any, site: str) -> None:
    page = watched.page
    held: list[Route] = []
    for slow in ("**/palette*", "**/ui/lookup*", "**/cell*"):
        page.route(slow, lambda route: held.append(route))
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.get_by_role("combobox", name="Owner").click()
    expect(page.locator(".lookup-list .loading")).to_be_visible()
    held.pop().continue_()
    expect(page.get_by_role("option", name="Amara Okafor")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette .loading")).to_be_visible()
    held.pop().abort()
    expect(page.locator("#palette .loading")).to_have_count(0)
    page.unroute("**/cell*")
    page.goto(f"{site}/ui?template=cell.html", wait_until="networkidle")
    page.route(
        "**/*",
        lambda route: held.append(route) if "hx-request" in route.request.headers else route.continue_(),
    )
    cell = page.locator("#table-1 td").nth(1)
    cell.get_by_role("link").click()
    expect(cell).to_have_attribute("aria-busy", "true")
    held.pop().continue_()
    expect(cell.get_by_role("textbox")).to_be_focused()
    expect(page.locator("[aria-busy]")).to_have_count(0)
