"""Boards: the records of a resource by their state, moved by dragging, by keyboard or by a menu."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import func, select, union_all

from patron.context import Context
from patron.contributions import Choice, Field, Resource
from patron.errors import Invalid
from patron.resources import editing, list_page, page_frame
from patron.resources.declaration import table_of
from patron.resources.query import Clauses, rows_within
from patron.resources.rules import rules_of
from patron.resources.values import columns_of, giver
from patron.responses import Flash, Json, Page, Redirect
from patron.web import whole_number

CARDS = 25  # per column: what fits two screens; the rest is a list away


def show_board(ctx: Context, *, resource: Resource) -> Page:
    """Columns by state, each with count, sums per currency and its newest cards: two statements whatever there is."""
    view = list_page.listing_of(ctx, resource)
    totals = _totals(ctx, resource, view.filter)
    cards = _cards(ctx, resource, view.filter)
    state = resource.field(resource.state)
    columns = [
        {
            "value": choice.value,
            "label": choice.label,
            "tone": choice.tone,
            "count": totals[stored(state, choice)]["count"],
            "sums": totals[stored(state, choice)]["sums"],
            "cards": cards[stored(state, choice)],
            "more_url": f"{resource.path}?{page_frame.query_with(ctx, resource, {resource.state: choice.value})}",
        }
        for choice in state.choices
    ]
    data = {
        "resource": resource,
        "columns": columns,
        "move_url": f"{resource.path}/board/move"
        + (f"?{ctx.web.query_string}" if ctx.web.query_string else ""),
        **page_frame.frame(ctx, resource),
    }
    return Page("resources/board.html", data, partial="resources/board_part.html")


def move(ctx: Context, *, resource: Resource) -> Page | Redirect | Json:
    """Move one card to another state (form: ``id``, ``to``, ``version``)."""
    record_id, to = whole_number(ctx.web.value("id")), ctx.web.value("to")
    if record_id is None:
        raise Invalid.field("id", "Which card?")
    version = ctx.web.value("version")
    record = editing.change(
        ctx,
        resource,
        record_id,
        {resource.state: to},
        version=whole_number(version),
    )
    if ctx.web.htmx:  # the board anew: counts, sums and versions have changed
        return show_board(ctx, resource=resource)
    if "application/json" in ctx.web.headers.get("accept", ""):
        return Json({"id": str(record.key), "version": record.version, "state": to})
    label = next(choice.label for choice in resource.field(resource.state).choices if choice.value == to)
    return Redirect(f"{resource.path}/board", Flash(f"Moved to {label}."))


def stored(state: Field, choice: Choice) -> Any:
    """The value of a column of the board as the record holds it: a yes or no has two columns."""
    return choice.value == "true" if state.kind == "bool" else choice.value


def _money(resource: Resource) -> Field | None:
    return next(
        (item for item in resource.fields if item.kind == "money" and item.name in resource.columns), None
    )


def _totals(ctx: Context, resource: Resource, filter_: Any) -> dict[Any, dict[str, Any]]:
    """Count and sums per state; currencies are never added."""
    t, money = table_of(resource), _money(resource)
    state = t.c[resource.field(resource.state).attribute]

    def build(clauses: Clauses, _: str) -> Any:
        wanted: list[Any] = [state, func.count()]
        group: list[Any] = [state]
        if money is not None:
            wanted += [t.c.currency, func.coalesce(func.sum(t.c[money.attribute]), 0)]
            group.insert(0, t.c.currency)  # as an index over currency and state has them
        return select(*wanted).where(*clauses).group_by(*group)

    totals: dict[Any, dict[str, Any]] = defaultdict(lambda: {"count": 0, "sums": []})
    for row in rows_within(ctx, resource, "board totals", build, filter_=filter_):
        totals[row[0]]["count"] += row[1]
        if money is not None and row[2]:
            totals[row[0]]["sums"].append({"minor": int(row[3]), "currency": row[2]})
    return totals


def _cards(ctx: Context, resource: Resource, filter_: Any) -> dict[Any, list[dict[str, Any]]]:
    """The newest cards of each column, in one statement: a bounded search for each, by the index over the state."""
    t = table_of(resource)
    state = resource.field(resource.state)
    shown = tuple(dict.fromkeys([*resource.columns, resource.title, resource.state]))
    names = list(dict.fromkeys([*columns_of(resource, shown), "updated_at"]))

    def build(clauses: Clauses, _: str) -> Any:
        newest = select(*(t.c[name] for name in names)).where(*clauses)
        newest = newest.order_by(t.c.updated_at.desc(), t.c.id.desc()).limit(CARDS)
        columns = [
            newest.where(t.c[state.attribute] == stored(state, choice)).subquery() for choice in state.choices
        ]
        return union_all(*(select(column) for column in columns))

    place, record_id = names.index("updated_at"), names.index("id")
    rows = rows_within(ctx, resource, "board cards", build, filter_=filter_)
    rows.sort(key=lambda row: (row[place], row[record_id]), reverse=True)
    give = giver(resource, names, shown)
    items = [give(row) for row in rows]
    rules_of(resource).expand(ctx, items, shown)
    page_frame.name_references(ctx, resource, items)
    cards: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        cards[item[resource.state]].append(item)
    return cards
