"""Every face of the product in a real browser: policy, accessibility, width and weight."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from patron.ui import STATIC, manifest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

SMALL_TARGETS = """() => [...document.querySelectorAll('a.btn, a[class], button, input, select, summary')]
    .filter((element) => element.checkVisibility() && !element.closest('[popover]:not(:popover-open)'))
    .filter((element) => !element.matches('.check-box, .switch, .sr-only, .skip-link, [type=hidden]'))
    .filter((element) => {
        const box = element.getBoundingClientRect();
        return Math.min(box.width, box.height) < 24;
    })
    .map((element) => element.outerHTML.slice(0, 120))"""


def view(width: int, scheme: str, query: str) -> Any:
    return pytest.param({"width": width, "scheme": scheme}, query, id=f"{width}-{scheme}-{query}")


FACES = ("?template=sign-in.html", "?template=my.html", "?template=lost.html", "?dir=rtl&locale=ar")
VIEWS = [
    *(view(width, scheme, "") for width in (360, 1440) for scheme in ("light", "dark")),
    *(view(width, scheme, face) for width, scheme in ((360, "dark"), (1440, "light")) for face in FACES),
]


def axe_findings(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    return [
        f"{item['id']}: {node['target']} {node['failureSummary']}"
        for item in found["violations"]
        for node in item["nodes"]
    ]


@pytest.mark.parametrize(("watched", "query"), VIEWS, indirect=["watched"])
def test_page_keeps_policy_width_and_accessibility(
    watched: Any, site: str, query: str, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(f"{site}/ui{query}", wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert watched.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert axe_findings(page) == []
    small = page.evaluate(SMALL_TARGETS)
    assert small == []
    assert watched.complaints == []


def test_first_load_weighs_at_most_150_kb(site: str, watched: Any) -> None:
    names: list[str] = []
    watched.page.on("response", lambda response: names.append(urlsplit(response.url).path))
    watched.page.goto(f"{site}/ui", wait_until="networkidle")
    # The browser asks for the icon when it likes, and once for many pages: it is weighed whether asked for or not.
    icons = watched.page.eval_on_selector_all("link[rel=icon]", "all => all.map(one => one.href)")
    names += [urlsplit(icon).path for icon in icons]
    files = {STATIC / name.removeprefix("/static/") for name in names if name.startswith("/static/")}
    page = len(gzip.compress(watched.page.content().encode()))
    total = page + sum(len(gzip.compress(file.read_bytes())) for file in files)
    assert {file.name for file in files} >= set(manifest().values())
    assert total <= 150_000
