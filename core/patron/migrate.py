"""Migrations: each distribution has its own revisions, version table and table prefix."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from sqlalchemy import Connection
from sqlmodel import SQLModel

from patron.autogenerate import compare_default, own_tables_only, render_plain
from patron.db import Database
from patron.errors import SetupError
from patron.table_rebuild import keep_what_a_rebuild_drops

__all__ = [
    "CORE",
    "Distribution",
    "MigrationStatus",
    "differences",
    "downgrade",
    "import_models",
    "make_revision",
    "status",
    "upgrade",
]


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
        return _folder(self.package) / "migrations" / "versions"


CORE = Distribution("core", "patron")


@dataclass(frozen=True)
class MigrationStatus:
    """Where one distribution's tables stand; ``pending`` lists the revisions to run, oldest first."""

    name: str
    current: str | None
    head: str | None
    pending: tuple[str, ...]


def upgrade(db: Database, distributions: Sequence[Distribution], revision: str = "head") -> None:
    """Bring every distribution to ``revision``, in the order given, each in a transaction of its own.

    A migration that raises leaves its distribution as it was; those before it in the order stay upgraded.
    Raises SetupError, before anything is changed, for a database newer than the installed package.
    """
    for distribution in distributions:
        with db.migration() as connection, keep_what_a_rebuild_drops(connection):
            _status(connection, distribution)
            command.upgrade(_config(distribution, connection), revision)


def downgrade(db: Database, distribution: Distribution, revision: str) -> None:
    """Take one distribution back to ``revision`` (``"base"`` drops all its tables), in one transaction."""
    with db.migration() as connection, keep_what_a_rebuild_drops(connection):
        command.downgrade(_config(distribution, connection), revision)


def status(db: Database, distributions: Sequence[Distribution]) -> list[MigrationStatus]:
    """Current and newest revision of each distribution; raises SetupError for a revision nobody knows."""
    with db.engine.connect() as connection:
        return [_status(connection, distribution) for distribution in distributions]


def make_revision(db: Database, distribution: Distribution, message: str) -> Path:
    """Write a revision with what the models have and the database, at its newest revision, has not yet."""
    import_models(distribution)
    with db.migration() as connection:
        script = command.revision(_config(distribution, connection), message, autogenerate=True)
    assert script is not None
    assert not isinstance(script, list)
    return Path(script.path)


def differences(db: Database, distribution: Distribution) -> list[str]:
    """What autogenerate would change in this distribution's tables: nothing when models and tables agree."""
    import_models(distribution)
    with db.engine.connect() as connection:
        options = _options(distribution, connection)
        found = compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata)
    return [repr(difference) for difference in found]


def import_models(distribution: Distribution) -> None:
    """Import every ``models`` module of the distribution, so that its tables are in the shared metadata."""
    root = _folder(distribution.package)
    for path in sorted([*root.rglob("models.py"), *root.rglob("models/__init__.py")]):
        parts = path.relative_to(root).with_suffix("").parts
        import_module(".".join([distribution.package, *(part for part in parts if part != "__init__")]))


def _folder(package: str) -> Path:
    return Path(str(files(package)))


def _status(connection: Connection, distribution: Distribution) -> MigrationStatus:
    script = ScriptDirectory.from_config(_config(distribution, connection))
    context = MigrationContext.configure(connection, opts={"version_table": distribution.version_table})
    current, head = context.get_current_revision(), script.get_current_head()
    try:
        pending = [step.revision for step in script.iterate_revisions(head, current)] if head else []
    except ResolutionError as error:
        raise SetupError(
            f"the database holds revision {current} of {distribution.name}, which the installed"
            f" version does not know: install the version that wrote it or a newer one"
        ) from error
    return MigrationStatus(distribution.name, current, head, tuple(reversed(pending)))


def _config(distribution: Distribution, connection: Connection) -> Config:
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", _escaped(_folder("patron") / "migrations"))
    config.set_main_option("version_locations", _escaped(distribution.versions))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    config.attributes["options"] = _options(distribution, connection)
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _options(distribution: Distribution, connection: Connection) -> dict[str, Any]:
    include_name, include_object = own_tables_only(distribution.prefix, connection)
    return {
        "target_metadata": SQLModel.metadata,
        "version_table": distribution.version_table,
        "include_name": include_name,
        "include_object": include_object,
        "render_item": render_plain,
        "render_as_batch": True,
        "transactional_ddl": True,
        "compare_type": True,
        "compare_server_default": compare_default(connection),
    }
