"""SQLite cannot alter most of a table, so Alembic copies it. What the copy would lose is put back here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, event

TEMPORARY = "_alembic_tmp_"
_NAME = r'"?(?P<{0}>[^"]+?)"?'
_CREATE = re.compile(rf"\s*CREATE TABLE {_NAME.format('temporary')}\s*\(", re.I)
_DROP = re.compile(rf"\s*DROP TABLE {_NAME.format('table')}\s*$", re.I)
_RENAME = re.compile(
    rf"\s*ALTER TABLE {_NAME.format('temporary')} RENAME TO {_NAME.format('table')}\s*$", re.I
)


@dataclass(frozen=True)
class _Lost:
    """What SQLite drops together with a table."""

    statements: tuple[str, ...]
    last_id: int | None


@contextmanager
def keep_what_a_rebuild_drops(connection: Connection) -> Iterator[None]:
    """Put triggers, expression indexes and the id counter back whenever Alembic rebuilds a table inside.

    A full-text table is no part of the table it indexes: it stays as it is, and its row ids stay true because
    the copy keeps them. A trigger or view elsewhere that names the table does not stop the rename.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    rebuild = _Rebuild()
    event.listen(connection, "before_cursor_execute", rebuild.before)
    event.listen(connection, "after_cursor_execute", rebuild.after)
    event.listen(Table, "column_reflect", _reflect_autoincrement)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", rebuild.before)
        event.remove(connection, "after_cursor_execute", rebuild.after)
        event.remove(Table, "column_reflect", _reflect_autoincrement)


class _Rebuild:
    """Follows Alembic's copy (create temporary, drop table, rename temporary) through its statements."""

    def __init__(self) -> None:
        self._temporary: set[str] = set()
        self._lost: dict[str, _Lost] = {}

    def before(self, _connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if (created := _CREATE.match(statement)) and created["temporary"].startswith(TEMPORARY):
            self._temporary.add(created["temporary"])
        elif (dropped := _DROP.match(statement)) and _temporary_name(dropped["table"]) in self._temporary:
            self._lost[dropped["table"]] = _lost_with(cursor.connection, dropped["table"])
        elif self._is_last_step(statement):
            # Else the rename fails on any trigger or view that names the table which is just being replaced.
            cursor.connection.execute("PRAGMA legacy_alter_table=ON")

    def after(self, _connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        renamed = _RENAME.match(statement)
        if renamed is None or not self._is_last_step(statement):
            return
        cursor.connection.execute("PRAGMA legacy_alter_table=OFF")
        self._temporary.discard(renamed["temporary"])
        _restore(cursor.connection, renamed["table"], self._lost.pop(renamed["table"]))

    def _is_last_step(self, statement: str) -> bool:
        renamed = _RENAME.match(statement)
        return renamed is not None and renamed["temporary"] in self._temporary


def _temporary_name(table: str) -> str:
    return f"{TEMPORARY}{table}"[:50]


def _lost_with(driver: Any, table: str) -> _Lost:
    triggers = driver.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY rowid", (table,)
    )
    # Alembic reads and re-makes every other index itself.
    indexes = driver.execute(
        "SELECT sql FROM sqlite_master AS i WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM pragma_index_info(i.name) WHERE cid = -2)",
        (table,),
    )
    statements = tuple(sql for (sql,) in [*indexes, *triggers])
    return _Lost(statements, _last_id(driver, table))


def _last_id(driver: Any, table: str) -> int | None:
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
        return None
    row = driver.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return row[0] if row else None


def _restore(driver: Any, table: str, lost: _Lost) -> None:
    for statement in lost.statements:
        driver.execute(statement)
    if lost.last_id is None:
        return
    driver.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    driver.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, lost.last_id))


def _reflect_autoincrement(inspector: Any, table: Table, _column: Any) -> None:
    """SQLAlchemy does not read AUTOINCREMENT back, and a copy without it would give ids out twice."""
    driver = inspector.bind.connection.dbapi_connection
    definition = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    row = driver.execute(definition, (table.name,)).fetchone()
    if row and re.search(r"\bAUTOINCREMENT\b", row[0], re.I):
        table.dialect_kwargs["sqlite_autoincrement"] = True
