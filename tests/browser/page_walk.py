"""A walk over pages: each is opened, looked at on a phone and at a desk, in the dark and in the light.

With ``PATRON_PICTURES=FOLDER`` each page is also photographed in all four views.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page

ROOT = Path(__file__).resolve().parents[2]
AXE = (ROOT / "core/frontend/node_modules/axe-core/axe.min.js").read_text()
LOOKS = Path(__file__).with_name("page_looks.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}
# On a phone every rule is asked; at a desk those whose answer depends on colours and on what is shown.
AT_A_DESK = ["color-contrast", "landmark-unique", "region", "scrollable-region-focusable", "target-size"]
VIEWS: tuple[tuple[dict[str, int], str, Any], ...] = (
    (PHONE, "dark", TAGS),
    (DESK, "light", {"type": "rule", "values": AT_A_DESK}),
)
# What the sample data gives no example of, or what only a link in a mail leads to.
UNSEEN = (
    r"^/files/", r"^/mail/", r"/mail/\{", r"^/survey/", r"/files/\{", r"/import/\{", r"/rejects$",
    r"^/sales/quotes/.*/lines$", r"\{token", r"/preview/\{", r"/lookup$", r"/export$", r"^/palette$", r"/sample$",
    r"/connect$", r"/pop$",
)  # fmt: skip
RETURNS = r"/oauth/callback$"  # answers who comes back from a provider, and nobody else
PARTS = r"^/sales/enquiries/matches$|^/catalog/products/\d+/price$|^/marketing/segments/builder$"  # of a page, for htmx


class Walk:
    """Opens one page for each route, and finds the routes with an id by the links of the pages before."""

    def __init__(self, watched: Any, base: str, routes: Iterable[str]) -> None:
        self.watched, self.base = watched, base
        self.page: Page = watched.page
        self.page.add_init_script(f"{LOOKS}look.loadAxe = () => {{ {AXE} }};")
        plain = [route for route in routes if "{" not in route and not re.search(RETURNS, route)]
        self.found: dict[str, str] = dict(zip(plain, plain, strict=True))
        self.wanted = {route: self._pattern(route) for route in routes if "{" in route}
        self.complaints: dict[str, list[str]] = {}
        self.pictures = os.environ.get("PATRON_PICTURES")
        self.views, self.styles = VIEWS, set[str]()
        self._stand(0)

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
        """The complaints about one page, opened in the view in which the page before was left."""
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
        told = [] if response.ok else [f"answers {response.status}"]
        told += [*self._seen(), *self.watched.taken()]
        self._pictured(path)
        return told

    def state(self, name: str) -> None:
        """Look at the page as it now stands; that it answers an error is no complaint, since it was meant to."""
        raised = self.page.locator(":popover-open").count()
        self._stand(0)
        told = [*self.page.evaluate("look.smallOnTop()"), *self._seen(), *self.watched.taken()]
        meant = ["responded with a status of"]
        if raised:  # axe takes what lies under the top layer for lying over it: it was measured instead
            meant.append("target-size:")
        if left := [text for text in told if not any(words in text for words in meant)]:
            self.complaints[name] = left
        self._pictured(name)

    def _seen(self) -> list[str]:
        """What is wrong with the page in either view. It is left in the other one: a change of view costs a layout."""
        facts = self.page.evaluate("look.facts()")
        self._follow(facts["links"])
        told = [*facts["told"], *self._viewed("first")]
        self._stand(1 - self.standing)
        return sorted({*told, *self._viewed("second")})

    def _stand(self, view: int) -> None:
        self.standing = view
        self.page.set_viewport_size(self.views[view][0])
        self.page.emulate_media(color_scheme=self.views[view][1])

    def _viewed(self, turn: str) -> list[str]:
        """Width, and what axe says by the rules of this view; those about stylesheets where a page has new ones."""
        size, scheme, rules = self.views[self.standing]
        asked = {
            "view": {"width": size["width"], "scheme": scheme},
            "rules": rules,
            "read": sorted(self.styles),
        }
        seen = self.page.evaluate(f"asked => look.{turn}(asked)", asked)
        if isinstance(rules, list):
            self.styles.add(seen["styles"])
        told: list[str] = seen["told"]
        return told

    def _pictured(self, name: str) -> None:
        if not self.pictures:
            return
        for scheme, size in itertools.product(("light", "dark"), (DESK, PHONE)):
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate("view => look.settled(view)", {"width": size["width"], "scheme": scheme})
            file = re.sub(r"\W+", "-", name).strip("-") or "home"
            self.page.screenshot(path=f"{self.pictures}/{scheme}-{size['width']}/{file}.png")
        self._stand(self.standing)

    def _follow(self, links: list[str]) -> None:
        for path in dict.fromkeys(urlsplit(link).path for link in links):
            for route, pattern in list(self.wanted.items()):
                if pattern.match(path):
                    self.found[route] = path
                    del self.wanted[route]


def opened(watching: Any, browser: Browser, state: Any, base: str, routes: list[str]) -> Walk:
    """A walk over these routes that is done, by whom the state signs in."""
    context = browser.new_context(storage_state=state, reduced_motion="reduce")
    walk = Walk(watching(context), base, routes)
    walk.run()
    context.close()
    return walk
