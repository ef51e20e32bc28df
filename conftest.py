"""Every suite of the workspace gets the fixtures that ``patron.testing`` offers to modules, and a browser."""

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

FIND_BROWSER = Path(__file__).parent / "tools" / "browser.py"
MEMORY, ENOUGH = Path("/dev/shm"), 6 << 30  # noqa: S108 - only a root: pytest makes folders of its own in it
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def _work_in_memory() -> None:
    """Databases and files of the tests lie in memory where there is plenty: thousands are copied, and none is kept."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it remembers where it looked first


_work_in_memory()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts the browser: the one that ``make browser`` finds, kept off the network."""
    browser = runpy.run_path(str(FIND_BROWSER))["ensure"]()
    return {"executable_path": str(browser), "args": list(QUIET), "headless": True}
