"""Each distribution's wheel, installed where the repository is not, is whole and runs.

Only what a wheel declares is installed beside it, at the locked versions: an undeclared import fails here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.wheels

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
FOLDERS = {"": ROOT / "core", **{name: ROOT / "plugins" / name for name in MODULES}}
UV = Path(sys.executable).with_name("uv")


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command as on another machine: nothing of this environment is seen."""
    hidden = ("PYTHON", "VIRTUAL_ENV", "PATRON_", "PYTEST_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def package(name: str) -> str:
    return f"patron_{name}" if name else "patron"


def required(name: str) -> set[str]:
    """The modules that ``name`` cannot do without, itself included."""
    if not name:
        return set()
    project = tomllib.loads((FOLDERS[name] / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in project["dependencies"]}
    return {name}.union(*(required(other) for other in MODULES if f"patron-{other}" in names))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel of every distribution, by the module's name; core's is ``""``."""
    built = {}
    for name, folder in FOLDERS.items():
        out = tmp_path_factory.mktemp(f"wheel-{name or 'core'}")
        build = (UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
        run(*build, "--out-dir", out, folder, cwd=ROOT)
        (built[name],) = out.glob("*.whl")
    return built


def install(name: str, wheels: dict[str, Path], folder: Path) -> Path:
    """The ``bin`` of a new environment that holds core, the module and what they declare, nothing else."""
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    chosen = [wheels[other] for other in ("", *sorted(required(name)))]
    locked = ("--constraint", ROOT / "requirements" / "runtime.txt")
    run(UV, "pip", "install", "--quiet", "--link-mode=copy", "--python", python, *locked, *chosen, cwd=folder)
    return python.parent


@pytest.mark.parametrize("name", FOLDERS)
def test_a_wheel_holds_its_whole_package(name: str, wheels: dict[str, Path]) -> None:
    source = FOLDERS[name] / package(name)
    files = {
        path.relative_to(source.parent).as_posix()
        for path in source.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".po") and "node_modules" not in path.parts
    }
    assert files <= set(ZipFile(wheels[name]).namelist())


@pytest.mark.parametrize("name", FOLDERS)
def test_an_installed_wheel_runs(name: str, wheels: dict[str, Path], tmp_path: Path) -> None:
    binaries = install(name, wheels, tmp_path)
    where = run(binaries / "python", "-c", f"import {package(name)} as p; print(p.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path)
    site = tmp_path / "site"
    site.mkdir()
    modules = ",".join(sorted(required(name))) or "none"
    version = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text())["project"]["version"]
    assert version in run(binaries / "patron", "--version", cwd=site)
    run(binaries / "patron", "init", "--modules", modules, "--yes", cwd=site)
    run(binaries / "patron", "migrate", cwd=site)
    shown: list[dict[str, Any]] = json.loads(run(binaries / "patron", "plugins", "--json", cwd=site))
    states = {plugin["name"]: (plugin["state"], plugin["reason"]) for plugin in shown}
    assert required(name) <= states.keys()
    assert not [(plugin, state) for plugin, state in states.items() if state[0] != "enabled"]
    assert json.loads(run(binaries / "patron", "routes", "--json", cwd=site))
