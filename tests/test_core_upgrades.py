"""The core's revisions, from the first to the newest, over full tables of modules: no row is lost or changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from patron.db import Database
from patron.migrate import CORE, upgrade
from patron.plugins import discover
from patron.testing.databases import Databases
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    create_engine,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Integer, LargeBinary, Numeric

ROWS = 3
FULL = ("sales_", "service_")  # whose tables must all be full

Rows = dict[str, dict[int, dict[str, Any]]]


def cell(column: Column[Any], number: int) -> Any:
    """A value of the column that differs from row to row; what refers goes to the row of the same number."""
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column.table
        return None if target is column.table else number
    kinds: tuple[tuple[type | tuple[type, ...], Any], ...] = (
        (JSON, {}), (Boolean, False), ((Integer, Numeric), number), (DateTime, datetime(2026, 1, number, tzinfo=UTC)),
        (Date, date(2026, 1, number)), (LargeBinary, b"x"),
    )  # fmt: skip
    return next((value for kind, value in kinds if isinstance(column.type, kind)), f"{column.name} {number}")


def fill(connection: Connection, schema: MetaData) -> set[str]:
    """Rows 1, 2 and 3 of every table whose checks such rows meet. Returns which."""
    full = set()
    for t in schema.sorted_tables:
        if "id" not in t.c or t.name.startswith(("sqlite_", "alembic_")):
            continue
        try:
            with connection.begin_nested():
                connection.execute(t.delete())
                for number in range(1, ROWS + 1):
                    values = {c.name: cell(c, number) for c in t.c if c.name != "id"}
                    connection.execute(t.insert().values(values | {"id": number}))
        except IntegrityError:
            continue  # a check of its own
        full.add(t.name)
    return full


def rows_of(database: Database, tables: set[str]) -> Rows:
    schema = MetaData()
    engine = create_engine(database.engine.url)
    with engine.connect() as connection:
        schema.reflect(connection, only=sorted(tables))
        found = {
            name: {row["id"]: dict(row) for row in connection.execute(select(schema.tables[name])).mappings()}
            for name in tables
        }
        if database.dialect == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    engine.dispose()
    return found


def lost(before: Rows, after: Rows) -> list[tuple[str, int, str]]:
    """Every value of the first that the second has otherwise."""
    return [
        (name, row_id, column)
        for name, rows in before.items()
        for row_id, row in rows.items()
        for column, value in row.items()
        if after[name].get(row_id, {}).get(column, "gone") != value
    ]


def test_no_row_is_lost_from_the_first_revision_to_the_newest(
    databases: Databases, engine_name: str, tmp_path: Path
) -> None:
    modules = [plugin.migrations for plugin in discover(("sales", "service"))]  # and what these need
    with databases.fresh(engine_name, tmp_path, ()) as database:
        upgrade(database, [CORE, *modules], "+1")
        schema = MetaData()
        engine = create_engine(database.engine.url)
        with engine.begin() as connection:
            schema.reflect(connection)
            full = fill(connection, schema)
            names = inspect(connection).get_table_names()
        engine.dispose()
        assert [name for name in names if name.startswith(FULL) and name not in full] == []
        assert len([name for name in full if name.startswith("core_")]) > 30
        before = rows_of(database, full)
        upgrade(database, [CORE])
        assert lost(before, rows_of(database, full)) == []
        upgrade(database, modules)
        assert lost(before, rows_of(database, full)) == []
