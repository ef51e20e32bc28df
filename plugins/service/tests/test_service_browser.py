"""Hostile mail in a real browser: nothing runs, nothing loads from elsewhere, no policy is even touched."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.testing.faces import BASE_URL, make_customer, signed_in, signed_in_customer
from playwright.sync_api import Browser, Dialog, Page, Route
from service_world import SUPPORT, all_tickets, make_mailbox, take_in

pytestmark = pytest.mark.browser

RUN = "window.top.pwned=1;alert(1)"
NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}${7*7}",
    "</title><svg onload=alert(1)>",
)
BODIES = (
    f"<script>{RUN}</script>", f'<img src="x" onerror="{RUN}">', '<base href="https://evil.example/"><a href="x">x</a>',
    f'<form action="https://evil.example/"><input name=p autofocus onfocus="{RUN}"><button>Go</button></form>',
    '<style>@import "https://evil.example/x.css";body{background:url(https://evil.example/b)}</style>',
    '<div style="background:url(https://evil.example/c);position:fixed;inset:0">x</div>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">', '<iframe src="https://evil.example/"></iframe>',
    f'<svg><script>{RUN}</script></svg>', f'<svg/onload="{RUN}">', f'<a href="javascript:{RUN}">click</a>',
    '<link rel="stylesheet" href="https://evil.example/x.css">', '<object data="https://evil.example/x"></object>',
    '<img src="https://evil.example/pixel.png">', f'<math><mi xlink:href="javascript:{RUN}">x</mi></math>',
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
    '<video src="https://evil.example/v" autoplay>',
    f'<iframe srcdoc="<script>{RUN}</script>"></iframe>', '<table background="https://evil.example/t"><tr><td>x</table>',
    f"<template><script>{RUN}</script></template>", f'<details open ontoggle="{RUN}">x</details>',
)  # fmt: skip


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


class Watched:
    """A page of a browser that is served by the application, and everything suspicious that happened in it."""

    def __init__(self, page: Page, client: TestClient[Litestar]) -> None:
        self.page, self.client = page, client
        self.seen: list[str] = []
        page.on("dialog", self._asked)
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self.seen.append(f"error {error}"))
        page.route("**/*", self._answer)

    def _asked(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" or "Content Security Policy" in text:
            self.seen.append(text)

    def _answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if f"{url.scheme}://{url.netloc}" != BASE_URL:
            self.seen.append(f"request to {route.request.url}")
            route.abort()
            return
        answer = self.client.request(route.request.method, url.path + (f"?{url.query}" if url.query else ""))
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    def visit(self, path: str) -> None:
        answer = self.page.goto(f"{BASE_URL}{path}")
        assert answer is not None
        assert answer.status == 200, path
        self.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        for frame in self.page.query_selector_all("iframe"):
            frame.scroll_into_view_if_needed()
        self.page.wait_for_load_state("networkidle")
        assert self.page.evaluate("window.pwned") is None


@pytest.fixture
def watched(browser: Browser, client: TestClient[Litestar]) -> Iterator[Watched]:
    page = browser.new_page()
    yield Watched(page, client)
    page.close()


def attack(number: int, body: str) -> bytes:
    mail = EmailMessage()
    name = NAMES[number % len(NAMES)]
    mail["From"] = f'"{name.replace(chr(34), "")}" <ada@example.com>'
    mail["To"], mail["Subject"] = SUPPORT, f"{name} {number}"
    mail["Message-ID"] = f"<attack-{number}@example.com>"
    if number:
        mail["In-Reply-To"] = "<attack-0@example.com>"
    mail.set_content(f"{name} {body}")
    mail.add_alternative(f"<p>before</p>{body}<p>after</p>", subtype="html")
    mail.add_attachment(b"<script>alert(1)</script>", "text", "html", filename=f"{name}.html")
    return mail.as_bytes()


def test_hostile_mail_does_nothing_on_any_page(
    watched: Watched, client: TestClient[Litestar], assembly: Assembly
) -> None:
    ada = make_customer(assembly, NAMES[0], emails=["ada@example.com"])
    mailbox = make_mailbox(assembly)
    taken = [take_in(assembly, mailbox, attack(number, body)) for number, body in enumerate(BODIES)]
    [ticket] = all_tickets(assembly)
    signed_in(client)
    here = f"/service/tickets/{ticket.id}"
    for path in (
        here, "/service/tickets", "/service/tickets/board", f"/customers/{ada}", "/", "/search?q=script",
        f"/interactions/{taken[0].interaction_id}", "/interactions", f"{here}/history", f"{here}/edit",
    ):  # fmt: skip
        watched.visit(path)
    assert len(watched.page.frames) == 1
    watched.visit(here)
    assert len(watched.page.frames) == 1 + len(BODIES)
    for mail in taken:
        watched.visit(f"{here}/mail/{mail.mail_id}")
    signed_in_customer(client, ada, ["tickets"])
    watched.visit("/my/tickets")
    watched.visit(f"/my/tickets/{ticket.id}")
    assert watched.seen == []


def test_the_watch_sees_what_it_should(watched: Watched, client: TestClient[Litestar]) -> None:
    """The control: with such a page the test above would be red."""
    signed_in(client)
    watched.visit("/")
    watched.page.evaluate(
        "document.body.innerHTML += '<img src=https://evil.example/x><b onclick=alert(1)>x</b>'"
    )
    watched.page.wait_for_timeout(200)
    assert watched.seen
