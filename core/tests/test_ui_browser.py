"""The living page in a real browser: policy, accessibility, width, weight, and the behaviours of our own scripts."""

from __future__ import annotations

import gzip
import json
import mimetypes
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jinja2 import DictLoader
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from patron.ui import (
    CONTENT_SECURITY_POLICY,
    STATIC,
    Shell,
    ShellBanner,
    ShellFlash,
    ShellLink,
    ShellNavGroup,
    ShellNavItem,
    ShellUser,
    make_environment,
    manifest,
)

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[1] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SAMPLES = {
    "sign-in.html": """{% extends "bare.html" %}{% block title %}Sign in{% endblock %}{% block content %}<h1>Sign in</h1>
        {% call ui.form("/sign-in", submit="Sign in", guard=false, columns=1) %}
        {{ ui.text("email", "E-mail", kind="email", required=true, autocomplete="username") }}
        {{ ui.text("password", "Password", kind="password", required=true, autocomplete="current-password") }}
        {% endcall %}{% endblock %}""",
    "my.html": """{% extends "portal.html" %}{% block title %}My orders{% endblock %}
        {% block header %}{{ ui.page_header("Welcome, Amara", subtitle="Baobab Logistics") }}{% endblock %}
        {% block content %}<div class="tiles">{{ ui.stat("Open orders", 2) }}{{ ui.stat("To pay", 71200|money("EUR")) }}</div>
        {% call ui.panel("Requests", flush=true) %}{{ ui.table("Requests",
          [{"key": "subject", "label": "Subject"}, {"key": "state", "label": "State"}],
          [{"id": 1, "url": "#1", "subject": "Container is late", "state": "Open"}]) }}{% endcall %}{% endblock %}""",
    "lost.html": """{% extends "bare.html" %}{% block title %}Not found{% endblock %}{% block content %}
        {{ ui.error_state("This page is not here", "It may have been moved or deleted.", code=404, incident="inc-1") }}{% endblock %}""",
}
ENV = make_environment(DictLoader(SAMPLES))
PALETTE = {"groups": [{"label": "Go to", "items": [{"label": "Customers", "url": "/ui?went", "icon": "users", "hint": "G C"}]}]}
LOOKUP = {"items": [{"value": "7", "label": "Amara Okafor", "hint": "Sales"}, {"value": "8", "label": "Bo Li"}]}


def shell(**changes: Any) -> Shell:
    nav = (
        ShellNavGroup("", (ShellNavItem("Today", "/ui?t", "inbox", count=4), ShellNavItem("Customers", "/ui", "users", True, hotkey="c"))),
        ShellNavGroup("Sales", (ShellNavItem("Opportunities", "/ui?o", "square-kanban"), ShellNavItem("Quotes", "/ui?q", "file-text"))),
        ShellNavGroup("Service", (ShellNavItem("Tickets", "/ui?k", "ticket", count=1280), ShellNavItem("Knowledge", "/ui?n", "book-open"))),
    )
    values: dict[str, Any] = {
        "site_name": "Northwind",
        "user": ShellUser("Jonas Weber", "jonas@northwind.example", "JW"),
        "csrf": "token-of-this-session",
        "path": "/ui",
        "nav": nav,
        "banners": (ShellBanner("warning", "The mailbox was last read 40 minutes ago."),),
        "flashes": (ShellFlash("success", "Customer saved.", "/undo/1"),),
        "quick_create": (ShellLink("Customer", "/ui?new", "user-plus", "c"), ShellLink("Ticket", "/ui?newt", "ticket", "t")),
    }
    return Shell(**{**values, **changes})


def page_html(query: dict[str, list[str]]) -> str:
    def one(key: str, default: str) -> Any:
        return query.get(key, [default])[0]

    told = shell(theme=one("theme", "auto"), dir=one("dir", "ltr"), locale=one("locale", "en"))
    name = one("template", "ui/living.html")
    return ENV.get_template(name).render(shell=told, sample_time=datetime.now(UTC) - timedelta(hours=3))


