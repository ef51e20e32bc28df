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
# Seconds that the longest files take: begun first, none is left to one worker when the others have nothing more to do.
LONGEST = {
    "test_every_page.py": 180, "test_permission_matrix.py": 140, "test_every_page_from_n.py": 120, "test_wheels.py": 90,
    "test_worker_process.py": 80, "test_ui_pages.py": 45, "test_every_state.py": 43, "test_docs_commands.py": 43,
    "test_service_browser.py": 34, "test_ui_behaviour.py": 28, "test_seam.py": 23, "test_worker_serve.py": 22,
    "test_plugins_faults.py": 20, "test_imports_browser.py": 17, "test_without_scripts.py": 17,
}  # fmt: skip
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def _work_in_memory() -> None:
    """Databases and files of the tests lie in memory where there is plenty: thousands are copied, and none is kept."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it remembers where it looked first


_work_in_memory()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order of their length, the longest first; within a file as it says."""
    items.sort(key=lambda item: -LONGEST.get(item.path.name, 0))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts the browser: the one that ``make browser`` finds, kept off the network."""
    browser = runpy.run_path(str(FIND_BROWSER))["ensure"]()
    return {"executable_path": str(browser), "args": list(QUIET), "headless": True}
