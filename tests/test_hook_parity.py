"""Every hook says what it is for and has a fresh page; something that ships uses it, and a test proves it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from patron import builtin, hookspecs
from patron.cli.reference_pages import offered_hooks
from patron.hookspecs import MODES
from patron.plugins import discover

ROOT = Path(__file__).parents[1]
FAULTS = ROOT / "tests" / "test_plugins_faults.py"


def users(hook: str) -> list[str]:
    """The core's own features and the shipped modules that implement the hook."""
    modules = [*builtin.MODULES, *(plugin.module for plugin in discover(None))]
    return [module.__name__ for module in modules if callable(getattr(module, hook, None))]


def naming(hook: str) -> list[Path]:
    """Tests that speak of the hook, but for this one and the one that injects faults into them all."""
    folders = [
        ROOT / "core" / "tests",
        ROOT / "tests",
        *ROOT.glob("plugins/*/tests"),
        ROOT / "core/patron/testing",
    ]
    files = [
        path for folder in folders for path in folder.rglob("*.py") if path not in (Path(__file__), FAULTS)
    ]
    return [path for path in files if re.search(rf"\b{hook}\b", path.read_text("utf-8"))]


OFFERED = {spec.__name__: spec for spec in offered_hooks()}
HOOKS = {**{name: getattr(hookspecs, name) for name in MODES}, **OFFERED}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_says_what_it_is_for(hook: str) -> None:
    words = inspect.getdoc(HOOKS[hook]) or ""
    assert len(words) > 20
    assert words.endswith(".")
    page = (ROOT / "docs" / "reference" / "hooks.md").read_text("utf-8")
    assert f"`{hook}" in page


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_used_by_something_that_ships(hook: str) -> None:
    assert users(hook), f"nothing that ships uses {hook}: take it out until something does"


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_proven_by_a_test(hook: str) -> None:
    assert naming(hook), hook


@pytest.mark.parametrize("hook", OFFERED)
def test_who_offers_a_hook_takes_what_is_given(hook: str) -> None:
    package = Path(inspect.getfile(OFFERED[hook])).parent
    sources = [path.read_text("utf-8") for path in package.rglob("*.py")]
    assert any(f'"{hook}"' in source and ".offered(" in source for source in sources), hook


def test_every_hook_that_a_module_declares_is_among_them() -> None:
    """Read from the sources, so that one which nobody imports is missed by nothing."""
    declared = set()
    for path in ROOT.glob("plugins/*/patron_*/**/hookspecs.py"):
        declared |= set(re.findall(r"^@hook\(.*?\)\ndef (\w+)", path.read_text("utf-8"), re.M | re.S))
    assert declared == set(OFFERED)
    assert declared, "the pattern still finds them"


def test_the_reference_is_what_the_code_says(tmp_path: Path) -> None:
    """Made in a process of its own, since the command line is a program of its own."""
    making = [sys.executable, "-c", "from patron.cli import main; main()", "docs", "--to", str(tmp_path)]
    subprocess.run(making, check=True, cwd=tmp_path, capture_output=True)
    made = sorted(path.name for path in tmp_path.glob("*.md"))
    assert made == sorted(path.name for path in (ROOT / "docs" / "reference").glob("*.md"))
    for name in made:
        written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
        assert written == (tmp_path / name).read_text("utf-8"), f"{name} is stale. Run: make docs"
