"""The browser that tests get is found where the machine has it, and it starts."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

TOOL: dict[str, Any] = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tools" / "browser.py"))


def test_the_variable_goes_before_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own, on_path = tmp_path / "own", tmp_path / "chromium"
    on_path.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PATRON_CHROMIUM", raising=False)
    assert TOOL["installed"]() == on_path
    monkeypatch.setenv("PATRON_CHROMIUM", str(own))
    assert TOOL["installed"]() == own


@pytest.mark.browser
def test_the_browser_starts(page: Page) -> None:
    page.set_content("<h1>Hello</h1>")
    assert page.inner_text("h1") == "Hello"
