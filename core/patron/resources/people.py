"""Users and teams as the options of forms and filters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Select, select

from patron.accounts.models import Team, User
from patron.context import Context
from patron.contributions import Field
from patron.prepared import Prepared, among_given
from patron.records import table


def people_options(ctx: Context, kind: str) -> list[tuple[str, str]]:
    """Active users, or teams, as (id, name); read once per unit of work."""
    found: list[tuple[str, str]] = ctx.cached(("people", kind), lambda: _read(ctx, kind))
    return found


def _read(ctx: Context, kind: str) -> list[tuple[str, str]]:
    return _pairs(_OPTIONS[kind].rows(ctx.session, {}))


def keep_options(
    ctx: Context, users: Iterable[Any], teams: Iterable[Any]
) -> dict[str, list[tuple[str, str]]]:
    """Options of both kinds, of rows that ``selecting`` selected together with others; kept for the unit of work."""
    both = {"user": _pairs(users), "team": _pairs(teams)}
    ctx.cache.update({("people", kind): options for kind, options in both.items()})
    return both


def _pairs(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [(str(row[0]), row[1]) for row in rows]


def selecting(kind: str, _: str) -> Select[Any]:
    """Selects users, or teams, that can be chosen."""
    t = table(User if kind == "user" else Team)
    statement = select(t.c.id, t.c.name).where(t.c.trashed_at.is_(None)).order_by(t.c.name).limit(500)
    return statement.where(t.c.active.is_(True)) if kind == "user" else statement


def people_names(ctx: Context, kind: str, ids: Collection[int]) -> dict[int, str]:
    """What users or teams are called, also those who are gone. No statement where the options were read before."""
    known = {int(key): name for key, name in ctx.cache.get(("people", kind), ())}
    missing = [key for key in ids if key not in known]
    if missing:
        known.update(_NAMES[kind].rows(ctx.session, {"ids": missing}))
    return {key: known[key] for key in ids if key in known}


def _names(kind: str, dialect: str) -> Select[Any]:
    t = table(User if kind == "user" else Team)
    return select(t.c.id, t.c.name).where(among_given(t.c.id, "ids", dialect))


_OPTIONS = {kind: Prepared(partial(selecting, kind)) for kind in ("user", "team")}
_NAMES = {kind: Prepared(partial(_names, kind)) for kind in ("user", "team")}


def people_of(ctx: Context, fields: Sequence[Field]) -> dict[str, list[tuple[str, str]]]:
    """Options of the user and team fields among these, by field name."""
    return {item.name: people_options(ctx, item.kind) for item in fields if item.kind in ("user", "team")}
