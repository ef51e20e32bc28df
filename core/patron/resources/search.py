"""Free text over records within what the actor may read: the ``q`` of a list, and the search over all.

SQLite answers from a full-text table of trigrams, PostgreSQL from a GIN index over trigrams and tokens. Both
give candidates, which are checked exactly: the text by substring, the rights by the same clause as in lists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy import table as bare_table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from patron.context import Context
from patron.contributions import Resource
from patron.errors import Invalid
from patron.permissions import Scope
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.rules import rules_of
from patron.resources.scope import scope_clause
from patron.resources.search_index import (
    from_trash,
    index,
    index_many,
    insert_entries,
    new_entries,
    rebuild,
    remove,
    rescope,
    to_trash,
    trash_of,
)
from patron.resources.search_text import Needle, full_text_query, token
from patron.system.models import SearchEntry

__all__ = [
    "Found",
    "find",
    "from_trash",
    "index",
    "index_many",
    "insert_entries",
    "new_entries",
    "rebuild",
    "remove",
    "rescope",
    "search_clause",
    "to_trash",
]

CANDIDATES = 500
"""Matches at the beginning of a title that are put in order."""
MAX_FOUND = 100

COMMON = 4
"""Of 256 entries that are looked at, how many must match for a needle to be common."""

_SAMPLE = (
    text(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 256)"
        " SELECT (SELECT max(id) FROM core_search) * i / 256 AS id FROM n"
    )
    .columns(column("id", BigInteger))
    .subquery("sample")
)
_FULL_TEXT = bare_table("core_search_fts", column("rowid"), column("core_search_fts"))
_JOINED = table(SearchEntry).c.id == _FULL_TEXT.c.rowid
_TOKENS: ColumnElement[Any] = literal_column("string_to_array(core_search.scope, ' ')")  # as the index has it
_ZERO: ColumnElement[int] = literal_column("0")
_LIKE_SIGNS, _ESCAPED = re.compile(r"([%_\\])"), r"\\\1"


@dataclass(frozen=True)
class Found:
    """A record that was found, as search results and the palette show it. ``resource`` is its key."""

    resource: str
    id: int
    title: str
    subtitle: str
    url: str
    label: str
    icon: str


@dataclass(frozen=True)
class _Reach:
    """The rows of a resource that an actor may find: by token, then by an exact clause (None: all rows)."""

    resource: Resource
    tokens: tuple[str, ...]
    exact: ColumnElement[bool] | None
    wide: bool = False  # may be many


def search_clause(
    ctx: Context, resource: Resource, words: str, *, trashed: bool = False
) -> ColumnElement[bool]:
    """The rows of a resource whose text holds each of ``words``; the list adds its own scope.

    What is asked is found within words, below three letters at their beginning. ``trashed`` asks for what is in the
    trash instead. Invalid for a resource that
    declares nothing to search.
    """
    if not resource.search:
        raise Invalid.field("q", f"{resource.label_plural} cannot be searched by text; filter them instead.")
    needle, reach = Needle.parse(words), _reach_of(ctx, resource)
    if needle is None or reach is None:
        return false()
    t, rows = table(SearchEntry), table_of(resource)
    if not trashed and _is_common(ctx, resource, needle, reach):
        # As one truth value, PostgreSQL takes it for likely, and walks; as a comparison it would sort all rows.
        holds = select(and_(*(_holds(ctx, pattern) for pattern in needle.patterns)))
        return holds.where(t.c.resource == resource.key, t.c.record_id == rows.c.id).scalar_subquery()
    matching = _matching(ctx, needle.patterns, reach.tokens)
    name = trash_of(resource) if trashed else resource.key
    return rows.c.id.in_(select(t.c.record_id).where(t.c.resource == name, *matching))


def _is_common(ctx: Context, resource: Resource, needle: Needle, reach: _Reach) -> bool:
    """Whether so many rows match that a page is full sooner by walking the list than by finding them all first.

    Asked of a sample, spread over all entries; who sees only their own has few rows, and is not asked for.
    """
    if not reach.wide:
        return False
    t = table(SearchEntry)
    held = [_holds(ctx, pattern) for pattern in needle.patterns]
    sample = select(func.count()).where(t.c.id.in_(select(_SAMPLE.c.id)), t.c.resource == resource.key, *held)
    if reach.exact is not None:
        sample = sample.where(or_(*(_within(ctx, t.c.scope, item) for item in reach.tokens)))
    return int(ctx.session.execute(sample).scalar_one()) >= COMMON


def find(ctx: Context, words: str, *, limit: int = 20, resource: Resource | None = None) -> list[Found]:
    """Records whose text holds each of ``words``, titles that begin with it first, in one statement.

    Over all resources that the actor may read, or over one. ``limit`` is at most 100.
    """
    needle = Needle.parse(words)
    reaches = _reaches(ctx, resource)
    if needle is None or not reaches:
        return []
    statement = _find(ctx, needle, reaches, min(max(limit, 1), MAX_FOUND))
    rows = ctx.session.execute(statement).all()
    return [_found(ctx.assembly.resources[row.resource], row) for row in rows]


def _found(resource: Resource, row: Any) -> Found:
    url = f"{resource.path}/{row.record_id}"
    return Found(resource.key, row.record_id, row.title, row.subtitle, url, resource.label, resource.icon)


def _reaches(ctx: Context, only: Resource | None) -> list[_Reach]:
    disabled = ctx.assembly.live.disabled
    searched = [only] if only is not None else ctx.assembly.resources.values()
    found = (_reach_of(ctx, item) for item in searched if item.search and item.module not in disabled)
    return [reach for reach in found if reach is not None]


def _reach_of(ctx: Context, resource: Resource) -> _Reach | None:
    """None where the actor may read no row of the resource."""
    scope = ctx.actor.scope(resource.permission("read"))
    if scope is None or "read" not in resource.verbs:
        return None
    rules = rules_of(resource)
    if scope == Scope.ALL and rules.visible(ctx) is None:
        return _Reach(resource, (token(resource.key, "*"),), None, wide=True)
    t, rows = table(SearchEntry), table_of(resource)
    there = (rows.c.id == t.c.record_id, rows.c.trashed_at.is_(None))
    exact = exists().where(*there, scope_clause(ctx, resource, scope))
    if scope == Scope.ALL or rules.scope(ctx, scope) is not None:
        return _Reach(resource, (token(resource.key, "*"),), exact)
    who = [f"u{ctx.actor.user_id}"] if ctx.actor.user_id is not None else []
    if scope == Scope.TEAM:
        who.extend(f"t{team_id}" for team_id in sorted(ctx.actor.team_ids))
    tokens = tuple(token(resource.key, name) for name in who)
    return _Reach(resource, tokens, exact, scope == Scope.TEAM) if who else None


def _find(ctx: Context, needle: Needle, reaches: Sequence[_Reach], limit: int) -> Select[Any]:
    """Entries by id, of two bounded searches: what begins a title, and what does not."""
    t = table(SearchEntry)
    readable, tokens = _readable(reaches), _tokens(ctx, reaches)
    begins = _holds(ctx, needle.title)
    best = select(t.c.id).where(readable, *_matching(ctx, [needle.title], tokens))
    others = select(t.c.id).where(readable, *_matching(ctx, needle.patterns, tokens), not_(begins))
    halves = (best.limit(CANDIDATES).subquery("best"), others.limit(limit).subquery("others"))
    shown = select(t.c.resource, t.c.record_id, t.c.title, t.c.subtitle)
    among = t.c.id.in_(union_all(*(select(half.c.id) for half in halves)))
    return shown.where(among).order_by(begins.desc(), t.c.title_key, t.c.id).limit(limit)


def _readable(reaches: Sequence[_Reach]) -> ColumnElement[bool]:
    t = table(SearchEntry)
    all_rows = [reach.resource.key for reach in reaches if reach.exact is None]
    parts: list[ColumnElement[bool]] = [t.c.resource.in_(all_rows)] if all_rows else []
    some = [(reach.resource.key, reach.exact) for reach in reaches if reach.exact is not None]
    parts.extend(and_(t.c.resource == key, exact) for key, exact in some)
    return or_(*parts)


def _tokens(ctx: Context, reaches: Sequence[_Reach]) -> list[str]:
    """The tokens to look for; none when every searched resource may be read in full."""
    searched = sum(1 for resource in ctx.assembly.resources.values() if resource.search)
    if len(reaches) == searched and all(reach.exact is None for reach in reaches):
        return []
    return [name for reach in reaches for name in reach.tokens]


def _matching(ctx: Context, patterns: Sequence[str], tokens: Sequence[str]) -> list[ColumnElement[bool]]:
    """Rows that hold every pattern and one of the tokens (any row where there are none)."""
    clauses = [_holds(ctx, pattern) for pattern in patterns]
    if ctx.assembly.database.dialect == "sqlite":
        clauses.append(_JOINED)
        clauses.append(_FULL_TEXT.c.core_search_fts.op("MATCH")(full_text_query(patterns, tokens)))
    elif tokens:
        clauses.append(_TOKENS.op("&&")(cast(list(tokens), ARRAY(Text))))
    return clauses


def _holds(ctx: Context, pattern: str) -> ColumnElement[bool]:
    return _within(ctx, table(SearchEntry).c.text, pattern)


def _within(ctx: Context, within: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    if ctx.assembly.database.dialect == "sqlite":
        return func.instr(within, pattern) > _ZERO
    return within.like(f"%{_LIKE_SIGNS.sub(_ESCAPED, pattern)}%")
