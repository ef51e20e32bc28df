"""Write the hash-locked requirement files from what the distributions declare: ``make lock``.

``runtime.txt`` holds what core and every module need to run, ``dev.txt`` the tools of ``dev.in`` and what
builds the wheels, ``bootstrap.txt`` the installer itself. No file names a registry: that is the machine's
own setting.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPILE = [
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--custom-compile-command=make lock"),
]


def projects(root: Path = ROOT) -> list[Path]:
    """The folder of every distribution, core first, modules by name."""
    return [root / "core", *sorted(file.parent for file in root.glob("plugins/*/pyproject.toml"))]


def distribution(requirement: str) -> str:
    """The normalised name that a requirement line is about."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(root: Path = ROOT) -> tuple[set[str], set[str]]:
    """What all distributions require of others: at run time (extras included), and to be built."""
    metadata = [tomllib.loads((folder / "pyproject.toml").read_text()) for folder in projects(root)]
    own = {distribution(data["project"]["name"]) for data in metadata}
    runtime: set[str] = set()
    build: set[str] = set()
    for data in metadata:
        extras = data["project"].get("optional-dependencies", {}).values()
        runtime.update(data["project"].get("dependencies", ()), *extras)
        build.update(data["build-system"]["requires"])
        hooks = data.get("tool", {}).get("hatch", {}).get("build", {}).get("hooks", {}).values()
        build.update(*(hook.get("dependencies", ()) for hook in hooks))
    return {line for line in runtime if distribution(line) not in own}, build


def compile_file(target: str, lines: set[str], *, upgrade: bool) -> None:
    """Resolve ``lines`` into ``requirements/target``; pins that still fit stay unless ``upgrade``."""
    options = ["--upgrade"] if upgrade else []
    subprocess.run(
        [*COMPILE, *options, "-", "--output-file", target],
        input="\n".join(sorted(lines)),
        text=True,
        check=True,
        cwd=ROOT / "requirements",
    )


def main() -> None:
    """Lock the three files; ``--upgrade`` takes the newest of everything."""
    upgrade = "--upgrade" in sys.argv[1:]
    runtime, build = declared()
    compile_file("runtime.txt", runtime, upgrade=upgrade)
    compile_file("dev.txt", {"-r dev.in", *build}, upgrade=upgrade)
    compile_file("bootstrap.txt", {"-r bootstrap.in"}, upgrade=upgrade)


if __name__ == "__main__":
    main()
