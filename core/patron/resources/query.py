"""Lists: keyset pages of rows (not entities), filtered, sorted and within the actor's scope, in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select, tuple_

from patron.context import Context
from patron.contributions import Resource
from patron.errors import Invalid, NotFound
from patron.permissions import Scope
from patron.prepared import Prepared
from patron.resources.cursors import Asked, read_cursor, write_cursor
from patron.resources.declaration import sort_column_of, table_of
from patron.resources.filters import equalities, parse_filter
from patron.resources.rules import rules_of
from patron.resources.scope import row_scope, scope_is_plain, scope_values
from patron.resources.values import columns_of, giver, parse_date, parse_instant

MAX_LIMIT = 200


@dataclass(frozen=True)
class Listing:
    """What is asked of a list. ``filter`` is parsed JSON; ``cursor`` comes from an earlier page; ``trashed`` shows the
    trash instead; ``search`` is free text over the resource's search fields."""

    filter: Any = None
    sort: str = ""
    limit: int = 50
    cursor: str = ""
    fields: tuple[str, ...] | None = None
    search: str = ""
    trashed: bool = False


@dataclass(frozen=True)
class PageOf:
    """One page: rows as ``values.give`` says them, and the cursors to the pages beside it (None at the ends)."""

    items: list[dict[str, Any]]
    next: str | None
    previous: str | None
    sort: str


def read_page(ctx: Context, resource: Resource, listing: Listing) -> PageOf:
    """One page of the resource's records. Invalid for unknown sorts, fields, filters and cursors."""
    sort, descending, column = _sort(resource, listing.sort)
    if not 1 <= listing.limit <= MAX_LIMIT:
        raise Invalid.field("limit", f"A page has 1 to {MAX_LIMIT} records.")
    names = _fields(resource, listing.fields)
    asked = Asked(resource.key, sort, [listing.filter or None, listing.search.strip(), listing.trashed])
    backwards, position = _position(ctx, resource, asked, listing.cursor)
    wanted = columns_of(resource, names)
    if column.name not in wanted:
        wanted.append(column.name)
    page = _Page(resource, tuple(wanted), column, descending != backwards, position, listing.limit + 1)
    rows = _rows(ctx, page, listing)
    more, rows = len(rows) > listing.limit, rows[: listing.limit]
    if backwards:
        rows = rows[::-1]
    give = giver(resource, wanted, names)
    items = [give(row) for row in rows]
    rules_of(resource).expand(ctx, items, names)
    edges = [(row[wanted.index(column.name)], row[0]) for row in (rows[:1] + rows[-1:])]
    ends = _ends(ctx, edges, asked, more=more, backwards=backwards, began=position is None)
    return PageOf(items, *ends, sort)


@dataclass(frozen=True)
class _Page:
    """Which columns of which rows: ``down`` from ``position`` (value of the sorted column, id), ``count`` at most."""

    resource: Resource
    wanted: tuple[str, ...]
    column: Any
    down: bool
    position: tuple[Any, int] | None
    count: int

    def select(self, clauses: Sequence[ColumnElement[bool]], edge: Sequence[Any], count: Any) -> Select[Any]:
        table, column = table_of(self.resource), self.column
        statement = select(*(table.c[name] for name in self.wanted)).where(*clauses)
        if self.position is not None:
            here = tuple_(column, table.c.id)
            statement = statement.where(here < tuple_(*edge) if self.down else here > tuple_(*edge))
        order = (column.desc(), table.c.id.desc()) if self.down else (column.asc(), table.c.id.asc())
        return statement.order_by(*order).limit(count)


