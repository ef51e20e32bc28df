"""The pages of a resource: list, record, form, history. Each works without scripts; htmx gets a part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, or_, select

from patron.accounts import history
from patron.context import Context
from patron.contributions import Field, Resource
from patron.customers.models import Customer
from patron.db import BigInt
from patron.errors import Conflict, FieldError, Invalid, NotFound
from patron.prepared import Prepared, among_given
from patron.records import table
from patron.resources import editing, forms, saying
from patron.resources.api import filter_of
from patron.resources.declaration import table_of
from patron.resources.people import people_of
from patron.resources.query import Listing, read_one, read_page
from patron.resources.rules import rules_of
from patron.resources.scope import row_scope
from patron.resources.search import search_clause
from patron.resources.values import columns_of, give
from patron.responses import Flash, Json, Page, Redirect
from patron.system.models import SavedView

ROWS = 50
_RESERVED = ("q", "sort", "cursor", "filter", "trashed", "columns", "view")


# What every page of a resource is told


def frame(ctx: Context, resource: Resource) -> dict[str, Any]:
    """Which verbs the actor holds, and where the resource's pages are."""
    may = {verb: verb in resource.verbs and ctx.actor.may(resource.permission(verb)) for verb in _VERBS}
    return {
        "resource": resource,
        "may": may,
        "path": resource.path,
        "query": ctx.web.query_string,
        "errors": [],
    }


_VERBS = ("read", "create", "edit", "delete", "export", "import")


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
        return int(value) if value.lstrip("-").isdigit() else value
    return value


def query_with(ctx: Context, resource: Resource, changes: Mapping[str, str | None]) -> str:
    """The list's query string with some parameters set or (None) taken out; the cursor always goes."""
    pairs = [(k, v) for k, v in parse_qsl(ctx.web.query_string) if k not in changes and k != "cursor"]
    pairs += [(name, value) for name, value in changes.items() if value is not None]
    return urlencode(pairs)


# Lists


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
        "views": _views(ctx, resource),
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
        "numeric": item.kind in ("money", "integer"),
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
    if item.kind in ("user", "team", "customer", "ref") and value.isascii() and value.isdigit():
        return saying.names_of(ctx, item, [int(value)]).get(int(value), value)
    return next((choice.label for choice in item.choices if choice.value == value), value)


def name_references(ctx: Context, resource: Resource, rows: Sequence[dict[str, Any]]) -> None:
    """Give each row the names (and addresses) of what it refers to: one statement per kind of reference shown."""
    for item in resource.fields:
        if item.kind not in ("customer", "user", "team", "ref"):
            continue
        ids = {int(row[item.name]) for row in rows if row.get(item.name)}
        names = saying.names_of(ctx, item, ids)
        for row in rows:
            value = row.get(item.name)
            shown = names.get(int(value)) if value else None
            row[f"{item.name}_shown"] = shown or ""
            row[f"{item.name}_url"] = _reference_url(ctx, item, value) if shown else ""


def _reference_url(ctx: Context, item: Field, value: Any) -> str:
    if item.kind == "customer":
        return f"/customers/{value}"
    return f"{ctx.assembly.resource(item.ref).path}/{value}" if item.kind == "ref" else ""


# Saved views


def _views(ctx: Context, resource: Resource) -> list[dict[str, Any]]:
    values = {
        "resource": resource.key, "user": ctx.actor.user_id or 0, "teams": sorted(ctx.actor.team_ids),
    }  # fmt: skip
    return [
        {
            "id": row.id,
            "name": row.name,
            "url": f"{resource.path}?{row.query}",
            "audience": row.audience,
            "mine": row.owner_id == ctx.actor.user_id,
            "current": row.query == query_with(ctx, resource, {}),
        }
        for row in _VIEWS.rows(ctx.session, values)
    ]


