"""The build of the front end: rebuilt when a source changes, and only then; a failure says what failed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

CORE = Path(__file__).parents[2]


def load_hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", CORE / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOK = load_hook()


def tree(root: Path) -> Path:
    """A front end whose build needs no packages: it writes what it was told."""
    front = root / "frontend"
    (front / "css").mkdir(parents=True)
    (front / "css" / "app.css").write_text("a {}")
    (front / "package.json").write_text("{}")
    (front / "package-lock.json").write_text("{}")
    (front / "node_modules").mkdir()
    (front / "node_modules" / ".package-lock.json").write_text("{}")
    (front / "build.mjs").write_text(
        "import { mkdirSync, writeFileSync } from 'node:fs';\n"
        "const [out, source] = process.argv.slice(2);\n"
        "mkdirSync(out, { recursive: true });\n"
        "writeFileSync(out + '/manifest.json', JSON.stringify({ source, files: {} }));\n"
    )
    return front


def test_builds_once_and_again_after_a_change(tmp_path: Path) -> None:
    front = tree(tmp_path)
    assert HOOK.build_frontend(tmp_path) is True
    assert HOOK.build_frontend(tmp_path) is False
    (front / "css" / "app.css").write_text("b {}")
    assert HOOK.build_frontend(tmp_path) is True


def test_a_failing_build_says_so(tmp_path: Path) -> None:
    (tree(tmp_path) / "build.mjs").write_text("throw new Error('no such icon')")
    with pytest.raises(RuntimeError, match="no such icon"):
        HOOK.build_frontend(tmp_path)


def test_without_sources_a_finished_build_is_needed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Neither"):
        HOOK.build_frontend(tmp_path)


def test_the_lock_names_no_address_but_every_digest() -> None:
    lock = json.loads((CORE / "frontend" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all("integrity" in entry and "resolved" not in entry for entry in packages.values())
