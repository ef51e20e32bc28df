"""Rows that look like a known customer, decided by a person: the same, or somebody new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session

from patron.bulk import among
from patron.customers.models import Customer
from patron.errors import Conflict, Invalid
from patron.records import table
from patron.system.models import Import, ImportRow

ANSWERS = ("same", "new")
_OPEN = ("applied", "part applied")


@dataclass(frozen=True)
class Likely:
    """A row beside the customer whom it looks like."""

    id: int
    line: int
    name: str
    points: tuple[str, ...]
    customer_id: int
    customer: str
    percent: int
    reasons: str


def waiting(session: Session, import_id: int, *, after: int = 0, limit: int = 50) -> list[Likely]:
    """The rows that wait, by line."""
    t, c = table(ImportRow), table(Customer)
    statement = (
        select(t.c.id, t.c.line, t.c["values"], t.c.record_id, t.c.field, t.c.reason, c.c.name)
        .join(c, c.c.id == t.c.record_id)
        .where(t.c.import_id == import_id, t.c.state == "review", t.c.line > after)
        .order_by(t.c.line)
        .limit(limit)
    )
    return [_likely(row) for row in session.execute(statement).mappings()]


def _likely(row: Any) -> Likely:
    values = row["values"]
    points = tuple(
        point[2] if len(point) > 2 and point[2] else point[1] for point in values.get("points", ())
    )
    return Likely(
        row["id"], row["line"], values.get("name", ""), points, row["record_id"], row["name"], int(row["field"] or 0),
        row["reason"],
    )  # fmt: skip


def count(session: Session, import_id: int) -> int:
    """How many wait."""
    t = table(ImportRow)
    waits = select(func.count()).select_from(t).where(t.c.import_id == import_id, t.c.state == "review")
    return int(session.execute(waits).scalar_one())


def decide(session: Session, import_id: int, answer: str, lines: Sequence[int] | None = None) -> int:
    """Say of these lines, or of all that wait, that they are the ``same`` or ``new``; to be applied then.

    Returns how many; with none nothing changes. Invalid for another answer, Conflict while the import is at work or
    taken back.
    """
    if answer not in ANSWERS:
        raise Invalid.field("answer", f"Answer one of: {', '.join(ANSWERS)}.")
    t, i = table(ImportRow), table(Import)
    which = [t.c.import_id == import_id, t.c.state == "review"]
    if lines is not None:
        which.append(among(t.c.line, lines))
    said: dict[str, Any] = {"state": "staged", "field": answer, "reason": ""}
    number = len(session.execute(update(t).where(*which).values(said).returning(t.c.id)).all())
    left = {"state": "part applied", "skipped": i.c.skipped - number} if number else {"skipped": i.c.skipped}
    open_ = update(i).where(i.c.id == import_id, i.c.state.in_(_OPEN), i.c.dry_run.is_(False))
    if session.execute(open_.values(left).returning(i.c.id)).first() is None:
        raise Conflict("This import takes no decisions now.")
    return number
