"""Every suite of the workspace gets the fixtures that ``patron.testing`` offers to modules, and a browser."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

FIND_BROWSER = Path(__file__).parent / "tools" / "browser.py"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts the browser: the one that ``make browser`` finds, kept off the network."""
    browser = runpy.run_path(str(FIND_BROWSER))["ensure"]()
    return {"executable_path": str(browser), "args": list(QUIET), "headless": True}
