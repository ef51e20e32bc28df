"""Whose tables there are and how far they are: read from the migration files' own lines, without running any.

A start asks this of every module; Alembic, which it takes to *change* tables, is not loaded for it (see ``migrate``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from patron.db import Database
from patron.errors import SetupError


@dataclass(frozen=True)
class Distribution:
    """Who owns a set of tables: ``name`` is the table prefix without ``_``, ``package`` the import name."""

    name: str
    package: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]*", self.name):
            raise SetupError(f"a distribution's name is lower-case letters and digits, not {self.name!r}")

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.name}"

    @property
    def prefix(self) -> str:
        return f"{self.name}_"

    @property
    def versions(self) -> Path:
        return package_folder(self.package) / "migrations" / "versions"


CORE = Distribution("core", "patron")


@dataclass(frozen=True)
class MigrationStatus:
    """Where one distribution's tables stand; ``pending`` lists the revisions to run, oldest first."""

    name: str
    current: str | None
    head: str | None
    pending: tuple[str, ...]


def package_folder(package: str) -> Path:
    """Where a package lies."""
    return Path(str(files(package)))


def chain(distribution: Distribution) -> list[str]:
    """The revisions of a distribution, oldest first; SetupError when they are not one line."""
    after: dict[str | None, str] = {}
    for path in sorted(distribution.versions.glob("*.py")):
        names = _assigned(path, path.stat().st_mtime_ns)
        if "revision" not in names:
            continue
        down = names.get("down_revision")
        if down in after:
            raise SetupError(f"{path}: two revisions of {distribution.name} follow {down or 'nothing'}.")
        after[down] = str(names["revision"])
    revisions: list[str] = []
    at: str | None = None
    while at in after:
        at = after[at]
        revisions.append(at)
    return revisions


@cache
def _assigned(path: Path, changed: int) -> Mapping[str, str | None]:
    """The text constants that a migration file, as of that change, gives names to: singly or several on a line."""
    names: dict[str, str | None] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign):
            _note(names, node.target, node.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _note(names, target, node.value)
    return names


def _note(names: dict[str, str | None], target: ast.expr, value: ast.expr | None) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for part, given in zip(target.elts, value.elts, strict=True):
            _note(names, part, given)
    elif isinstance(target, ast.Name) and isinstance(value, ast.Constant):
        names[target.id] = value.value if isinstance(value.value, str) else None


def status(db: Database, distributions: Sequence[Distribution]) -> list[MigrationStatus]:
    """Current and newest revision of each distribution; raises SetupError for a revision nobody knows."""
    with db.engine.connect() as connection:
        return [status_of(connection, distribution) for distribution in distributions]


def status_of(connection: Connection, distribution: Distribution) -> MigrationStatus:
    """Where one distribution's tables stand; SetupError when a newer program has changed them."""
    revisions = chain(distribution)
    current = None
    if inspect(connection).has_table(distribution.version_table):
        version = table(distribution.version_table, column("version_num"))
        current = connection.execute(select(version.c.version_num)).scalar()
    if current is not None and current not in revisions:
        raise SetupError(
            f"the database holds revision {current} of {distribution.name}, which the installed"
            f" version does not know: install the version that wrote it or a newer one"
        )
    pending = revisions[revisions.index(current) + 1 :] if current else revisions
    return MigrationStatus(distribution.name, current, revisions[-1] if revisions else None, tuple(pending))
