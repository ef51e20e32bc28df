"""Each distribution's wheel, installed where the repository is not, is whole and runs; uninstalled, it loses nothing.

Only what a wheel declares is installed beside it, at the locked versions: an undeclared import fails here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.plugins import discover
from patron.testing.databases import Databases

pytestmark = pytest.mark.wheels

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
FOLDERS = {"": ROOT / "core", **{name: ROOT / "plugins" / name for name in MODULES}}
FIRST_STEPS = Path(__file__).with_name("wheel_steps.py")
UV = Path(sys.executable).with_name("uv")
BUILD = """
import os, sys
from hatchling.build import build_wheel  # what each distribution names as its build backend

for folder, out in zip(sys.argv[1::2], sys.argv[2::2]):
    os.chdir(folder)
    build_wheel(out)
"""


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
    outs = {name: tmp_path_factory.mktemp(f"wheel-{name or 'core'}") for name in FOLDERS}
    pairs = [str(path) for name, folder in FOLDERS.items() for path in (folder, outs[name])]
    run(sys.executable, "-c", BUILD, *pairs, cwd=ROOT)
    return {name: next(out.glob("*.whl")) for name, out in outs.items()}


@pytest.fixture(scope="module")
def core_alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``python`` of a new environment that holds core and what it declares, nothing else."""
    folder = tmp_path_factory.mktemp("wheels")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    add([wheels[""]], python)
    return python


@contextmanager
def holding(names: set[str], wheels: dict[str, Path], python: Path) -> Iterator[Path]:
    """The ``bin`` of that environment with the modules and what they declare, as long as it lasts.

    One environment serves all, since most of the time goes into what all need: third parties, and their byte code.
    """
    before = packages(python)
    if names:
        add([wheels[name] for name in sorted(names)], python)
    yield python.parent
    if added := sorted(packages(python) - before):
        run(UV, "pip", "uninstall", "--quiet", "--python", python, *added, cwd=python.parent)
    assert packages(python) == before


def packages(python: Path) -> set[str]:
    """The names of the distributions of an environment."""
    listed = json.loads(run(UV, "pip", "list", "--format=json", "--python", python, cwd=python.parent))
    return {row["name"] for row in listed}


def add(chosen: list[Path], python: Path) -> None:
    locked = ("--constraint", ROOT / "requirements" / "runtime.txt")
    options = ("--quiet", "--link-mode=copy", "--python", python)
    run(UV, "pip", "install", *options, *locked, *chosen, cwd=python.parent)


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
def test_an_installed_wheel_runs(
    name: str, wheels: dict[str, Path], core_alone: Path, tmp_path: Path
) -> None:
    with holding(required(name), wheels, core_alone) as binaries:
        walk(name, binaries, tmp_path)


def walk(name: str, binaries: Path, site: Path) -> None:
    """Install it, look at what there is, and do what is done first."""
    modules = ",".join(sorted(required(name))) or "none"
    version = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text())["project"]["version"]
    if not name:  # the program itself, once in processes of its own
        assert version in run(binaries / "patron", "--version", cwd=site)
        run(binaries / "patron", "init", "--modules", modules, "--yes", cwd=site)
        run(binaries / "patron", "migrate", cwd=site)
    done = json.loads(run(binaries / "python", FIRST_STEPS, package(name), modules, cwd=site))
    assert Path(done["where"]).is_relative_to(binaries.parent)
    assert version in done["version"]
    shown: list[dict[str, Any]] = done["plugins"]
    states = {plugin["name"]: (plugin["state"], plugin["reason"]) for plugin in shown}
    assert required(name) <= states.keys()
    assert not [(plugin, state) for plugin, state in states.items() if state[0] != "enabled"]
    assert done["routes"]
    assert done["statuses"] == [303, 303, 200]
    assert done["shown"] == {"Ada Weber": True, "Asked for chairs": True}


GOING = ("sales", "service")
STEPS = Path(__file__).with_name("reinstall_steps.py")
MEANWHILE = """
import sqlalchemy as sa
from alembic import op

revision = "meanwhile"
down_revision = {head!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("core_meanwhile", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("core_customer", recreate="auto") as batch:
        batch.add_column(sa.Column("meanwhile", sa.String, server_default="new", nullable=False))
        batch.alter_column("name", existing_type=sa.String, comment="changed meanwhile")


def downgrade() -> None:
    raise NotImplementedError
"""