def _views_statement(dialect: str) -> Any:
    t = table(SavedView)
    mine = t.c.owner_id == bindparam("user", type_=BigInt())
    of_team = and_(t.c.audience == "team", among_given(t.c.team_id, "teams", dialect))
    return (
        select(t.c.id, t.c.name, t.c.query, t.c.audience, t.c.owner_id)
        .where(t.c.resource == bindparam("resource"), t.c.trashed_at.is_(None))
        .where(or_(t.c.audience == "public", mine, of_team))
        .order_by(t.c.name)
        .limit(100)
    )


_VIEWS = Prepared(_views_statement)


def save_view(ctx: Context, *, resource: Resource) -> Redirect:
    """Keep the list as it is filtered and sorted under a name (form: ``name``, ``query``, ``audience``)."""
    name, query, audience = (
        ctx.web.value("name"),
        ctx.web.value("query"),
        ctx.web.value("audience", "private"),
    )
    if not name or len(name) > 100:
        raise Invalid.field("name", "A view needs a name of at most 100 characters.")
    if audience not in ("private", "team", "public"):
        raise Invalid.field("audience", "A view is private, team or public.")
    if audience == "public":
        ctx.actor.require("views.publish")
    query = urlencode([(k, v) for k, v in parse_qsl(query) if k != "cursor"])
    ctx.session.execute(
        insert(table(SavedView)).values(
            resource=resource.key,
            name=name,
            query=query[:4000],
            audience=audience,
            owner_id=ctx.actor.user_id,
            team_id=min(ctx.actor.team_ids, default=None),
            version=1,
            created_at=ctx.now,
            updated_at=ctx.now,
        )
    )
    return Redirect(f"{resource.path}?{query}", Flash(f"View “{name}” saved."))


def delete_view(ctx: Context, view_id: int, *, resource: Resource) -> Redirect:
    """Delete a view of one's own."""
    t = table(SavedView)
    mine = delete(t).where(t.c.id == view_id, t.c.resource == resource.key, t.c.owner_id == ctx.actor.user_id)
    if ctx.session.execute(mine.returning(t.c.id)).first() is None:
        raise NotFound()
    return Redirect(resource.path, Flash("View deleted."))


# One record


def show_record(ctx: Context, record_id: int, *, resource: Resource) -> Page | Redirect:
    """The record's page: its fields, the module's panels and actions."""
    record = editing.load(ctx, resource, record_id)
    if getattr(record, "merged_into_id", None) is not None:
        return Redirect(f"{resource.path}/{record.merged_into_id}")
    rules = rules_of(resource)
    item = item_of(ctx, resource, record)
    page_data = rules.page_data(ctx, record)
    name_references(ctx, resource, [item])
    data = {
        **frame(ctx, resource),
        **page_data,
        "item": item,
        "title": item.get(resource.title) or f"{resource.label} {record_id}",
        "subtitle": rules.subtitle(item),
        "shown": [f for f in resource.fields if f.kind != "list" and f.name != resource.title],
        "actions": [action for action in rules.actions(ctx, record) if ctx.actor.may(action.permission)],
        "panels": [
            *rules.panels(ctx, record),
            *ctx.assembly.hooks.display(ctx, "record_panels", resource=resource, record=record),
        ],
        "history_url": f"{resource.path}/{record_id}/history",
        "may_edit": _holds(ctx, resource, record_id, "edit"),
        "may_delete": _holds(ctx, resource, record_id, "delete"),
    }
    return Page(resource.template or "resources/record.html", data)


def item_of(ctx: Context, resource: Resource, record: Any) -> dict[str, Any]:
    """A loaded record as the API says it."""
    row = {name: getattr(record, name) for name in columns_of(resource)}
    item = give(resource, row)
    rules_of(resource).expand(ctx, [item], None)
    item["trashed"] = record.trashed_at is not None
    return item


def _holds(ctx: Context, resource: Resource, record_id: int, verb: str) -> bool:
    """Whether the actor may do this with this record; asks the database only where the scope is not all."""
    if verb not in resource.verbs:
        return False
    scope = ctx.actor.scope(resource.permission(verb))
    if scope is None or scope == "all":
        return scope is not None
    t = table_of(resource)
    return (
        ctx.session.execute(select(t.c.id).where(t.c.id == record_id, row_scope(ctx, resource, verb))).first()
        is not None
    )


