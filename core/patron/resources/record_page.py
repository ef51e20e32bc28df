"""The page of a record: its fields, panels and history, the trash, and the look-up of forms that refer to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from patron.accounts import history
from patron.context import Context
from patron.contributions import Action, Resource
from patron.errors import Invalid
from patron.resources import editing, lookups, saying
from patron.resources.bulk import selected_ids
from patron.resources.declaration import table_of
from patron.resources.page_frame import frame, item_of, name_references
from patron.resources.purging import kept_days
from patron.resources.query import read_one
from patron.resources.rules import rules_of
from patron.resources.scope import row_scope
from patron.responses import Flash, Json, Page, Redirect
from patron.web import whole_number


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
        "actions": _actions(ctx, resource, record),
        "panels": [
            *rules.panels(ctx, record),
            *ctx.assembly.hooks.display(ctx, "record_panels", resource=resource, record=record),
        ],
        "history_url": f"{resource.path}/{record_id}/history",
        "may_edit": _holds(ctx, resource, record_id, "edit"),
        "may_delete": _holds(ctx, resource, record_id, "delete"),
    }
    return Page(resource.template or "resources/record.html", data)


def _actions(ctx: Context, resource: Resource, record: Any) -> list[Action]:
    """What the actor may do from here: first what any module offers for any record, then what is the record's own."""
    shared = [
        action
        for _, action in ctx.assembly.hooks.display(ctx, "record_actions", resource=resource, record=record)
        if isinstance(action, Action)
    ]
    return [
        action
        for action in (*shared, *rules_of(resource).actions(ctx, record))
        if ctx.actor.may(action.permission)
    ]


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
    entries = saying.changes(ctx, resource, item, history.of_record(ctx, resource.key, record_id))
    data = {
        **frame(ctx, resource),
        "item": item,
        "title": item.get(resource.title) or record_id,
        "entries": entries,
    }
    return Page("resources/history.html", data, partial="resources/history_part.html")


def trash_records(ctx: Context, *, resource: Resource) -> Redirect:
    """To the trash, with an undo."""
    ids = editing.trash(ctx, resource, selected_ids(ctx, resource, "delete"))
    undo = f"{resource.path}/restore?" + urlencode([("ids", str(record_id)) for record_id in ids])
    word = resource.label if len(ids) == 1 else resource.label_plural
    days = kept_days(ctx.assembly)
    said = f"{len(ids)} {word.lower()} moved to the trash, which keeps {'it' if len(ids) == 1 else 'them'} {days} days."
    return Redirect(resource.path, Flash(said, undo_url=undo))


def restore_records(ctx: Context, *, resource: Resource) -> Redirect:
    """Back from the trash."""
    texts = [*ctx.web.query.get("ids", ()), *ctx.web.values("ids")]
    ids = [number for text in texts if (number := whole_number(text)) is not None]
    if not ids:
        raise Invalid("Tick at least one record.")
    editing.restore(ctx, resource, ids)
    return Redirect(
        f"{resource.path}/{ids[0]}" if len(ids) == 1 else resource.path, Flash(f"{len(ids)} restored.")
    )


def lookup(ctx: Context, *, resource: Resource) -> Json:
    """Records that match ``q``, for fields that refer to this resource: items of value, label and hint."""
    return Json({"items": lookups.offered(ctx, resource, ctx.web.param("q").strip())})
