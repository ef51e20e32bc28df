"""The rows that were refused, as a file that is corrected and imported again: the original columns and the reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sqlalchemy import select

from patron.assembly import Assembly
from patron.records import table
from patron.resources.export import guarded
from patron.system.models import Import, ImportRow

EXTRA = ("Import line", "Import field", "Import reason")
"""Columns beside the original ones; a second import leaves them out."""

BATCH = 1000


def reject_lines(assembly: Assembly, import_id: int) -> Iterator[str]:
    """The lines of the CSV, read in short transactions. What would run as a formula is guarded."""
    t, i = table(ImportRow), table(Import)
    with assembly.database.read() as session:
        mapping = session.execute(select(i.c.mapping).where(i.c.id == import_id)).scalar_one()
    headers = mapping.get("headers") or ["vCard"]
    own = [index for index, header in enumerate(headers) if header not in EXTRA]
    yield _line([*(guarded(headers[index]) for index in own), *EXTRA])
    last = 0
    while True:
        statement = (
            select(t.c.line, t.c.raw, t.c.field, t.c.reason)
            .where(t.c.import_id == import_id, t.c.state == "rejected", t.c.line > last)
            .order_by(t.c.line)
            .limit(BATCH)
        )
        with assembly.database.read() as session:
            rows = session.execute(statement).all()
        for row in rows:
            cells = [guarded(row.raw[index]) if index < len(row.raw) else "" for index in own]
            # More cells than columns is a reason for refusal: they stay together in the last one.
            surplus = [str(cell) for cell in row.raw[len(headers) :]]
            if surplus and cells:
                cells[-1] = guarded(" ".join([cells[-1], *surplus]).strip())
            yield _line([*cells, str(row.line), row.field, row.reason])
        if len(rows) < BATCH:
            return
        last = rows[-1].line


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
