"""Migrations: each distribution has its own revisions, version table and table prefix."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

from patron.autogenerate import compare_default, own_tables_only, render_plain
from patron.db import Database
from patron.revisions import CORE, Distribution, MigrationStatus, package_folder, status, status_of
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


def upgrade(db: Database, distributions: Sequence[Distribution], revision: str = "head") -> None:
    """Bring every distribution to ``revision``, in the order given, each in a transaction of its own.

    A migration that raises leaves its distribution as it was; those before it in the order stay upgraded.
    Raises SetupError, before anything is changed, for a database newer than the installed package.
    """
    for distribution in distributions:
        with db.migration() as connection, keep_what_a_rebuild_drops(connection):
            status_of(connection, distribution)
            command.upgrade(_config(distribution, connection), revision)


def downgrade(db: Database, distribution: Distribution, revision: str) -> None:
    """Take one distribution back to ``revision`` (``"base"`` drops all its tables), in one transaction."""
    with db.migration() as connection, keep_what_a_rebuild_drops(connection):
        command.downgrade(_config(distribution, connection), revision)


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
    root = package_folder(distribution.package)
    for path in sorted([*root.rglob("models.py"), *root.rglob("models/__init__.py")]):
        parts = path.relative_to(root).with_suffix("").parts
        import_module(".".join([distribution.package, *(part for part in parts if part != "__init__")]))


def _config(distribution: Distribution, connection: Connection) -> Config:
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", _escaped(package_folder("patron") / "migrations"))
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
