"""Numbers of documents: gapless per series and legal entity, given out in the transaction that uses them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from patron.context import Context
from patron.db import savepoint
from patron.records import table
from patron.system.models import LegalEntity, NumberSeries


def next_number(ctx: Context, series: str, pattern: str) -> str:
    """The next number of a series, such as ``Q-2026-00007`` for the pattern ``Q-{year}-{number:05}``.

    ``pattern`` is used when the series begins. On PostgreSQL the row is locked until the transaction ends, on SQLite
    there is one writer: two can never get the same number, and a rollback gives it back.
    """
    t = table(NumberSeries)
    entity_id = default_entity(ctx)
    mine = (t.c.name == series) & (t.c.legal_entity_id == entity_id)
    taken = update(t).where(mine).values(last=t.c.last + 1).returning(t.c.last, t.c.pattern)
    row = ctx.session.execute(taken).first()
    if row is None:
        _begin(ctx, {"name": series, "legal_entity_id": entity_id, "pattern": pattern, "last": 0})
        row = ctx.session.execute(taken).one()
    return str(row.pattern).format(year=ctx.now.year, number=row.last)


def _begin(ctx: Context, series: dict[str, Any]) -> None:
    """Begin a series; another who begins it at the same moment is waited for, and has then begun it."""
    with suppress(IntegrityError), savepoint(ctx.session):
        ctx.session.execute(insert(table(NumberSeries)).values(series))


def default_entity(ctx: Context) -> int:
    """The legal entity that acts while there is only one, or where none is named."""
    t = table(LegalEntity)
    return int(
        ctx.cached(
            "legal entity", lambda: ctx.session.execute(select(t.c.id).order_by(t.c.id).limit(1)).scalar_one()
        )
    )
