"""Many rows at once: ids taken in one statement, rows written by the fastest way of each engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import psycopg
from sqlalchemy import ColumnElement, String, Table, bindparam
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from patron.db import Json

_Convert = Callable[[Sequence[Any]], Sequence[Any]]
_JSON = msgspec.json.Encoder()


def take_ids(session: Session, table: Table, count: int) -> list[int]:
    """Ids of rows about to be written, given out once like those that the database numbers itself."""
    if count == 0:
        return []
    if session.get_bind().dialect.name == "sqlite":
        return _take_from_sequence(session, table.name, count)
    numbers = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    return list(session.connection().exec_driver_sql(numbers, (table.name, count)).scalars())


def _take_from_sequence(session: Session, name: str, count: int) -> list[int]:
    """AUTOINCREMENT's own counter, moved on; the writer lock is held, so nobody else numbers rows meanwhile."""
    moved = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ? RETURNING seq"
    connection = session.connection()
    last = connection.exec_driver_sql(moved, (count, name)).scalar()
    if last is None:
        begun = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"
        connection.exec_driver_sql(begun, (name, count))
        last = count
    return list(range(last - count + 1, last + 1))


def insert_rows(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, triggered: bool = False
) -> None:
    """Write rows that all have the same keys: COPY on PostgreSQL, one prepared statement on SQLite.

    Defaults of the model are not filled in: give every column that must not be NULL. A JSON value may be
    ``msgspec.Raw``. ``triggered``: inserting sets off triggers, so many rows go in one statement. IntegrityError.
    """
    if not rows:
        return
    dialect = session.get_bind().dialect
    plan = _plan(table, tuple(rows[0]), dialect)
    given = plan.stored(rows)
    if dialect.name != "sqlite":
        _copy(session, plan.statement, given)
    elif triggered:
        _insert_together(session, plan, given)
    else:
        session.connection().exec_driver_sql(plan.statement, given)


class _Plan(NamedTuple):
    """How rows with certain keys are written: ``values`` of a row in order, ``converts`` of whole columns."""

    statement: str
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    converts: tuple[tuple[int, _Convert], ...]
    width: int

    def stored(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as the driver takes them."""
        given = list(map(self.values, rows))
        if not self.converts:
            return given
        columns: list[Any] = list(zip(*given, strict=True))
        for index, convert in self.converts:
            columns[index] = convert(columns[index])
        return list(zip(*columns, strict=True))


@lru_cache(maxsize=256)
def _plan(table: Table, names: tuple[str, ...], dialect: Any) -> _Plan:
    quoted = ", ".join(f'"{name}"' for name in names)
    if dialect.name == "sqlite":
        statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({_marks(len(names))})'  # noqa: S608 - our models
    else:
        statement = f'COPY "{table.name}" ({quoted}) FROM STDIN'
    found = ((index, _converter(table, name, dialect)) for index, name in enumerate(names))
    converts = tuple((index, convert) for index, convert in found if convert is not None)
    values = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    return _Plan(statement, values, converts, len(names))


def _marks(count: int) -> str:
    return ", ".join("?" * count)


TOGETHER = (128, 16, 1)
"""Rows of one statement; few sizes, so that each statement is prepared once."""


def _insert_together(session: Session, plan: _Plan, rows: Sequence[tuple[Any, ...]]) -> None:
    """A statement that sets off triggers begins a savepoint of its own, and SQLite's full-text index then writes
    down what it holds: once per row it would cost three times as much."""
    connection, start = session.connection(), 0
    for size in TOGETHER:
        statement = f"{plan.statement}{f', ({_marks(plan.width)})' * (size - 1)}"
        while len(rows) - start >= size:
            together = rows[start : start + size]
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(together)))
            start += size


def update_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change rows by ``id``; all give the same columns, of which none is a JSON one. One statement."""
    if not rows:
        return
    dialect = session.get_bind().dialect
    names = (*(name for name in rows[0] if name != "id"), "id")
    given = _plan(table, names, dialect).stored(rows)
    if dialect.name == "sqlite":
        changes = ", ".join(f'"{name}" = ?' for name in names[:-1])
        statement = f'UPDATE "{table.name}" SET {changes} WHERE id = ?'  # noqa: S608 - names of our models
        session.connection().exec_driver_sql(statement, given)
        return
    changes = ", ".join(f'"{name}" = given."{name}"' for name in names[:-1])
    quoted = ", ".join(f'"{name}"' for name in names)
    arrays = ", ".join(f"%s::{_type(table, name, dialect)}[]" for name in names)
    statement = (
        f'UPDATE "{table.name}" AS t SET {changes} FROM unnest({arrays}) AS given ({quoted})'  # noqa: S608 - our models
        " WHERE t.id = given.id"
    )
    session.connection().exec_driver_sql(statement, tuple(map(list, zip(*given, strict=True))))


def _type(table: Table, name: str, dialect: Any) -> str:
    declared = str(table.c[name].type.compile(dialect=dialect))
    return declared.partition(" COLLATE ")[0]


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """``column.in_(values)`` for many values: they are not looked at one by one while the statement is built."""
    many = bindparam(None, list(values), type_=column.type, expanding=True, unique=True)
    found: ColumnElement[bool] = column.in_(many)
    return found


def _converter(table: Table, name: str, dialect: Any) -> _Convert | None:
    """How the values of a column become what the driver takes; None where they are already."""
    kind = table.c[name].type
    if isinstance(kind, Json):
        return _encoded
    if dialect.name != "sqlite":
        return None
    convert: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    if convert is None or isinstance(kind.dialect_impl(dialect), String):
        return None
    return _each_once(convert)


def _encoded(values: Sequence[Any]) -> list[str | None]:
    encode = _JSON.encode
    return [None if value is None else encode(value).decode() for value in values]


def _each_once(convert: Callable[[Any], Any]) -> _Convert:
    """For columns where one value, like the instant of the unit of work, comes again and again."""

    def converted(values: Sequence[Any]) -> list[Any]:
        made = {value: convert(value) for value in set(values)}
        return [made[value] for value in values]

    return converted


def _copy(session: Session, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = session.connection().connection.driver_connection
    written = "".join(
        ["\t".join(row) + "\n" for row in zip(*map(_as_text, zip(*rows, strict=True)), strict=True)]
    )
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(written)
    except psycopg.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error
    except psycopg.Error as error:
        raise DBAPIError(statement, None, error) from error


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_TO_ESCAPE = re.compile(r"[\\\t\n\r]")


def _as_text(values: Sequence[Any]) -> list[str]:
    """A column in COPY's text format; what stands for nothing is escaped in no value."""
    texts = ["" if value is None else value if value.__class__ is str else str(value) for value in values]
    if _TO_ESCAPE.search("".join(texts)):
        texts = [text.translate(_ESCAPES) for text in texts]
    return ["\\N" if value is None else text for value, text in zip(values, texts, strict=True)]
