"""Read the commands of a documentation page, so that a test can do what the page tells its reader to do.

The convention: in a fenced ``console`` block a line that starts with ``$ `` is a command and the lines below
it are what it prints, where ``…`` stands for anything; in a ``bash`` block every line is a command; a block
whose info string has ``file=PATH`` is a file that the reader writes. ``make`` and ``pip install`` are looked
up, not run; what serves until it is stopped runs beside the rest of the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(?P<info>[^\n]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\bfile=(\S+)")
SERVES = re.compile(r"^patron (serve|worker|demo)\b")


@dataclass
class Step:
    """One thing to do: run ``command`` and see ``output``, or write ``output`` to ``file``."""

    command: str = ""
    output: str = ""
    file: str = ""

    @property
    def looked_up(self) -> bool:
        return self.command.startswith(("make ", "pip install ", "git clone "))

    @property
    def serves(self) -> bool:
        return SERVES.match(self.command) is not None

    def matches(self, printed: str) -> bool:
        """Whether each line the page shows was printed, in that order."""
        pattern = "".join(
            re.escape(line.strip()).replace("…", ".*") + r"[\s\S]*"
            for line in self.output.splitlines()
            if line.strip()
        )
        return re.search(pattern, printed) is not None


def steps(page: Path) -> list[Step]:
    """What the page tells its reader to do, in order."""
    found: list[Step] = []
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        language, body = block["info"].split()[0], block["body"]
        if file := FILE.search(block["info"]):
            found.append(Step(file=file[1], output=body))
        elif language == "bash":
            found += [Step(line) for line in body.splitlines() if line and not line.startswith("#")]
        elif language == "console":
            found += _console(body)
    return found


def _console(body: str) -> list[Step]:
    found: list[Step] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append(Step(line.removeprefix("$ ").split("  #")[0].rstrip()))
        elif found:
            found[-1].output += f"{line}\n"
    return found
