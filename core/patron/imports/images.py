"""Rows as they were and as an import left them: what an undo compares, deletes and writes back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, delete, insert, select, true
from sqlmodel import Session, SQLModel

from patron.bulk import among, insert_rows, update_rows
from patron.columns import Json
from patron.records import table
from patron.system.models import ImportChange

Rows = dict[tuple[str, int], dict[str, Any]]
"""Rows as JSON keeps them, by table and id."""


class Part(NamedTuple):
    """Rows that belong to records: those in which ``column`` holds a record's id, as far as ``where`` allows."""

    column: Column[Any]
    where: ColumnElement[bool] = true()

    @property
    def table(self) -> Table:
        found: Table = self.column.table
        return found


class Difference(NamedTuple):
    """What became of one stored row: the columns that changed; None where there was no such row."""

    table: str
    id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def read_parts(session: Session, parts: Iterable[Part], ids: Collection[int]) -> dict[int, Rows]:
    """The rows of each record, one statement a part."""
    found: dict[int, Rows] = {key: {} for key in ids}
    if not ids:
        return found
    for part in parts:
        statement = select(part.table).where(among(part.column, sorted(ids)), part.where)
        for row in session.execute(statement).mappings():
            found[row[part.column.name]][str(part.table.name), row["id"]] = plain(row)
    return found


def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as JSON keeps it."""
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value


def typed(t: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`plain` made of a row, as its columns take it."""
    return {name: _typed(t.c[name], value) for name, value in values.items()}


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None or isinstance(column.type, Json):
        return value
    kind = getattr(column.type, "impl_instance", column.type).python_type
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value


def differences(before: Rows, after: Rows) -> list[Difference]:
    """What lies between two states, in the order in which rows were made."""
    found = []
    for table_name, key in sorted(before.keys() | after.keys()):
        was, now = before.get((table_name, key)), after.get((table_name, key))
        if was is not None and now is not None:
            changed = [name for name in now if was.get(name) != now[name]]
            if changed:
                old, new = {n: was.get(n) for n in changed}, {n: now[n] for n in changed}
                found.append(Difference(table_name, key, old, new))
        else:
            found.append(Difference(table_name, key, was, now))
    return found


def keep(
    session: Session, import_id: int, kept: Sequence[tuple[int, int | None, Sequence[Difference]]]
) -> None:
    """Remember what rows of an import did: (row id, record id, differences)."""
    insert_rows(
        session, table(ImportChange),
        [
            {"import_id": import_id, "row_id": row_id, "record_id": record_id, "changes": [list(one) for one in done]}
            for row_id, record_id, done in kept
            if done
        ],
    )  # fmt: skip


def kept_for(session: Session, import_id: int, row_ids: Collection[int]) -> dict[int, list[Difference]]:
    """What was remembered, by row id, in the order in which it was done. One statement."""
    t = table(ImportChange)
    statement = select(t.c.row_id, t.c.changes).where(t.c.import_id == import_id, among(t.c.row_id, row_ids))
    found: dict[int, list[Difference]] = {}
    for row in session.execute(statement.order_by(t.c.id)):
        found.setdefault(row.row_id, []).extend(Difference(*one) for one in row.changes)
    return found


def rows_now(session: Session, wanted: Iterable[tuple[str, int]]) -> Rows:
    """The rows as they are, those that are there. One statement a table."""
    found: Rows = {}
    for name, ids in _by_table(wanted):
        t = SQLModel.metadata.tables[name]
        for row in session.execute(select(t).where(among(t.c.id, ids))).mappings():
            found[name, row["id"]] = plain(row)
    return found


def still_so(session: Session, done: Iterable[Difference]) -> set[tuple[str, int]]:
    """Those of the rows that are no longer as the import left them. One statement a table."""
    wanted = {(one.table, one.id): one.after for one in done}
    rows = rows_now(session, wanted)
    return {key for key, after in wanted.items() if not left_so(rows.get(key), after)}


def left_so(now: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Whether a row is as it was left; None where there is none."""
    if after is None or now is None:
        return after is None and now is None
    return all(now.get(column) == value for column, value in after.items())


def _by_table(rows: Iterable[tuple[str, int]]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for name, key in sorted(rows):
        found.setdefault(name, []).append(key)
    return list(found.items())


def put_back(session: Session, done: Iterable[Difference]) -> None:
    """Make the rows what they were. Parents are written before, and deleted after, what refers to them."""
    order = {t.name: place for place, t in enumerate(SQLModel.metadata.sorted_tables)}
    by_table: dict[str, list[Difference]] = {}
    for one in done:
        by_table.setdefault(one.table, []).append(one)
    for name in sorted(by_table, key=order.__getitem__):
        t = SQLModel.metadata.tables[name]
        gone = [one.before for one in by_table[name] if one.before is not None and one.after is None]
        if gone:
            session.execute(insert(t), [typed(t, row) for row in gone])
        _change_back(
            session, t, [one for one in by_table[name] if one.before is not None and one.after is not None]
        )
    for name in sorted(by_table, key=order.__getitem__, reverse=True):
        t = SQLModel.metadata.tables[name]
        made = [one.id for one in by_table[name] if one.before is None]
        if made:
            session.execute(delete(t).where(among(t.c.id, made)))


def _change_back(session: Session, t: Table, changed: Sequence[Difference]) -> None:
    """Rows that changed in the same columns are written together."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in changed:
        assert one.before is not None
        alike.setdefault(tuple(sorted(one.before)), []).append({"id": one.id, **typed(t, one.before)})
    for names, rows in alike.items():
        if any(isinstance(t.c[name].type, Json) for name in names):
            for row in rows:
                session.execute(t.update().where(t.c.id == row["id"]).values(row))
        else:
            update_rows(session, t, rows)
