"""The locked requirements fit what the distributions declare, hash everything and name no registry."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
LOCK: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "lock.py"))
FILES = ("runtime.txt", "dev.txt", "bootstrap.txt")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return {LOCK["distribution"](package): version for package, version in PIN.findall(text)}


@pytest.mark.parametrize(("index", "file"), [(0, "runtime.txt"), (1, "dev.txt")])
def test_what_is_declared_is_locked(index: int, file: str) -> None:
    requirements = [Requirement(line) for line in LOCK["declared"]()[index]]
    locked = pins(file)
    stale = [
        str(requirement)
        for requirement in requirements
        if not requirement.specifier.contains(locked.get(LOCK["distribution"](requirement.name), "0"))
    ]
    assert not stale, "run `make lock`"


def test_the_tools_use_what_runs() -> None:
    runtime, dev = pins("runtime.txt"), pins("dev.txt")
    assert {name: dev[name] for name in dev.keys() & runtime.keys() if dev[name] != runtime[name]} == {}


@pytest.mark.parametrize("file", FILES)
def test_a_lock_has_hashes_and_no_address(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", text) if "==" in entry)


def test_the_browser_lock_has_hashes_and_no_address() -> None:
    text = (ROOT / "tools" / "chromium" / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert text.count('"integrity"') == text.count('"node_modules/')
