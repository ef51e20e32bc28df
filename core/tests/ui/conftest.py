"""A tiny site that serves the living page and some samples under the real policy, and a watching browser."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jinja2 import FileSystemLoader
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
)
from playwright.sync_api import Browser, Page

ENV = make_environment(FileSystemLoader(Path(__file__).parent / "samples"))
PALETTE = {
    "groups": [
        {
            "label": "Go to",
            "items": [{"label": "Customers", "url": "/ui?went", "icon": "users", "hint": "G C"}],
        }
    ]
}
LOOKUP = {
    "items": [{"value": "7", "label": "Amara Okafor", "hint": "Sales"}, {"value": "8", "label": "Bo Li"}]
}


def shell(**changes: Any) -> Shell:
    nav = (
        ShellNavGroup(
            "",
            (
                ShellNavItem("Today", "/ui?t", "inbox", count=4),
                ShellNavItem("Customers", "/ui", "users", True, hotkey="c"),
            ),
        ),
        ShellNavGroup(
            "Sales",
            (
                ShellNavItem("Opportunities", "/ui?o", "square-kanban"),
                ShellNavItem("Quotes", "/ui?q", "file-text"),
            ),
        ),
        ShellNavGroup(
            "Service",
            (
                ShellNavItem("Tickets", "/ui?k", "ticket", count=1280),
                ShellNavItem("Knowledge", "/ui?n", "book-open"),
            ),
        ),
    )
    values: dict[str, Any] = {
        "site_name": "Northwind",
        "user": ShellUser("Jonas Weber", "jonas@northwind.example", "JW"),
        "csrf": "token-of-this-session",
        "path": "/ui",
        "nav": nav,
        "banners": (ShellBanner("warning", "The mailbox was last read 40 minutes ago."),),
        "flashes": (ShellFlash("success", "Customer saved.", "/undo/1"),),
        "quick_create": (
            ShellLink("Customer", "/ui?new", "user-plus", "c"),
            ShellLink("Ticket", "/ui?newt", "ticket", "t"),
        ),
    }
    return Shell(**{**values, **changes})


def page_html(query: dict[str, list[str]]) -> str:
    def one(key: str, default: str) -> Any:
        return query.get(key, [default])[0]

    told = shell(theme=one("theme", "auto"), dir=one("dir", "ltr"), locale=one("locale", "en"))
    name = one("template", "ui/living.html")
    return ENV.get_template(name).render(shell=told)


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
        headers = {name.lower(): value for name, value in self.headers.items()}
        type(self).posts.append((self.path, parse_qs(body, keep_blank_values=True), headers))
        self.answer(b"posted", "text/html", 500 if "fail" in self.path else 200)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Watched:
    """A page whose every complaint is kept: console errors, script errors, policy reports."""

    def __init__(self, page: Page) -> None:
        self.page, self.complaints = page, list[str]()
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def watched(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    options = getattr(request, "param", {"width": 1440})
    page = browser.new_page(
        viewport={"width": options["width"], "height": 900},
        color_scheme=options.get("scheme", "light"),
        java_script_enabled=options.get("scripts", True),
        bypass_csp=options.get("bypass_csp", False),
    )
    yield Watched(page)
    page.close()


@pytest.fixture
def posts() -> list[tuple[str, dict[str, list[str]], dict[str, str]]]:
    """What the site was sent, newest last: path, fields, headers with lower-case names."""
    Handler.posts.clear()
    return Handler.posts