def show_history(ctx: Context, record_id: int, *, resource: Resource) -> Page:
    """Who changed what, when."""
    item = read_one(ctx, resource, record_id)
    entries = saying.changes(ctx, resource, history.of_record(ctx, resource.key, record_id))
    data = {
        **frame(ctx, resource),
        "item": item,
        "title": item.get(resource.title) or record_id,
        "entries": entries,
    }
    return Page("resources/history.html", data, partial="resources/history_part.html")


# Forms


def show_new(ctx: Context, *, resource: Resource) -> Page:
    """An empty form, with values from the address filled in (``?customer=12``)."""
    rules = rules_of(resource)
    values = {item.name: item.default for item in forms.fields_of(resource) if item.default is not None}
    values |= dict(rules.defaults(ctx))
    values |= {name: ctx.web.param(name) for name in ctx.web.query if name in resource.form}
    return _form(ctx, resource, values, None)


def create_record(ctx: Context, *, resource: Resource) -> Redirect | Page:
    """Make the record, or show the form again with every error at its field."""
    values = forms.values_of(ctx.web, resource)
    try:
        record = editing.create(ctx, resource, values)
    except Invalid as error:
        ctx.session.rollback()
        return _form(ctx, resource, values, None, error.errors or (FieldError("", error.detail),))
    return Redirect(_back(ctx) or f"{resource.path}/{record.key}", Flash(f"{resource.label} created."))


def show_edit(ctx: Context, record_id: int, *, resource: Resource) -> Page:
    """The form of a record."""
    item = read_one(ctx, resource, record_id, verb="edit")
    return _form(ctx, resource, item, record_id)


def change_record(ctx: Context, record_id: int, *, resource: Resource) -> Redirect | Page:
    """Change the record; a clash shows three values per field to choose from, errors stand at their fields."""
    values = _resolved(ctx, resource, record_id, forms.values_of(ctx.web, resource))
    version = ctx.web.value("version")
    try:
        editing.change(ctx, resource, record_id, values, version=int(version) if version.isdigit() else None)
    except Invalid as error:
        ctx.session.rollback()
        return _form(ctx, resource, values, record_id, error.errors or (FieldError("", error.detail),))
    except Conflict as clash:
        ctx.session.rollback()
        return _conflict(ctx, resource, record_id, values, clash)
    return Redirect(_back(ctx) or f"{resource.path}/{record_id}", Flash("Saved."))


def trash_records(ctx: Context, *, resource: Resource) -> Redirect:
    """To the trash, with an undo."""
    from patron.resources.bulk import selected_ids

    ids = editing.trash(ctx, resource, selected_ids(ctx, resource, "delete"))
    undo = f"{resource.path}/restore?" + urlencode([("ids", str(record_id)) for record_id in ids])
    word = resource.label if len(ids) == 1 else resource.label_plural
    return Redirect(resource.path, Flash(f"{len(ids)} {word.lower()} moved to the trash.", undo_url=undo))


def restore_records(ctx: Context, *, resource: Resource) -> Redirect:
    """Back from the trash."""
    texts = [*ctx.web.query.get("ids", ()), *ctx.web.values("ids")]
    ids = [int(text) for text in texts if text.isascii() and text.isdigit()]
    if not ids:
        raise Invalid("Tick at least one record.")
    editing.restore(ctx, resource, ids)
    return Redirect(
        f"{resource.path}/{ids[0]}" if len(ids) == 1 else resource.path, Flash(f"{len(ids)} restored.")
    )


