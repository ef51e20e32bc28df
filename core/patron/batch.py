"""Several short statements in one: what a page reads side by side goes to the database at once.

Each part comes back as one JSON list of its rows, in its own order; a column's type says what becomes of a value.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    LargeBinary,
    Numeric,
    Select,
    column,
    func,
    select,
)
from sqlalchemy.types import Float, TypeDecorator, TypeEngine
from sqlmodel import Session

from patron.prepared import Prepared

_Convert = Callable[[Any], Any]


def together(session: Session, **parts: Select[Any] | None) -> dict[str, list[Any]]:
    """The rows of each statement as named tuples, by the statement's name; none of one that is None. One statement.

    Columns have names that differ, and are numbers without a fraction, text, booleans, instants, dates and JSON;
    TypeError for others.
    """
    asked = {name: part for name, part in parts.items() if part is not None}
    found: dict[str, list[Any]] = {name: [] for name in parts}
    if not asked:
        return found
    dialect = session.get_bind().dialect
    found.update(_read(asked, session.execute(_joined(asked, dialect.name)).one(), dialect))
    return found


class PreparedTogether:
    """The same for statements on the way of every request: ``Prepared`` once, their parameters shared by name."""

    def __init__(self, **builds: Callable[[str], Select[Any]]) -> None:
        self._builds = builds
        self._parts: WeakKeyDictionary[Dialect, dict[str, Select[Any]]] = WeakKeyDictionary()
        self._statement = Prepared(lambda dialect: _joined(self._built(dialect), dialect))

    def rows(self, session: Session, values: Mapping[str, Any]) -> dict[str, list[Any]]:
        """The rows of each statement as named tuples, by the statement's name. One statement."""
        dialect = session.get_bind().dialect
        parts = self._parts.get(dialect)
        if parts is None:
            parts = self._parts[dialect] = self._built(dialect.name)
        return _read(parts, self._statement.first(session, values), dialect)

    def _built(self, dialect: str) -> dict[str, Select[Any]]:
        return {name: build(dialect) for name, build in self._builds.items()}


def _joined(parts: Mapping[str, Select[Any]], dialect: str) -> Select[Any]:
    return select(*(_list(part, name, dialect) for name, part in parts.items()))


def _read(parts: Mapping[str, Select[Any]], answer: Sequence[Any], dialect: Dialect) -> dict[str, list[Any]]:
    return {
        name: _rows(part, json.loads(rows) if isinstance(rows, str) else rows or (), dialect)
        for (name, part), rows in zip(parts.items(), answer, strict=True)
    }


def _list(part: Select[Any], name: str, dialect: str) -> Any:
    names: list[ColumnElement[Any]] = [
        column(item.name) for item in part.selected_columns
    ]  # by name alone: proxies of them cost much
    if dialect == "sqlite":
        array = func.json_group_array(func.json_array(*names))
    else:
        array = func.json_agg(func.json_build_array(*names))
    return select(array).select_from(part.subquery()).scalar_subquery().label(name)


def _rows(part: Select[Any], rows: Sequence[list[Any]], dialect: Dialect) -> list[Any]:
    columns = list(part.selected_columns)
    converts = [
        (place, convert)
        for place, item in enumerate(columns)
        if (convert := _reader(item.type, dialect)) is not None
    ]
    for row in rows:
        for place, convert in converts:
            if row[place] is not None:
                row[place] = convert(row[place])
    return list(map(_row_type(tuple(item.name for item in columns))._make, rows))


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    """How a column's value comes out of JSON: text on SQLite as it is stored there, ISO 8601 on PostgreSQL."""
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(plain, LargeBinary | Float) or (isinstance(plain, Numeric) and plain.scale):
        raise TypeError(f"a value of type {kind!r} would lose something on its way")
    convert: _Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    if dialect.name == "sqlite" or not isinstance(plain, Date | DateTime):
        return convert
    parse: _Convert = date.fromisoformat if isinstance(plain, Date) else datetime.fromisoformat
    if convert is None:
        return parse
    further = convert
    return lambda text: further(parse(text))


@lru_cache(500)
def _row_type(names: tuple[str, ...]) -> Any:
    make_type: Any = namedtuple  # whose names are known only now
    return make_type("Row", names, rename=True)
