"""Many rows at once: ids taken in one statement, rows written by the fastest way of each engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
import psycopg
from sqlalchemy import ColumnElement, Table, bindparam, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from patron.db import Json, UtcDateTime

_Convert = Callable[[Any], Any]
_JSON = msgspec.json.Encoder()


def take_ids(session: Session, table: Table, count: int) -> list[int]:
    """Ids of rows about to be written, given out once like those that the database numbers itself."""
    if count == 0:
        return []
    if session.get_bind().dialect.name == "sqlite":
        return _take_from_sequence(session, table.name, count)
    numbers = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return list(session.execute(numbers, {"name": table.name, "count": count}).scalars())


def _take_from_sequence(session: Session, name: str, count: int) -> list[int]:
    """AUTOINCREMENT's own counter, moved on; the writer lock is held, so nobody else numbers rows meanwhile."""
    moved = text("UPDATE sqlite_sequence SET seq = seq + :count WHERE name = :name RETURNING seq")
    last = session.execute(moved, {"name": name, "count": count}).scalar()
    if last is None:
        begun = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :count)")
        session.execute(begun, {"name": name, "count": count})
        last = count
    return list(range(last - count + 1, last + 1))


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that all have the same keys: COPY on PostgreSQL, one prepared statement on SQLite.

    Defaults of the model are not filled in: give every column that must not be NULL. IntegrityError.
    """
    if not rows:
        return
    names = list(rows[0])
    dialect = session.get_bind().dialect
    converts = [_converter(table, name, dialect) for name in names]
    given = [
        [
            row[name] if convert is None else convert(row[name])
            for name, convert in zip(names, converts, strict=True)
        ]
        for row in rows
    ]
    quoted = ", ".join(f'"{name}"' for name in names)
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})'  # noqa: S608 - names of our models
        session.connection().exec_driver_sql(statement, [tuple(values) for values in given])
        return
    _copy(session, f'COPY "{table.name}" ({quoted}) FROM STDIN', given)


def update_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change rows by ``id``; all give the same columns."""
    if not rows:
        return
    changes = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in rows[0] if name != "id"}
    statement = update(table).where(table.c.id == bindparam("row_id")).values(changes)
    session.connection().execute(
        statement,
        [{"row_id" if name == "id" else f"to_{name}": value for name, value in row.items()} for row in rows],
    )


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """``column.in_(values)`` for many values: they are not looked at one by one while the statement is built."""
    many = bindparam(None, list(values), type_=column.type, expanding=True, unique=True)
    found: ColumnElement[bool] = column.in_(many)
    return found


def _converter(table: Table, name: str, dialect: Any) -> _Convert | None:
    kind = table.c[name].type
    if isinstance(kind, Json):
        return lambda value: None if value is None else _JSON.encode(value).decode()
    if dialect.name != "sqlite":
        return None
    convert: _Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return _remembering(convert) if convert is not None and isinstance(kind, UtcDateTime) else convert


def _remembering(convert: _Convert) -> _Convert:
    """For columns where one value, the instant of the unit of work, comes again and again."""
    made: dict[Any, Any] = {}

    def converted(value: Any) -> Any:
        if value not in made:
            made[value] = convert(value)
        return made[value]

    return converted


def _copy(session: Session, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    driver: Any = session.connection().connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error
    except psycopg.Error as error:
        raise DBAPIError(statement, None, error) from error