def _rows(ctx: Context, page: _Page, listing: Listing) -> list[Any]:
    """The rows as tuples. Plain lists, narrowed by equal values at most, have their statement kept by its shape."""
    equal = None if listing.search.strip() else equalities(ctx, page.resource, listing.filter)
    scope = ctx.actor.require(page.resource.permission("read"))
    if equal is None or not scope_is_plain(ctx, page.resource, scope):
        statement = page.select(_clauses(ctx, page.resource, listing), page.position or (), page.count)
        return list(ctx.session.execute(statement))
    columns = tuple(name for name, _ in equal)
    shape = (
        page.resource.key, page.wanted, page.column.name, page.down, page.position is None, columns,
        listing.trashed, _actor_shape(ctx, scope),
    )  # fmt: skip
    values = {f"equal_{name}": value for name, value in equal} | {"count": page.count}
    if page.position is not None:
        values |= {"edge_value": page.position[0], "edge_id": page.position[1]}

    def build(_: str) -> Select[Any]:
        table = table_of(page.resource)
        clauses = [_in_trash(page.resource, listing.trashed), row_scope(ctx, page.resource)]
        clauses += [table.c[name] == bindparam(f"equal_{name}") for name in columns]
        edge = (bindparam("edge_value", type_=page.column.type), bindparam("edge_id", type_=table.c.id.type))
        return page.select(clauses, edge, bindparam("count", type_=Integer()))

    return _kept(ctx, shape, build).rows(ctx.session, values | scope_values(ctx))


Clauses = Sequence[ColumnElement[bool]]


def rows_within(
    ctx: Context, resource: Resource, name: str, build: Callable[[Clauses, str], Any], *, filter_: Any = None,
    trashed: bool | None = False, values: Mapping[str, Any] | None = None,
) -> list[Any]:  # fmt: skip
    """Rows of the statement that ``build(clauses, dialect)`` makes: admitted by a filter, and within the actor's scope.

    ``name`` stands for ``build``: where the filter is of equal values at most, the statement is kept under it.
    ``trashed`` None takes the trash too; ``values`` are those of the statement's own parameters.
    """
    t, given = table_of(resource), dict(values or {})
    there = [] if trashed is None else [_in_trash(resource, trashed)]
    equal = equalities(ctx, resource, filter_)
    scope = ctx.actor.require(resource.permission("read"))
    if equal is None or not scope_is_plain(ctx, resource, scope):
        clauses = [*there, row_scope(ctx, resource), parse_filter(ctx, resource, filter_)]
        return list(ctx.session.execute(build(clauses, ctx.assembly.database.dialect), given))
    columns = tuple(column for column, _ in equal)

    def made(dialect: str) -> Any:
        equals = (t.c[column] == bindparam(f"equal_{column}") for column in columns)
        return build([*there, row_scope(ctx, resource), *equals], dialect)

    kept = _kept(ctx, (resource.key, name, columns, trashed, _actor_shape(ctx, scope)), made)
    equals = {f"equal_{column}": value for column, value in equal}
    return kept.rows(ctx.session, given | equals | scope_values(ctx))


_MOST_SHAPES = 1000


def _kept(ctx: Context, shape: tuple[Any, ...], build: Callable[[str], Any]) -> Prepared:
    """The statement of that shape, built on first use. Who asks for ever new shapes only makes us build again."""
    plans = ctx.assembly.plans
    if shape not in plans:
        if len(plans) >= _MOST_SHAPES:
            plans.clear()
        plans[shape] = Prepared(build)
    kept: Prepared = plans[shape]
    return kept


def _actor_shape(ctx: Context, scope: Scope) -> tuple[Any, ...]:
    """What of the actor decides the text of a scope's clause; the values are parameters."""
    if scope == Scope.ALL:
        return (scope,)
    return (scope, ctx.actor.user_id is None, len(ctx.actor.team_ids))


def read_one(ctx: Context, resource: Resource, record_id: int, *, verb: str = "read") -> dict[str, Any]:
    """One record as the API says it; NotFound when it is not there or out of the actor's scope."""
    table = table_of(resource)
    wanted = (*columns_of(resource), "trashed_at")

    def build(_: str) -> Select[Any]:
        found = select(*(table.c[name] for name in wanted))
        return found.where(table.c.id == bindparam("record_id"), row_scope(ctx, resource, verb))

    scope = ctx.actor.require(resource.permission(verb))
    if scope_is_plain(ctx, resource, scope):
        statement = _kept(ctx, (resource.key, "one", verb, _actor_shape(ctx, scope)), build)
        row = statement.first(ctx.session, {"record_id": record_id} | scope_values(ctx))
    else:
        row = ctx.session.execute(build(""), {"record_id": record_id}).first()
    if row is None:
        raise NotFound(f"There is no {resource.label.lower()} {record_id}.")
    item = giver(resource, wanted)(row)
    rules_of(resource).expand(ctx, [item], None)
    item["trashed"] = row[-1] is not None
    return item


