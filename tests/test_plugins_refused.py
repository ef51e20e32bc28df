"""A module that does not fit is left out alone, with the reason on the command line, in the log and in the banner.

The modules are real distributions: metadata and packages in a folder on the path, as pip leaves them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from patron.app import app_of
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.errors import SetupError
from patron.testing.faces import app_client, settings_for, signed_in

PLUGIN = "from patron.hookspecs import hookimpl\n"
ROUTE = """
from patron.permissions import Face
from patron.responses import Json
from patron.routing import ANYONE, get

@get("{path}", face=Face.PUBLIC, permission=ANYONE)
def ping(ctx):
    return Json("pong")

@hookimpl
def register_controllers():
    return [ping]
"""
OPEN = """
from patron.routing import get

@get("/openroute/all")
def everything(ctx):
    raise AssertionError

@hookimpl
def register_controllers():
    return [everything]
"""
RESOURCE = """
from dataclasses import replace
from patron.customers.resource import CUSTOMERS

@hookimpl
def register_resources():
    return [replace(CUSTOMERS, name="clients", module="{module}")]
"""
TABLE = """
from typing import ClassVar
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

class Base(SQLModel, registry=registry()):
    metadata: ClassVar[MetaData] = MetaData()

class Thing(Base, table=True):
    __tablename__ = "wild_thing"
    id: int | None = Field(default=None, primary_key=True)
"""
PERMISSION = """
from patron.contributions import Permission

@hookimpl
def register_permissions():
    return [Permission("customers.merge", "Merge as I like")]
"""
GRANT = """
from patron.contributions import RoleGrant
from patron.customers.resource import CUSTOMERS
from patron.permissions import Scope

@hookimpl
def register_permissions():
    return [RoleGrant("{role}", {{{permission}: Scope.ALL}})]
"""
UNOWNED = "replace(CUSTOMERS, module='').permission('read')"
REVISION = """
revision = "0001"
down_revision = None

def upgrade():
    pass

def downgrade():
    pass
"""

# name: (code of plugin.py, further requirements, what the reason says)
MODULES: Mapping[str, tuple[str, str, str]] = {
    "badrange": (PLUGIN, "patron>=99", "It requires patron>=99, but"),
    "badimport": ("import no_such_thing_at_all\n", "", "cannot be imported: ModuleNotFoundError"),
    "badexit": ("raise SystemExit(3)\n", "", "cannot be imported: SystemExit: 3"),
    "badmetadata": (PLUGIN, "patron >>= 1", "Its requirements cannot be read"),
    "badoffer": (PLUGIN, "", "patron_badoffer.hookspecs cannot be imported: RuntimeError: not today"),
    "badroute": (PLUGIN + ROUTE.format(path="/sign-in"), "", "The route GET /sign-in is taken by “core”"),
    "badtable": (
        PLUGIN + RESOURCE.format(module=""),
        "",
        "its table “core_customer” must begin with “badtable_”",
    ),
    "wildtable": (PLUGIN + TABLE, "", "Its table “wild_thing” must begin with “wildtable_”"),
    "openroute": (
        PLUGIN + OPEN,
        "",
        "The route GET /openroute/all declares no permission that fits its face",
    ),
    "badright": (PLUGIN + PERMISSION, "", "The permission “customers.merge” is taken by “core”"),
    "badowner": (
        PLUGIN + RESOURCE.format(module="core"),
        "",
        "“badowner.clients” says that it belongs to “core”",
    ),
    "badgrant": (
        PLUGIN + GRANT.format(role="reader", permission="'badgrant.things.read'"),
        "",
        "the permission “badgrant.things.read”, which nobody declares",
    ),
    "badrole": (
        PLUGIN + GRANT.format(role="boss", permission="'customers.read'"),
        "",
        "the role “boss”, which is none",
    ),
    "early": (
        PLUGIN + "from dataclasses import replace\n" + GRANT.format(role="reader", permission=UNOWNED),
        "",
        "give it its module",
    ),
    "behind": (PLUGIN, "", "Its tables are behind its program. Run: patron migrate"),
    "needyoffer": (PLUGIN, "patron-badoffer", "It requires “badoffer”, which was refused"),
    "needy": (PLUGIN, "patron-badimport", "It requires “badimport”, which was refused"),
    "fine": (PLUGIN + ROUTE.format(path="/fine/ping"), "", ""),
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The modules, importable for the time of the test."""
    folder = tmp_path / "installed"
    for name, (code, requires, _) in MODULES.items():
        write_distribution(folder, name, code, requires)
    (folder / "patron_badoffer" / "hookspecs.py").write_text('raise RuntimeError("not today")\n')
    versions = folder / "patron_behind" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text(REVISION)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for module in [
        module for module in sys.modules if module.partition(".")[0].removeprefix("patron_") in MODULES
    ]:
        del sys.modules[module]


def write_distribution(folder: Path, name: str, code: str, requires: str = "") -> None:
    """What pip leaves of a wheel."""
    package, info = folder / f"patron_{name}", folder / f"patron_{name}-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(code)
    lines = ["Metadata-Version: 2.1", f"Name: patron-{name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {requires}"] if requires else []
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "entry_points.txt").write_text(f"[patron.plugins]\n{name} = patron_{name}.plugin\n")


def reasons(assembly: Assembly) -> dict[str, str]:
    return {plugin.name: plugin.refused for plugin in assembly.plugins}


def test_each_is_left_out_alone_with_its_reason(
    database: Database, installed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assembly = assemble(settings_for(database, modules=tuple(MODULES), folder=str(installed)))
    after_migration(assembly)
    found = reasons(assembly)
    for name, (_, _, said) in MODULES.items():
        assert (said in found[name]) if said else found[name] == "", (name, found[name])
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    for name, reason in found.items():
        assert not reason or f"plugin {name} refused: {reason}" in logged
    with app_client(assembly) as client:
        assert client.get("/fine/ping").json() == "pong"
        assert client.get("/sign-in").status_code == 200
        signed_in(client, "admin")
        page = client.get("/customers").text
        signed_in(client, "reader")
        assert "is left out" not in client.get("/customers").text, "reasons are for administrators"
    for name, (_, _, said) in MODULES.items():
        assert (f"Module “{name}” is left out" in page) is bool(said), name


@pytest.mark.parametrize(
    "name",
    [
        "badroute",
        "openroute",
        "badtable",
        "wildtable",
        "badowner",
        "badright",
        "badgrant",
        "badrole",
        "early",
        "behind",
    ],
)  # fmt: skip
def test_strict_stops_at_what_is_refused(database: Database, installed: Path, name: str) -> None:
    """For who develops a module: the start fails instead of going on without it."""
    with pytest.raises(SetupError):
        app_of(assemble(settings_for(database, modules=(name,), strict=True, folder=str(installed))))


def test_the_command_line_says_it_too(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    patron = [sys.executable, "-c", "from patron.cli import main; main()"]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*patron, *arguments], cwd=home, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("init", "--yes", "--modules", ",".join(MODULES))
    told = {row["name"]: row for row in json.loads(run("plugins", "--json"))}
    for name, (_, _, said) in MODULES.items():
        if name == "behind":
            continue  # init has migrated it
        assert told[name]["state"] == ("refused" if said else "enabled")
        assert said in told[name]["reason"], name
