"""Which business tables have changed since somebody last looked: the rows themselves, as the driver gives them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from patron.assembly import Assembly
from patron.context import Context
from patron.digest import compared

Rows = Mapping[str, Any]


class Watch:
    """Looks past the assembly at its database, on a connection of its own, which ``close`` ends.

    Quick enough for after every request: what was last ``seen`` is looked through again only when the engine says
    that something was written, on PostgreSQL in one statement.
    """

    def __init__(self, assembly: Assembly) -> None:
        with assembly.database.read() as session:
            self._columns = compared(Context(session, assembly))
        url = make_url(assembly.database.url)
        self._sqlite: sqlite3.Connection | None = None
        if assembly.database.dialect == "sqlite":
            self._sqlite = sqlite3.connect(str(url.database), cached_statements=1000)
        else:
            plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._postgresql = psycopg.connect(plain, autocommit=True)
            self._statement = sql.SQL(" UNION ALL ").join(
                sql.SQL(
                    "SELECT {}, (SELECT string_agg(r::text, '|' ORDER BY r.id) FROM (SELECT {} FROM {}) r)"
                ).format(
                    sql.Literal(name), sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(name)
                )
                for name, names in self._columns.items()
            )
        self._marker = self._written()
        self.seen: Rows = self._rows()

    def changed(self) -> list[str]:
        """Names of the tables whose rows are not those that it saw before."""
        marker = self._written()
        if marker == self._marker:
            return []
        before, self.seen, self._marker = self.seen, self._rows(), marker
        return differing(before, self.seen)

    def close(self) -> None:
        (self._sqlite or self._postgresql).close()

    def _written(self) -> Any:
        """Another value whenever somebody has written."""
        if self._sqlite is not None:
            return self._sqlite.execute("PRAGMA data_version").fetchone()
        return self._postgresql.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()

    def _rows(self) -> Rows:
        if self._sqlite is None:
            return dict(self._postgresql.execute(self._statement, prepare=True).fetchall())
        found = {}
        for name, names in self._columns.items():
            listed = ", ".join(f'"{column}"' for column in names)
            found[name] = self._sqlite.execute(f'SELECT {listed} FROM "{name}" ORDER BY id').fetchall()  # noqa: S608
        return found


def differing(before: Rows, after: Rows) -> list[str]:
    """Names of the tables that differ."""
    return [name for name, rows in after.items() if rows != before[name]]