def merged_into(ctx: Context, resource: Resource, record_id: int) -> int | None:
    """The record that this one became part of; None where it did not, or where there is no merging."""
    t = table_of(resource)
    if "merged_into_id" not in t.c:
        return None
    found: int | None = ctx.session.execute(select(t.c.merged_into_id).where(t.c.id == record_id)).scalar()
    return found


def matching_ids(ctx: Context, resource: Resource, listing: Listing, verb: str, limit: int) -> Select[Any]:
    """Ids of the records that a listing means, within the scope of another verb (bulk, export)."""
    table = table_of(resource)
    clauses = [*_clauses(ctx, resource, listing), row_scope(ctx, resource, verb)]
    return select(table.c.id).where(*clauses).order_by(table.c.id).limit(limit)


def _clauses(ctx: Context, resource: Resource, listing: Listing) -> list[ColumnElement[bool]]:
    from patron.resources.search import search_clause

    clauses = [
        _in_trash(resource, listing.trashed),
        row_scope(ctx, resource),
        parse_filter(ctx, resource, listing.filter),
    ]
    if listing.search.strip():
        clauses.append(search_clause(ctx, resource, listing.search, trashed=listing.trashed))
    return clauses


def _in_trash(resource: Resource, trashed: bool) -> ColumnElement[bool]:
    column: ColumnElement[Any] = table_of(resource).c.trashed_at
    return column.is_not(None) if trashed else column.is_(None)


def _fields(resource: Resource, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    known = {item.name for item in resource.fields}
    for name in names:
        if name not in known and name not in ("id", "version"):
            raise Invalid.field(
                "fields", f"There is no field “{name}”. Fields are: {', '.join(sorted(known))}."
            )
    return names


def _sort(resource: Resource, asked: str) -> tuple[str, bool, Any]:
    sort = asked or resource.sorts[0]
    name = sort.removeprefix("-")
    allowed = {item.removeprefix("-") for item in resource.sorts}
    if name not in allowed:
        raise Invalid.field(
            "sort", f"“{asked}” cannot be sorted by. Sorts are: {', '.join(sorted(allowed))}."
        )
    return sort, sort.startswith("-"), table_of(resource).c[sort_column_of(resource, name)]


def _ends(
    ctx: Context, edges: Sequence[tuple[Any, int]], asked: Asked, *, more: bool, backwards: bool, began: bool
) -> tuple[str | None, str | None]:
    """Cursors after the last and before the first row (each as sorted value and id), where something is beyond."""
    if not edges:
        return None, None
    beyond_last = more if not backwards else True
    before_first = (not began) if not backwards else more
    after = write_cursor(ctx, asked, "a", *edges[-1]) if beyond_last else None
    before = write_cursor(ctx, asked, "b", *edges[0]) if before_first else None
    return after, before


def _position(
    ctx: Context, resource: Resource, asked: Asked, cursor: str
) -> tuple[bool, tuple[Any, int] | None]:
    """Whether to read backwards, and the edge; Invalid for a cursor that was not made for what is asked."""
    if not cursor:
        return False, None
    side, value, record_id = read_cursor(ctx, asked, cursor)
    return side == "b", (_edge(resource, asked.sort.removeprefix("-"), value), record_id)


def _edge(resource: Resource, name: str, value: Any) -> Any:
    """The value of the sorted column that a cursor says; the signature vouches for its type."""
    stamps = ("created_at", "updated_at")
    kind = "instant" if name in stamps else "integer" if name == "id" else resource.field(name).kind
    if kind == "instant":
        return parse_instant(value)
    return parse_date(value) if kind == "date" else value
