"""Statements on the way of every request: built and compiled once, afterwards only given their values.

Building and compiling is most of what a short statement costs. What varies from call to call is a named
``bindparam``; its value is never kept, and one that is not given is a KeyError. So no value of one request, and
with it no right of one actor, can reach another.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
    Table,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from patron.columns import Json

_Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class _Form:
    """A statement as one driver takes it: its text, what becomes of each value, and of each column of a row."""

    text: str
    binds: Sequence[tuple[str, _Convert | None]]
    fixed: Mapping[str, Any]
    positional: bool
    names: Sequence[str]
    results: Sequence[tuple[int, _Convert]]
    row: Callable[[Sequence[Any]], Any]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        fixed = self.fixed
        given = [
            fixed[name] if name in fixed else values[name] if convert is None else convert(values[name])
            for name, convert in self.binds
        ]
        if self.positional:
            return tuple(given)
        return {name: value for (name, _), value in zip(self.binds, given, strict=True)}


class Prepared:
    """``build(dialect name)`` makes the statement, once for each database; ``rows`` runs it.

    It must not hold a value of the call that happened to build it: those are named parameters.
    """

    def __init__(self, build: Callable[[str], Any]) -> None:
        self._build = build
        self._forms: WeakKeyDictionary[Dialect, _Form] = WeakKeyDictionary()

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """The rows as named tuples, in the order of the statement's columns; none for a statement without rows."""
        connection = session.connection()
        form = self._form(connection.dialect)
        result = connection.exec_driver_sql(form.text, form.parameters(values))
        cursor: Any = result.cursor
        if cursor is None or not form.names:  # PostgreSQL returns an id even where none was asked for
            result.close()
            return []
        rows = cursor.fetchall()
        result.close()
        make = form.row
        return (
            [make(_converted(row, form.results)) for row in rows] if form.results else list(map(make, rows))
        )

    def first(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        rows = self.rows(session, values)
        return rows[0] if rows else None

    def dicts(self, session: Session, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        names = self._form(session.connection().dialect).names
        return [dict(zip(names, row, strict=True)) for row in self.rows(session, values)]

    def named(self, session: Session, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The first row by the names of its columns, or None."""
        rows = self.dicts(session, values)
        return rows[0] if rows else None

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect)
        if form is None:
            form = self._forms[dialect] = _form_of(self._build(dialect.name), dialect)
        return form


def _converted(row: Sequence[Any], results: Sequence[tuple[int, _Convert]]) -> list[Any]:
    values = list(row)
    for place, convert in results:
        value = values[place]
        if value is not None:
            values[place] = convert(value)
    return values


def _form_of(statement: Any, dialect: Dialect) -> _Form:
    compiled = statement.compile(dialect=dialect)
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise TypeError(
            "a prepared statement takes no list (use among_given) and no value that is written out"
        )
    binds: list[tuple[str, _Convert | None]] = []
    fixed: dict[str, Any] = {}
    for name in compiled.positiontup if compiled.positional else compiled.binds:
        bind: BindParameter[Any] = compiled.binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        binds.append((name, convert))
        if (
            bind.unique
        ):  # a literal of the statement itself; what has a name of its own is given by the caller
            value = bind.effective_value
            fixed[name] = convert(value) if convert is not None else value
    columns = list(statement.exported_columns)  # of a change: what it returns
    names = [column.key for column in columns]
    results = [
        (place, convert)
        for place, column in enumerate(columns)
        if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    make_type: Any = namedtuple  # whose names are known only now
    row_type = make_type("Row", names, rename=True)
    return _Form(str(compiled), binds, fixed, bool(compiled.positional), names, results, row_type._make)


def among_given(column: Any, name: str, dialect: str) -> ColumnElement[bool]:
    """``column IN`` the list of ids given as ``name``: one parameter, however many there are."""
    found: ColumnElement[bool]
    if dialect == "postgresql":
        found = column == func.any(bindparam(name, type_=ARRAY(BigInteger)))
    else:
        each = func.json_each(bindparam(name, type_=Json())).table_valued("value")
        found = column.in_(select(each.c.value))
    return found


def inserting(target: Table, names: Sequence[str], *, returning_id: bool = False) -> Prepared:
    """Writes one row of these columns. Defaults of the model are not filled in."""

    def build(_: str) -> Any:
        statement = insert(target).values({n: bindparam(n, type_=target.c[n].type) for n in names}).inline()
        return statement.returning(target.c.id) if returning_id else statement

    return Prepared(build)
