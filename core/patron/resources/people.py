"""Users and teams as the options of forms and filters."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from patron.accounts.models import Team, User
from patron.context import Context
from patron.contributions import Field
from patron.records import table


def people_options(ctx: Context, kind: str) -> list[tuple[str, str]]:
    """Active users, or teams, as (id, name); read once per unit of work."""
    found: list[tuple[str, str]] = ctx.cached(("people", kind), lambda: _read(ctx, kind))
    return found


def _read(ctx: Context, kind: str) -> list[tuple[str, str]]:
    t = table(User if kind == "user" else Team)
    statement = select(t.c.id, t.c.name).where(t.c.trashed_at.is_(None)).order_by(t.c.name).limit(500)
    if kind == "user":
        statement = statement.where(t.c.active.is_(True))
    return [(str(row.id), row.name) for row in ctx.session.execute(statement)]


def people_of(ctx: Context, fields: Sequence[Field]) -> dict[str, list[tuple[str, str]]]:
    """Options of the user and team fields among these, by field name."""
    return {item.name: people_options(ctx, item.kind) for item in fields if item.kind in ("user", "team")}
