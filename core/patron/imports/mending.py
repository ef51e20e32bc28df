"""Refused rows corrected in the page, read again as the file was read, and applied with the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlmodel import Session

from patron.assembly import Assembly
from patron.contributions import Resource
from patron.errors import Conflict, Invalid
from patron.imports import records
from patron.imports.candidates import Rejected
from patron.imports.history import RESOURCE, read_touch
from patron.imports.mapping import ColumnGuess, ColumnMapping
from patron.imports.reading import Row, Table
from patron.imports.record_fields import read_row
from patron.imports.staged import staged
from patron.records import table
from patron.system.models import Import, ImportRow

OPEN = ("staged", "applied", "part applied")
"""States of an import in which its refused rows can be corrected."""
_SAMPLE = 50


@dataclass(frozen=True)
class Refused:
    """A row as it was read, with a cell for each column, and what is wrong with it."""

    line: int
    cells: list[str]
    field: str
    reason: str


def headers_of(session: Session, import_id: int) -> list[str]:
    """The columns of the file; none for an address book, whose cards are corrected in the file."""
    t = table(Import)
    mapping = session.execute(select(t.c.mapping).where(t.c.id == import_id)).scalar_one()
    return list(mapping.get("headers") or ())


def refused(session: Session, import_id: int, headers: Sequence[str], limit: int = 50) -> list[Refused]:
    """The first rows that are refused."""
    t = table(ImportRow)
    statement = (
        select(t.c.line, t.c.raw, t.c.field, t.c.reason)
        .where(t.c.import_id == import_id, t.c.state == "rejected")
        .order_by(t.c.line)
        .limit(limit)
    )
    rows = session.execute(statement)
    return [Refused(row.line, _fitting(row.raw, len(headers)), row.field, row.reason) for row in rows]


def _fitting(raw: Sequence[str], width: int) -> list[str]:
    """As many cells as columns; what is too much stands in the last one."""
    cells = [*raw[:width], *[""] * (width - len(raw))]
    if len(raw) > width and cells:
        cells[-1] = " ".join([cells[-1], *raw[width:]]).strip()
    return cells


def mend(assembly: Assembly, resource: Resource, import_id: int, changed: Mapping[int, list[str]]) -> int:
    """Read corrected rows (by line) again; those that can be used now wait to be applied. Returns how many.

    Conflict in a state in which nothing is to be corrected.
    """
    t, i = table(ImportRow), table(Import)
    with assembly.database.read() as session:
        row = session.execute(select(i.c.mapping).where(i.c.id == import_id)).one()
        head = _sample(session, import_id)
    results = list(_read(assembly, resource, row.mapping, head, changed))
    good = 0
    with assembly.database.write() as session:
        held = select(i.c.state).where(i.c.id == import_id, i.c.state.in_(OPEN), i.c.dry_run.is_(False))
        state = session.execute(held.with_for_update()).scalar()
        if state is None:
            raise Conflict("Its rows cannot be corrected now.")
        for one in results:
            mine = (t.c.import_id == import_id, t.c.line == one.pop("line"), t.c.state == "rejected")
            still = session.execute(update(t).where(*mine).values(one).returning(t.c.id)).first() is not None
            good += still and one["state"] == "staged"
        values = {
            "rejected": i.c.rejected - good,
            "state": "part applied" if good and state == "applied" else state,
        }
        session.execute(update(i).where(i.c.id == import_id).values(values))
    return good


def _sample(session: Session, import_id: int) -> list[Row]:
    """Rows that tell how dates are written in this file."""
    t = table(ImportRow)
    first = select(t.c.line, t.c.raw).where(t.c.import_id == import_id).order_by(t.c.id).limit(_SAMPLE)
    return [Row(row.line, row.raw, "") for row in session.execute(first)]


def _read(
    assembly: Assembly,
    resource: Resource,
    mapping: Mapping[str, Any],
    head: list[Row],
    changed: Mapping[int, list[str]],
) -> Iterator[dict[str, Any]]:
    headers, chosen = list(mapping["headers"]), mapping["columns"]
    columns = ColumnMapping(tuple(ColumnGuess(name, chosen.get(name), 1.0, "") for name in headers))
    rows = [Row(line, cells, "") for line, cells in sorted(changed.items())]
    width = len(headers)
    sample = [row for row in head if len(row.cells) == width]
    settings = assembly.settings
    if resource.key == "customers":
        read = Table("", headers, iter(rows), "", "", True, 0, _head=sample)
        for made in records.to_candidates(read, columns, settings.country, settings.locale):
            if isinstance(made, Rejected):
                yield _result(made.line, list(made.raw), {}, made.reason, made.field)
            else:
                yield _result(
                    made.line, list(made.raw), msgspec.to_builtins(staged(made, settings.locale)), "", ""
                )
        return
    for row in rows:
        try:
            if resource.key == RESOURCE:
                touch = read_touch(columns, row.cells, settings.country)
                yield _result(row.line, row.cells, msgspec.to_builtins(touch), "", "")
                continue
            values = read_row(resource, columns, row.cells, settings.currency, settings.country)
            yield _result(row.line, row.cells, values, "", "")
        except Invalid as error:
            first = error.errors[0].field if error.errors else ""
            yield _result(row.line, row.cells, {}, error.detail, first)


def _result(line: int, raw: list[str], values: Any, reason: str, field: str) -> dict[str, Any]:
    state = "rejected" if reason else "staged"
    return {"line": line, "raw": raw, "values": values, "state": state, "reason": reason, "field": field}