class Handler(BaseHTTPRequestHandler):
    posts: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []

    def log_message(self, format: str, *args: Any) -> None: ...

    def answer(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/static/"):
            path = STATIC / url.path.removeprefix("/static/")
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return self.answer(path.read_bytes(), kind)
        if url.path == "/palette":
            return self.answer(json.dumps(PALETTE).encode(), "application/json")
        if url.path == "/ui/lookup":
            return self.answer(json.dumps(LOOKUP).encode(), "application/json")
        if url.path == "/favicon.ico":
            return self.answer(b"", "image/x-icon")
        return self.answer(page_html(parse_qs(url.query)).encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        type(self).posts.append((self.path, parse_qs(body, keep_blank_values=True), dict(self.headers)))
        self.answer(b"", "text/html", 500 if "fail" in self.path else 200)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def launch(playwright: Playwright) -> Browser:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    system = Path("/usr/bin/chromium")
    return playwright.chromium.launch(executable_path=str(system) if system.exists() else None, args=arguments)


class Watched:
    """A page whose every complaint is kept: console errors, script errors, policy reports."""

    def __init__(self, page: Page) -> None:
        self.page, self.complaints = page, list[str]()
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def watched(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    options = getattr(request, "param", {"width": 1440})
    page = chromium.new_page(
        viewport={"width": options["width"], "height": 900},
        color_scheme=options.get("scheme", "light"),
        java_script_enabled=options.get("scripts", True),
        bypass_csp=False,
    )
    yield Watched(page)
    page.close()


VIEWS = [
    pytest.param({"width": width, "scheme": scheme}, id=f"{width}-{scheme}")
    for width in (360, 1440)
    for scheme in ("light", "dark")
]


def axe_findings(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    return [f"{item['id']}: {node['target']} {node['failureSummary']}" for item in found["violations"] for node in item["nodes"]]


@pytest.mark.parametrize("watched", VIEWS, indirect=True)
@pytest.mark.parametrize("query", ["", "?dir=rtl&locale=ar", "?template=sign-in.html", "?template=my.html", "?template=lost.html"])
def test_page_keeps_policy_width_and_accessibility(watched: Watched, site: str, query: str, tmp_path: Path) -> None:
    page = watched.page
    page.goto(f"{site}/ui{query}", wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert watched.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    assert axe_findings(page) == []
    small = page.evaluate("""() => [...document.querySelectorAll('a.btn,button,input:not([type=hidden]),select,summary,.nav-item,.tab')]
        .filter(e => e.checkVisibility() && !e.closest('[popover]:not(:popover-open)'))
        .filter(e => { const b = e.getBoundingClientRect(); return Math.min(b.width, b.height) < 24 && !e.matches('.check-box,.switch') })
        .map(e => e.outerHTML.slice(0, 120))""")
    assert small == []
    assert watched.complaints == []


def test_first_load_weighs_at_most_150_kb(site: str, watched: Watched) -> None:
    names: list[str] = []
    watched.page.on("response", lambda response: names.append(urlsplit(response.url).path))
    watched.page.goto(f"{site}/ui", wait_until="networkidle")
    files = {STATIC / name.removeprefix("/static/") for name in names if name.startswith("/static/")}
    total = sum(len(gzip.compress(file.read_bytes())) for file in files) + len(gzip.compress(page_html({}).encode()))
    assert {file.name for file in files} >= set(manifest().values())
    assert total <= 150_000


def test_palette_opens_by_key_searches_and_goes(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Customers")).to_have_attribute("aria-selected", "true")
    page.keyboard.type("cust")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui?went")
    assert watched.complaints == []


def test_keys_work_but_not_while_typing(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui?start", wait_until="networkidle")
    page.locator("#f-name").focus()
    page.keyboard.type("gc?")
    assert page.locator("#shortcuts").is_hidden()
    assert page.locator("#f-name").input_value().endswith("gc?")
    page.locator("#f-name").fill("Baobab Logistics")
    page.goto(f"{site}/ui?start", wait_until="networkidle")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    expect(page.locator("#shortcuts")).to_contain_text("Customers")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(f"{site}/ui")


def test_theme_switch_is_remembered(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.click("[popovertarget=account-menu]")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(237, 237, 241)"
    assert "theme=dark" in page.evaluate("document.cookie")


def test_lookup_is_a_combobox_that_sends_the_value(watched: Watched, site: str) -> None:
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


def test_selecting_rows_opens_the_bulk_bar(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    expect(page.locator("#bulk")).to_be_hidden()
    page.get_by_role("checkbox", name="Select all rows on this page").check()
    expect(page.locator("#bulk")).to_contain_text("4 selected")
    page.get_by_role("checkbox", name="Select Noor").uncheck()
    expect(page.locator("#bulk")).to_contain_text("3 selected")


def test_card_moves_by_drag_and_by_menu(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    Handler.posts.clear()
    card, target = page.locator("[data-card='11']"), page.locator("[data-column='lost']")
    card.scroll_into_view_if_needed()
    start, end = card.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 80, end["y"] + 30, steps=12)
    page.mouse.up()
    expect(target.locator("[data-card='11']")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("moved to Lost")
    path, body, headers = Handler.posts[0]
    assert (path, body["id"], body["to"], body["version"], body["after"]) == ("/ui/board", ["11"], ["lost"], ["3"], [""])
    assert {key.lower(): value for key, value in headers.items()}["x-csrftoken"] == "token-of-this-session"
    page.get_by_role("button", name="Move Noor").click()
    page.locator("#pipeline-move-12").get_by_role("button", name="Won").click()
    page.wait_for_url("**/ui/board")
    assert Handler.posts[-1][1]["to"] == ["won"]
    assert watched.complaints == []


def test_a_refused_move_puts_the_card_back(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.evaluate("document.getElementById('pipeline').dataset.board = '/ui/board-fail'")
    card, target = page.locator("[data-card='13']"), page.locator("[data-column='lost']")
    card.scroll_into_view_if_needed()
    start, end = card.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 80, end["y"] + 30, steps=12)
    page.mouse.up()
    expect(page.locator("#toasts")).to_contain_text("could not be moved")
    expect(page.locator("[data-column='negotiation'] [data-card='13']")).to_be_visible()


def test_htmx_swaps_and_never_runs_code_from_attributes(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.evaluate("""() => {
        const spot = document.createElement('div');
        spot.innerHTML = '<button id="evil" hx-get="/ui" hx-vals="js:{x: window.owned = 1}" hx-on:click="window.owned = 2">x</button>'
          + '<button id="fine" hx-post="/fragment" hx-target="#spot">y</button><p id="spot"></p>';
        document.getElementById('content').prepend(spot);
    }""")
    page.wait_for_timeout(100)
    page.click("#evil")
    Handler.posts.clear()
    page.click("#fine")
    page.wait_for_function("document.getElementById('announcer').textContent === 'Updated'")
    assert page.evaluate("window.owned") is None
    headers = {key.lower(): value for key, value in Handler.posts[0][2].items()}
    assert headers["hx-request"] == "true"
    assert headers["x-csrftoken"] == "token-of-this-session"


def test_draft_survives_a_reload_until_it_is_sent(watched: Watched, site: str) -> None:
    page = watched.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{site}/ui", wait_until="networkidle")
    page.locator("#f-note").fill("Prefers sea freight")
    page.wait_for_timeout(600)
    page.evaluate("document.querySelector('form[data-draft] .error-summary').remove()")
    kept = page.evaluate("sessionStorage.getItem('draft:living')")
    assert "Prefers sea freight" in kept


@pytest.mark.parametrize("watched", [{"width": 360, "scripts": False}], indirect=True)
def test_works_without_scripts(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/ui")
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.get_by_role("link", name="Quotes")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.locator("select[name=owner]")).to_be_visible()
    expect(page.locator("[data-shortcuts]")).to_be_hidden()
    Handler.posts.clear()
    page.get_by_role("button", name="Move Noor").click()
    page.locator("#pipeline-move-12").get_by_role("button", name="Won").click()
    page.wait_for_url("**/ui/board")
    assert Handler.posts[-1][1]["_csrf_token"] == ["token-of-this-session"]