def _form(
    ctx: Context,
    resource: Resource,
    values: Mapping[str, Any],
    record_id: int | None,
    errors: Sequence[FieldError] = (),
) -> Page:
    # What is computed from input is asked when a record is made; afterwards the rules keep it.
    fields = [item for item in forms.fields_of(resource) if record_id is None or item.kind != "computed"]
    shown = dict(values)
    _name_lookups(ctx, fields, shown)
    data = {
        **frame(ctx, resource),
        "fields": fields,
        "values": shown,
        "record_id": record_id,
        "version": values.get("version") or ctx.web.value("version"),
        "errors": errors,
        "by_field": {error.field: error.message for error in errors},
        "options": people_of(ctx, fields),
        "back": ctx.web.param("back") or ctx.web.value("back"),
        "currency": ctx.assembly.settings.currency,
        "sections": dict(resource.sections),
        "action": f"{resource.path}/new" if record_id is None else f"{resource.path}/{record_id}/edit",
        "cancel_url": resource.path if record_id is None else f"{resource.path}/{record_id}",
    }
    return Page(
        "resources/form.html", data, status=422 if errors else 200, partial="resources/form_part.html"
    )


def _name_lookups(ctx: Context, fields: Sequence[Field], values: dict[str, Any]) -> None:
    for item in fields:
        if item.kind in ("customer", "ref"):
            text = str(values.get(item.name) or "")
            names = saying.names_of(ctx, item, [int(text)]) if text.isdigit() else {}
            values[f"{item.name}_shown"] = next(iter(names.values()), "")


def _conflict(
    ctx: Context, resource: Resource, record_id: int, values: Mapping[str, Any], clash: Conflict
) -> Page:
    """The fields that clash, each with the stored, the typed and the earlier value; the rest goes along.

    What only the user changed is theirs; what only someone else changed is offered as it is now.
    """
    current = read_one(ctx, resource, record_id, verb="edit")
    fields = []
    for name in clash.current:
        item = resource.field(name)
        sides = (current.get(name), clash.yours.get(name), clash.original.get(name))
        say = saying.sayer(ctx, item, sides)
        now, yours, original = (say(side) for side in sides)
        if now == yours or (now == original and item.kind != "list"):
            continue
        keep = "current" if yours == original else "yours"
        fields.append(
            {
                "name": name,
                "label": item.label,
                "current": now,
                "yours": yours,
                "original": original,
                "keep": keep,
            }
        )
    data = {
        **frame(ctx, resource),
        "conflicts": fields,
        "values": values,
        "version": current["version"],
        "record_id": record_id,
        "sent": [(name, value) for name, value in forms.pairs(ctx.web, resource)],
        "title": current.get(resource.title),
        "action": f"{resource.path}/{record_id}/edit",
    }
    return Page("resources/conflict.html", data, status=409)


def _resolved(ctx: Context, resource: Resource, record_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """After a clash: fields for which the stored value was chosen are left out."""
    return {name: value for name, value in values.items() if ctx.web.value(f"resolve-{name}") != "current"}


def _back(ctx: Context) -> str:
    """Where the user came from, if it is a path of ours."""
    back = ctx.web.value("back")
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else ""


# Look-ups of forms


def lookup(ctx: Context, *, resource: Resource) -> Json | Page:
    """Records that match ``q``, for fields that refer to this resource: items of value, label and hint."""
    text = ctx.web.param("q").strip()
    t, titled = table_of(resource), resource.field(resource.title)
    if titled.kind == "computed":
        return Json({"items": []})  # nothing is stored to choose by
    title = t.c[titled.attribute]
    statement = select(t.c.id, title).where(t.c.trashed_at.is_(None), row_scope(ctx, resource)).limit(10)
    matching = search_clause(ctx, resource, text) if text else None
    statement = statement.order_by(t.c.id.desc()) if matching is None else statement.where(matching)
    hint = t.c.primary_email if resource.model is Customer else None
    rows = ctx.session.execute(statement.add_columns(hint) if hint is not None else statement).all()
    items = [
        {"value": str(row[0]), "label": str(row[1]), "hint": (row[2] if hint is not None else "")}
        for row in rows
    ]
    return Json({"items": items})


def encoded(value: Any) -> str:
    """A filter as it stands in an address."""
    return msgspec.json.encode(value).decode()