@dataclass
class Site:
    """An installation of the throw-away environment."""

    binaries: Path
    folder: Path

    def migrate(self) -> list[str]:
        done = run(self.binaries / "patron", "migrate", "--json", cwd=self.folder)
        return list(json.loads(done)["migrated"])

    def step(self, *step: object) -> Any:
        return json.loads(run(self.binaries / "python", STEPS, *map(str, step), cwd=self.folder))

    @property
    def versions(self) -> Path:
        return next(self.binaries.parent.glob("lib/*/site-packages/patron/migrations/versions"))


@pytest.fixture(scope="module")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, *(p.migrations for p in discover(GOING)))


@pytest.fixture(scope="module")
def environment(wheels: dict[str, Path], core_alone: Path) -> Iterator[Path]:
    """The ``bin`` of an environment with sales, service and what they need."""
    with holding(set[str]().union(*map(required, GOING)), wheels, core_alone) as binaries:
        yield binaries


def site_at(folder: Path, database: Database, binaries: Path) -> Site:
    folder.mkdir(exist_ok=True)
    modules = json.dumps(sorted(set[str]().union(*map(required, GOING))))
    lines = (f'database_url = "{database.url}"', 'secret_key = "of-a-test"', f"modules = {modules}")
    (folder / "patron.toml").write_text("\n".join(lines))
    return Site(binaries, folder)


def of_modules(digest: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in digest.items() if name.startswith(tuple(f"{m}_" for m in GOING))}


def of_those_going(waiting: dict[str, str]) -> dict[str, str]:
    """Deliveries of the modules that are taken away; the core's own go on meanwhile."""
    return {handler: state for handler, state in waiting.items() if handler.partition(".")[0] in GOING}


def test_modules_uninstalled_and_installed_again_have_lost_nothing(
    environment: Path,
    database: Database,
    wheels: dict[str, Path],
    databases: Databases,
    engine_name: str,
    tmp_path: Path,
) -> None:
    """Meanwhile the core is migrated and two of their customers are merged, as in a twin where they stayed."""
    site = site_at(tmp_path, database, environment)
    filled = site.step("fill")
    ids, first = (filled["survivor"], filled["merged"]), filled["after"]
    assert of_those_going(first["waiting"]) == {"service.take_mail": "due"}
    with databases._copy(engine_name, database, tmp_path) as other:
        twin = site_at(tmp_path / "twin", other, environment).step("merge", *ids)["after"]
    assert of_modules(first["digest"]) != of_modules(twin["digest"]), "the merge concerns them"

    python, names = environment / "python", [f"patron-{name}" for name in GOING]
    run(UV, "pip", "uninstall", "--quiet", "--python", python, *names, cwd=tmp_path)
    head = max(path.stem for path in site.versions.glob("0*.py")).partition("_")[0]
    revision = site.versions / "meanwhile.py"
    try:
        revision.write_text(MEANWHILE.format(head=head))
        assert site.migrate() == [f"core: {head} → meanwhile"]
        away = site.step("away", *ids)
        assert {away["before"]["states"][name] for name in GOING} == {"refused"}
        assert away["before"]["written"] == first["written"]
        assert away["meanwhile"] == ["new"]
        assert of_those_going(away["after"]["waiting"]) == {"service.take_mail": "parked"}

        add([wheels[name] for name in GOING], python)
        lagging = site.step("look")["after"]["reasons"]
        assert lagging.keys() >= set(GOING), "not in service before they have followed the merge"
        assert "missed" in " ".join(lagging.values())
        assert site.migrate() == []
        back = site.step("back")
    finally:
        revision.unlink()
        add([wheels[name] for name in GOING], python)
    assert set(back["before"]["states"].values()) == {"enabled"}
    assert of_modules(back["before"]["digest"]) == of_modules(twin["digest"])
    assert back["before"]["written"] == twin["written"]
    assert of_those_going(back["after"]["waiting"]) == {}
    assert back["tickets"] == 1
