"""The list of a resource: what its address asks for, its columns, and what narrows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from patron.context import Context
from patron.contributions import Field, Resource
from patron.errors import Invalid
from patron.resources import saying
from patron.resources.api import filter_of
from patron.resources.page_frame import frame, name_references, query_with
from patron.resources.people import people_of
from patron.resources.query import Listing, read_page
from patron.resources.saved_views import views_of
from patron.responses import Page
from patron.web import whole_number

ROWS = 50


def listing_of(ctx: Context, resource: Resource, limit: int = ROWS) -> Listing:
    """What a list's address asks for: ``q``, ``sort``, ``cursor``, ``trashed``, ``filter``, and fields by name."""
    web = ctx.web
    conditions = [filter_of(web.param("filter"))] if web.param("filter") else []
    for name in resource.filters:
        value = web.param(name)
        if value:
            conditions.append({name: _condition(resource.field(name), value)})
    return Listing(
        filter={"and": conditions} if len(conditions) > 1 else conditions[0] if conditions else None,
        sort=web.param("sort"),
        limit=limit,
        cursor=web.param("cursor"),
        search=web.param("q"),
        trashed=web.param("trashed") == "true",
    )


def _condition(item: Field, value: str) -> Any:
    """A field's parameter as a condition: text contains where it can, the rest equals."""
    if item.kind in ("text", "longtext") and item.match_column:
        return {"contains": value}
    if item.kind == "bool":
        return value == "true"
    if item.kind in ("integer", "money"):
        number = whole_number(value, signed=True)
        return value if number is None else number
    return value


def show_list(ctx: Context, *, resource: Resource) -> Page:
    """The list: one statement for the rows, one per kind of reference shown, one for the saved views."""
    columns = _columns(ctx, resource)
    names = dict.fromkeys(
        [*(item.name for item in columns), resource.title, *([resource.state] if resource.state else [])]
    )
    listing = replace(listing_of(ctx, resource), fields=tuple(names))
    page = read_page(ctx, resource, listing)
    choices = people_of(ctx, [resource.field(name) for name in resource.filters])
    name_references(ctx, resource, page.items)
    data = {
        **frame(ctx, resource),
        "columns": [_column(ctx, resource, item, page.sort) for item in columns],
        "rows": page.items,
        "fields": columns,
        "sort": page.sort,
        "q": listing.search,
        "trashed": listing.trashed,
        "filters": [resource.field(name) for name in resource.filters if _offered(resource.field(name))],
        "active": _active_filters(ctx, resource),
        "choices": choices,
        "views": views_of(ctx, resource),
        "next_url": _at(ctx, resource, page.next),
        "previous_url": _at(ctx, resource, page.previous),
        "first_url": _at(ctx, resource, "") if listing.cursor else "",
        "clear_url": resource.path,
        "export_url": f"{resource.path}/export?{query_with(ctx, resource, {})}",
        "filter_values": {name: ctx.web.param(name) for name in resource.filters},
        "kept": _kept(ctx),
        "selection_query": query_with(ctx, resource, {}),
        "shown_columns": [item.name for item in columns],
        "all_fields": [item for item in resource.fields if item.kind not in ("list", "computed")],
    }
    return Page("resources/list.html", data, partial="resources/list_part.html")


def _kept(ctx: Context) -> dict[str, str]:
    """The parameters of the list that its small forms send along, each one only once."""
    kept: dict[str, str] = {}
    for name, text in parse_qsl(ctx.web.query_string):
        if name == "columns" and name in kept:
            kept[name] += f",{text}"
        elif name != "cursor":
            kept[name] = text
    return kept


def _columns(ctx: Context, resource: Resource) -> list[Field]:
    chosen = [name for text in ctx.web.query.get("columns", ()) for name in text.split(",") if name]
    known = {item.name for item in resource.fields}
    if unknown := [name for name in chosen if name not in known]:
        raise Invalid.field("columns", f"There is no field “{unknown[0]}”.")
    return [resource.field(name) for name in (chosen or resource.columns)]


def _column(ctx: Context, resource: Resource, item: Field, sort: str) -> dict[str, Any]:
    """A heading, and where its arrows lead when the list can be sorted by it."""
    sortable = {name.removeprefix("-") for name in resource.sorts}
    direction = "" if sort.removeprefix("-") != item.name else "desc" if sort.startswith("-") else "asc"
    url = ""
    if item.name in sortable:
        wanted = f"-{item.name}" if direction == "asc" else item.name
        url = f"{resource.path}?{query_with(ctx, resource, {'sort': wanted})}"
    return {
        "key": item.name,
        "field": item,
        "label": item.label,
        "kind": item.kind,
        "sort_url": url,
        "sorted": direction,
        "numeric": item.kind in ("money", "integer", "percent"),
    }


def _at(ctx: Context, resource: Resource, cursor: str | None) -> str:
    if cursor is None:
        return ""
    query = query_with(ctx, resource, {"cursor": cursor} if cursor else {})
    return f"{resource.path}?{query}" if query else resource.path


def _offered(item: Field) -> bool:
    return item.kind in ("text", "choice", "user", "team", "bool", "email", "phone")


def _active_filters(ctx: Context, resource: Resource) -> list[dict[str, str]]:
    """What narrows the list now, each with the address without it."""
    active = []
    for name in resource.filters:
        value = ctx.web.param(name)
        if value:
            item = resource.field(name)
            shown = _shown_filter(ctx, item, value)
            active.append(
                {
                    "label": item.label,
                    "value": shown,
                    "url": f"{resource.path}?{query_with(ctx, resource, {name: None})}",
                }
            )
    if ctx.web.param("filter"):
        active.append(
            {
                "label": "Filter",
                "value": ctx.web.param("filter"),
                "url": f"{resource.path}?{query_with(ctx, resource, {'filter': None})}",
            }
        )
    return active


def _shown_filter(ctx: Context, item: Field, value: str) -> str:
    if item.kind == "bool":
        return "Yes" if value == "true" else "No"
    if item.kind in saying.REFERENCES and (key := whole_number(value)) is not None:
        return saying.names_of(ctx, item, [key]).get(key, value)
    return next((choice.label for choice in item.choices if choice.value == value), value)
