"""The README and the tutorial tell the truth: their commands run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
STEPS: dict[str, Any] = runpy.run_path(str(ROOT / "tests" / "docs_commands.py"))
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/tutorial/*.md")),
    ROOT / "docs" / "how-to" / "import-customers.md",
    ROOT / "docs" / "how-to" / "find-duplicates.md",
    ROOT / "docs" / "how-to" / "connect-mail.md",
    ROOT / "docs" / "how-to" / "know-your-base.md",
    ROOT / "docs" / "how-to" / "connect-telephony.md",
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
DISTRIBUTIONS = {"patron", *(f"patron-{path.parent.name}" for path in ROOT.glob("plugins/*/pyproject.toml"))}


class Reader:
    """Somebody at a shell who does what a page says, starting in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PATRON_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**inherited, "PATH": path, "HOME": str(folder), "PATRON_PORT": "0"}
        self.serving: list[subprocess.Popen[bytes]] = []

    def follow(self, step: Any) -> None:
        if step.file:
            target = self.folder / step.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.output, encoding="utf-8")
        elif step.looked_up:
            assert known(step.command), f"the page names something that is not there: {step.command}"
        elif step.serves:
            self.serving.append(subprocess.Popen(step.command.split(), cwd=self.folder, env=self.environment))
        else:
            self.run(step)

    def run(self, step: Any) -> None:
        script = f"set -eo pipefail\n{step.command}\necho; pwd"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"$ {step.command}\n{done.stdout}{done.stderr}"
        printed, _, where = done.stdout.rstrip("\n").rpartition("\n")
        assert step.matches(printed + done.stderr), (
            f"$ {step.command}\n{printed}\nbut the page shows\n{step.output}"
        )
        self.folder = Path(where)


def known(command: str) -> bool:
    """Whether the make target or the distributions that a command names are those of this repository."""
    program, *words = command.split()
    if program == "make":
        return {word for word in words if "=" not in word} <= TARGETS
    if program == "pip":
        return {re.split(r"[=<>~\[]", word)[0] for word in words[1:] if word[0] != "-"} <= DISTRIBUTIONS
    return True


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    someone = Reader(folder)
    try:
        yield someone
    finally:
        for process in someone.serving:
            process.terminate()
            process.wait(30)


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_a_page_can_be_followed(document: Path, tmp_path: Path) -> None:
    with reader(tmp_path) as someone:
        for step in STEPS["steps"](document):
            someone.follow(step)


def test_a_page_that_is_wrong_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```text file=a/notes.txt\none\ntwo\n```\n```console\n$ cd a  # go there\n$ cat notes.txt\none\nt…o\n"
        "$ cat notes.txt\nthree\n$ false\n$ make nothing\n$ pip install patron-nothing\n```\n"
    )
    write, go, right, *wrong = STEPS["steps"](page)
    with reader(tmp_path) as someone:
        for step in (write, go, right):
            someone.follow(step)
        assert someone.folder == tmp_path / "a"
        for step in wrong:
            with pytest.raises(AssertionError):
                someone.follow(step)
    assert len(wrong) == 4
