"""Run the tests of the modules that are left when one is not installed at all.

``python tools/pairs.py [--module NAME ...] [pytest's arguments]`` makes an environment of its own, and
for each module: takes it and all that require it out of it, runs the suites of the rest, and puts it back. Prints one
line per module and ends with 1 when a suite failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = str(Path(sys.executable).with_name("uv"))
NOTHING_COLLECTED = 5


def required() -> Mapping[str, frozenset[str]]:
    """What each module of the tree requires, by its metadata."""
    found = {}
    for path in sorted((ROOT / "plugins").glob("*/pyproject.toml")):
        needs = tomllib.loads(path.read_text("utf-8"))["project"].get("dependencies", [])
        names = (re.match(r"patron-([a-z]+)", text) for text in needs)
        found[path.parent.name] = frozenset(match[1] for match in names if match)
    return found


def gone_with(module: str, requires: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The module and every one that cannot be without it."""
    gone = {module}
    while more := {name for name, needs in requires.items() if needs & gone} - gone:
        gone |= more
    return frozenset(gone)


class Environment:
    """A virtual environment with everything, from which modules come and go."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        self._run("venv", str(folder), "--python", sys.executable)
        listed = [argument for name in ("runtime", "dev") for argument in ("-r", f"requirements/{name}.txt")]
        self._pip("install", "--require-hashes", *listed)
        self.install("core", *(f"plugins/{name}" for name in required()))

    def install(self, *folders: str) -> None:
        editable = [argument for folder in folders for argument in ("-e", f"./{folder}")]
        self._pip("install", "--no-deps", "--no-build-isolation", *editable)

    def uninstall(self, names: Sequence[str]) -> None:
        self._pip("uninstall", *(f"patron-{name}" for name in names))

    def _pip(self, verb: str, *arguments: str) -> None:
        self._run("pip", verb, "--python", str(self.python), *arguments)

    def _run(self, *arguments: str) -> None:
        subprocess.run([UV, *arguments, "--quiet"], cwd=ROOT, check=True)

    def test(self, folders: Sequence[str], arguments: Sequence[str]) -> int:
        """pytest's code for those folders."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PATRON_TEST")}
        path = f"{self.python.parent}{os.pathsep}{clean['PATH']}"
        command = [str(self.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *folders, *arguments]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**clean, "PATH": path, "VIRTUAL_ENV": str(self.python.parents[1])},
            check=False,
        ).returncode


def main() -> int:
    requires = required()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", action="append", choices=sorted(requires), help="only without this one")
    chosen, arguments = parser.parse_known_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="patron-pairs-") as folder:
        environment = Environment(Path(folder))
        for module in chosen.module or requires:
            gone = sorted(gone_with(module, requires))
            left = [f"plugins/{name}/tests" for name in requires if name not in gone]
            environment.uninstall(gone)
            begin = time.monotonic()
            code = environment.test(left, arguments)
            environment.install(*(f"plugins/{name}" for name in gone))
            said = "fine" if code in (0, NOTHING_COLLECTED) else "FAILED"
            print(f"without {', '.join(gone)}: {said} in {time.monotonic() - begin:.0f} s", flush=True)
            if said != "fine":
                failed.append(module)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
