"""Lists: keyset pages of rows (not entities), filtered, sorted and within the actor's scope, in one statement."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select, tuple_

from patron.context import Context
from patron.contributions import Resource
from patron.errors import Invalid, NotFound
from patron.resources.declaration import sort_column_of, table_of
from patron.resources.filters import parse_filter
from patron.resources.rules import rules_of
from patron.resources.scope import row_scope
from patron.resources.values import columns_of, give, parse_date, parse_instant

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
    backwards, position = _position(resource, sort, listing.cursor)
    table = table_of(resource)
    wanted = columns_of(resource, names)
    if column.name not in wanted:
        wanted.append(column.name)
    statement = select(*(table.c[name] for name in wanted)).where(*_clauses(ctx, resource, listing))
    down = descending != backwards
    if position is not None:
        edge = tuple_(column, table.c.id)
        statement = statement.where(edge < tuple_(*position) if down else edge > tuple_(*position))
    order = (column.desc(), table.c.id.desc()) if down else (column.asc(), table.c.id.asc())
    rows = ctx.session.execute(statement.order_by(*order).limit(listing.limit + 1)).mappings().all()
    more, rows = len(rows) > listing.limit, rows[: listing.limit]
    if backwards:
        rows = rows[::-1]
    items = [give(resource, row, names) for row in rows]
    rules_of(resource).expand(ctx, items, names)
    ends = _ends(rows, column.name, sort, more=more, backwards=backwards, began=position is None)
    return PageOf(items, *ends, sort)


def read_one(ctx: Context, resource: Resource, record_id: int, *, verb: str = "read") -> dict[str, Any]:
    """One record as the API says it; NotFound when it is not there or out of the actor's scope."""
    table = table_of(resource)
    statement = select(*(table.c[name] for name in (*columns_of(resource), "trashed_at"))).where(
        table.c.id == record_id, row_scope(ctx, resource, verb)
    )
    row = ctx.session.execute(statement).mappings().first()
    if row is None:
        raise NotFound(f"There is no {resource.label.lower()} {record_id}.")
    item = give(resource, row)
    rules_of(resource).expand(ctx, [item], None)
    item["trashed"] = row["trashed_at"] is not None
    return item


def matching_ids(ctx: Context, resource: Resource, listing: Listing, verb: str, limit: int) -> Select[Any]:
    """Ids of the records that a listing means, within the scope of another verb (bulk, export)."""
    table = table_of(resource)
    clauses = [*_clauses(ctx, resource, listing), row_scope(ctx, resource, verb)]
    return select(table.c.id).where(*clauses).order_by(table.c.id).limit(limit)


def _clauses(ctx: Context, resource: Resource, listing: Listing) -> list[ColumnElement[bool]]:
    from patron.resources.search import search_clause

    table = table_of(resource)
    trashed = table.c.trashed_at.is_not(None) if listing.trashed else table.c.trashed_at.is_(None)
    clauses = [trashed, row_scope(ctx, resource), parse_filter(ctx, resource, listing.filter)]
    if listing.search.strip():
        clauses.append(search_clause(ctx, resource, listing.search))
    return clauses


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
    rows: Sequence[Mapping[Any, Any]], column: str, sort: str, *, more: bool, backwards: bool, began: bool
) -> tuple[str | None, str | None]:
    """Cursors after the last and before the first row, where there is something beyond."""
    if not rows:
        return None, None
    beyond_last = more if not backwards else True
    before_first = (not began) if not backwards else more
    after = write_position(sort, rows[-1][column], rows[-1]["id"], "a") if beyond_last else None
    before = write_position(sort, rows[0][column], rows[0]["id"], "b") if before_first else None
    return after, before


def write_position(list_name: str, value: Any, record_id: int, side: str = "a") -> str:
    """An opaque cursor at a row of a list; it says for which order it was made."""
    return (
        base64.urlsafe_b64encode(msgspec.json.encode([list_name, side, value, record_id]))
        .decode()
        .rstrip("=")
    )


def _read_position(list_name: str, cursor: str) -> tuple[str, Any, int]:
    made_for, side, value, record_id = msgspec.json.decode(
        base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    )
    if made_for != list_name or side not in ("a", "b") or not isinstance(record_id, int):
        raise ValueError("the cursor belongs to another list")
    return side, value, record_id


_UNKNOWN_CURSOR = "This cursor does not belong to this list. Begin again without one."


def position_of(list_name: str, cursor: str) -> tuple[Any, int]:
    """The instant and id that a cursor of a list by time stands at; Invalid for any other."""
    try:
        _, value, record_id = _read_position(list_name, cursor)
        return parse_instant(value), record_id
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        raise Invalid.field("cursor", _UNKNOWN_CURSOR) from error


def _position(resource: Resource, sort: str, cursor: str) -> tuple[bool, tuple[Any, int] | None]:
    """Whether to read backwards, and the edge; Invalid for a cursor that is not one of ours for this sort."""
    if not cursor:
        return False, None
    try:
        side, value, record_id = _read_position(sort, cursor)
        return side == "b", (_edge(resource, sort.removeprefix("-"), value), record_id)
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        raise Invalid.field("cursor", _UNKNOWN_CURSOR) from error


def _edge(resource: Resource, name: str, value: Any) -> Any:
    kind = (
        "instant"
        if name in ("created_at", "updated_at")
        else "integer"
        if name == "id"
        else resource.field(name).kind
    )
    if kind == "instant":
        return parse_instant(value)
    if kind == "date":
        return parse_date(value)
    wanted = int if kind in ("integer", "money") else str
    if not isinstance(value, wanted):
        raise ValueError("the cursor's value has another type")
    return value
