"""How the columns of a file were taken before: offered again for a file with the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from patron.context import Context
from patron.contributions import Resource
from patron.imports import engine
from patron.imports.mapping import ColumnMapping
from patron.records import table
from patron.system.models import Import

_LOOKED_AT = 200  # imports, the newest first


@dataclass(frozen=True)
class Layout:
    """What was chosen for a file with these columns, and when."""

    columns: dict[str, str | None]
    source: str
    match: str
    at: datetime


def remembered(ctx: Context, resource: Resource, columns: ColumnMapping) -> Layout | None:
    """The choice of the newest import that the actor may see, was applied, and had exactly these columns."""
    t, headers = table(Import), {column.header for column in columns.columns}
    statement = (
        select(t.c.mapping, t.c.source, t.c.match, t.c.created_at)
        .where(
            t.c.resource == resource.key,
            t.c.state.in_(("applied", "part applied")),
            engine.mine_or_all(ctx.actor),
        )
        .order_by(t.c.id.desc())
        .limit(_LOOKED_AT)
    )
    for row in ctx.session.execute(statement):
        chosen = row.mapping.get("columns")
        if chosen and chosen.keys() == headers:
            return Layout(dict(chosen), row.source, row.match, row.created_at)
    return None
