"""Every page of every face, found by following links as people do, opened and looked at.

With ``PATRON_PICTURES=FOLDER`` each page is also photographed, on a phone and at a desk, in the light and in the dark.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
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
from playwright.sync_api import Browser, Error, Page
from sqlalchemy import select, update

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
AXE = (ROOT / "core/frontend/node_modules/axe-core/axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"
AT_A_DESK = ["color-contrast", "landmark-unique", "region", "scrollable-region-focusable", "target-size"]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}
# What the sample data gives no example of, or what only a link in a mail leads to.
UNSEEN = (
    r"^/files/", r"^/mail/", r"/mail/\{", r"^/survey/", r"/files/\{", r"/import/\{", r"/rejects$",
    r"^/sales/quotes/.*/lines$", r"\{token", r"/preview/\{", r"/lookup$", r"/export$", r"^/palette$", r"/sample$",
)  # fmt: skip
CUSTOMERS_FILE = (
    "Name;E-mail;City\n" + "".join(f"Firm {n} Ltd;info@firm{n}.example;Bern\n" for n in range(5)) + "X;no;Y\n"
)
PARTS = r"^/sales/enquiries/matches$|^/catalog/products/\d+/price$|^/marketing/segments/builder$"  # of a page, for htmx


class Walk:
    """Opens one page for each route, and finds the routes with an id by the links of the pages before."""

    def __init__(self, watched: Any, base: str, routes: Iterable[str]) -> None:
        self.watched, self.base = watched, base
        self.page: Page = watched.page
        self.found: dict[str, str] = {route: route for route in routes if "{" not in route}
        self.wanted = {route: self._pattern(route) for route in routes if "{" in route}
        self.complaints: dict[str, list[str]] = {}
        self.pictures = os.environ.get("PATRON_PICTURES")

    @staticmethod
    def _pattern(route: str) -> re.Pattern[str]:
        """Matches the paths of a route: a whole number where it takes one, else a word."""
        pieces = re.split(r"(\{[^}]*\})", route)
        kinds = [
            r"\d+" if ":int" in piece else r"[\w.-]+" if piece[:1] == "{" else re.escape(piece)
            for piece in pieces
        ]
        return re.compile("".join(kinds) + "$")

    def run(self) -> None:
        seen: set[str] = set()
        while left := [route for route in self.found if route not in seen] or self._beside():
            for route in left:
                seen.add(route)
                if complaints := self.look(self.found[route]):
                    self.complaints[self.found[route]] = complaints

    def _beside(self) -> list[str]:
        """Pages that no link led to, of a record that was found: those for who runs no scripts, and later parts."""
        for route in list(self.wanted):
            record, _, rest = route.partition("}")
            found = [path for path in self.found.values() if self._pattern(record + "}").match(path)]
            if found and "{" not in rest and not any(re.search(known, route) for known in UNSEEN):
                self.found[route] = found[0] + rest
                del self.wanted[route]
                return [route]
        return []

    def unreached(self) -> list[str]:
        return [route for route in self.wanted if not any(re.search(known, route) for known in UNSEEN)]

    def told(self) -> str:
        return "\n".join(f"{path}\n    " + "\n    ".join(texts) for path, texts in self.complaints.items())

    def look(self, path: str) -> list[str]:
        self.page.set_viewport_size(PHONE)
        self.page.emulate_media(color_scheme="dark")
        try:
            response = self.page.goto(f"{self.base}{path}", wait_until="load")
        except Error as error:
            self.watched.taken()
            return [] if "Download is starting" in str(error) else [str(error)]
        assert response is not None
        if "text/html" not in response.headers.get("content-type", ""):
            self.watched.taken()
            return [] if response.ok else [f"answers {response.status}"]
        if re.search(PARTS, path):
            return self.watched.taken()
        self._follow()
        told = [] if response.ok else [f"answers {response.status}"]
        told += [*self._shape(), *self._accessible(), *self.watched.taken()]
        self._pictured(path)
        return told

    def state(self, name: str) -> None:
        """Look at the page as it now stands; that it answers an error is no complaint, since it was meant to."""
        self.page.set_viewport_size(PHONE)
        self.page.emulate_media(color_scheme="dark")
        raised = self.page.locator(":popover-open").count()
        told = [*self._small_on_top(), *self._shape(), *self._accessible(), *self.watched.taken()]
        meant = ["responded with a status of"]
        if (
            raised
        ):  # axe takes what lies under the top layer for lying over it: what is on top was measured instead
            meant.append("target-size:")
        if left := [text for text in told if not any(words in text for words in meant)]:
            self.complaints[name] = left
        self._pictured(name)

    def _pictured(self, name: str) -> None:
        if not self.pictures:
            return
        for scheme, size in itertools.product(("light", "dark"), (DESK, PHONE)):
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate(SETTLED)
            file = re.sub(r"\W+", "-", name).strip("-") or "home"
            self.page.screenshot(path=f"{self.pictures}/{scheme}-{size['width']}/{file}.png")

    def _follow(self) -> None:
        links = self.page.eval_on_selector_all(
            "a[href]", "links => links.map((link) => link.getAttribute('href'))"
        )
        for path in dict.fromkeys(urlsplit(link).path for link in links):
            for route, pattern in list(self.wanted.items()):
                if pattern.match(path):
                    self.found[route] = path
                    del self.wanted[route]

    def _shape(self) -> list[str]:
        told = self._width(PHONE)
        title, name = self.page.title(), self.page.evaluate("document.documentElement.lang")
        icons = self.page.evaluate("""async () => {
            const used = [...document.querySelectorAll("use")].map((use) => use.getAttribute("href").split("#"));
            if (!used.length) return [];
            const sprite = await (await fetch(used[0][0])).text();
            return [...new Set(used.map(([, id]) => id))].filter((id) => !sprite.includes(`id="${id}"`));
        }""")
        if not title.split("·")[0].strip():
            told.append("has no title")
        if self.page.locator("h1").count() != 1:
            told.append(f"has {self.page.locator('h1').count()} h1")
        if not name:
            told.append("has no language")
        return told + [f"has no icon {icon}" for icon in icons]

    def _small_on_top(self) -> list[str]:
        """What of a popover is too small to be touched (WCAG 2.5.8): a field counts with its label."""
        small: list[str] = self.page.evaluate("""() => {
            const touched = ":popover-open :is(a[href], button, input, select, textarea, summary)";
            return [...document.querySelectorAll(touched)]
                .filter((one) => one.checkVisibility() && one.type !== "hidden" && !one.matches("p a"))
                .map((one) => [one, (one.closest("label") ?? one).getBoundingClientRect()])
                .filter(([, box]) => box.width < 24 || box.height < 24)
                .map(([one, box]) => `${one.tagName} ${one.textContent.trim()} ${box.width} x ${box.height}`);
        }""")
        return [f"is too small on top: {text}" for text in small]

    def _accessible(self) -> list[str]:
        """axe in the dark on a phone; in the light at a desk, what depends on colours and on what is shown."""
        self.page.evaluate(AXE)
        dark = self._axe(TAGS)
        self.page.set_viewport_size(DESK)
        self.page.emulate_media(color_scheme="light")
        wide = self._width(DESK)
        return sorted({*dark, *wide, *self._axe({"type": "rule", "values": AT_A_DESK})})

    def _width(self, size: dict[str, int]) -> list[str]:
        width = self.page.evaluate("document.documentElement.scrollWidth")
        return [f"is {width} px wide on {size['width']}"] if width > size["width"] else []

    def _axe(self, rules: Any) -> list[str]:
        """The violations; colours are looked at twice, since a browser under load repaints late."""
        self.page.evaluate(SETTLED)
        script = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], iframes: false})"
        found = self.page.evaluate(script, rules)["violations"]
        if any(item["id"] == "color-contrast" for item in found):
            self.page.wait_for_timeout(500)
            found = self.page.evaluate(script, rules)["violations"]
        return [
            f"{item['id']}: {node['target']} {node['failureSummary'][:200]}"
            for item in found
            for node in item["nodes"][:3]
        ]


def opened(watching: Any, browser: Browser, state: Any, base: str, routes: list[str]) -> Walk:
    context = browser.new_context(storage_state=state, reduced_motion="reduce")
    walk = Walk(watching(context), base, routes)
    walk.run()
    context.close()
    return walk


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
    for name, opened in {"filters": "#filters", "columns": "#columns", "list-more": "#list-more"}.items():
        page.goto("/customers")
        page.locator(f"[popovertarget={name}]").click()
        page.locator(f"{opened}:popover-open").wait_for()
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
