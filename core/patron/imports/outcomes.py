"""What became of a row."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Text, cast, select
from sqlmodel import Session

from patron.imports.staged import unpack
from patron.records import table
from patron.system.models import ImportRow

State = Literal["created", "updated", "skipped", "rejected", "review"]
"""``review``: it looks like a known customer, and counts as skipped until a person has said."""


class Waiting(NamedTuple):
    """A staged row: its id, its line in the file, what was understood of it, and whose it is if a person has said so
    (0: nobody's that is known)."""

    id: int
    line: int
    values: Any
    decided: int | None = None


def read_staged(session: Session, import_id: int, after: int, limit: int, *, people: bool) -> list[Waiting]:
    """The next staged rows of an import beyond the row ``after``; ``people`` for a customers import."""
    t = table(ImportRow)
    statement = (
        select(t.c.id, t.c.line, cast(t.c["values"], Text), t.c.field, t.c.record_id)
        .where(t.c.import_id == import_id, t.c.state == "staged", t.c.id > after)
        .order_by(t.c.id)
        .limit(limit)
    )
    read = unpack if people else msgspec.json.decode
    return [
        Waiting(key, line, read(values), _DECIDED.get(field, record_id))
        for key, line, values, field, record_id in session.execute(statement)
    ]


_DECIDED: dict[str, int | None] = {"": None, "new": 0}


class Outcome(NamedTuple):
    """The end of a row; ``record_id`` is the record it became or was, ``reason`` says why it was refused."""

    row_id: int
    state: State
    record_id: int | None = None
    reason: str = ""
    field: str = ""
