"""Bulk edit: a preview of what would change, then the change, with an undo that restores what was."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.contributions import Field, Resource
from patron.errors import Conflict, Invalid, NotFound
from patron.records import table
from patron.resources import editing, forms, list_page, page_frame, saying
from patron.resources.declaration import table_of
from patron.resources.people import people_of
from patron.resources.query import matching_ids
from patron.resources.scope import row_scope
from patron.resources.values import take
from patron.responses import Flash, Page, Redirect
from patron.system.models import BulkJob
from patron.web import whole_number

LIMIT = 500
_OF_A_LIST = (
    "q",
    "sort",
    "cursor",
    "trashed",
    "filter",
    "columns",
    "view",
)  # a filter unknown would mean them all


def selected_ids(ctx: Context, resource: Resource, verb: str) -> list[int]:
    """The records that a list's form means: those that are ticked, or all that match its filter."""
    if ctx.web.value("all") == "true":
        if unknown := set(ctx.web.query) - {*_OF_A_LIST, *resource.filters}:
            raise Invalid(f"The list has no filter “{min(unknown)}”: nothing was changed.")
        found = ctx.session.execute(
            matching_ids(ctx, resource, list_page.listing_of(ctx, resource), verb, LIMIT + 1)
        )
        ids = [int(row[0]) for row in found]
    else:
        ids = [key for text in ctx.web.values("ids") if (key := whole_number(text)) is not None]
    if not ids:
        raise Invalid("Tick at least one record.")
    if len(ids) > LIMIT:
        raise Invalid(f"At most {LIMIT} records can be changed at once. Narrow the filter.")
    return ids


def _wanted(ctx: Context, resource: Resource) -> tuple[str, Any]:
    name = ctx.web.value("field")
    if (
        name not in resource.form
        or resource.field(name).kind in ("list", "computed")
        or resource.field(name).read_only
    ):
        raise Invalid.field("field", "Choose a field to change.")
    return name, forms.value_of(ctx.web, resource.field(name))


def preview(ctx: Context, *, resource: Resource) -> Page:
    """What would become what: nothing is written."""
    ids = selected_ids(ctx, resource, "edit")
    fields = forms.bulk_fields(resource)
    data: dict[str, Any] = {
        **page_frame.frame(ctx, resource),
        "ids": ids,
        "fields": fields,
        "changes": None,
        "field": None,
        "bulk_options": people_of(ctx, fields),
        "currency": ctx.assembly.settings.currency,
    }
    if ctx.web.value("field"):
        name, value = _wanted(ctx, resource)
        item = resource.field(name)
        data |= {
            "field": item,
            "changes": _effects(ctx, resource, ids, item, value),
            "sent": [pair for pair in forms.pairs(ctx.web, resource) if _belongs(pair[0], name)],
        }
    return Page("resources/bulk.html", data)


def _belongs(sent: str, name: str) -> bool:
    return sent in (name, f"{name}_currency", f"{name}-sent")


def _effects(
    ctx: Context, resource: Resource, ids: list[int], item: Field, value: Any
) -> list[dict[str, str]]:
    """The records that would change: title, what is, and what it becomes, as people read them."""
    settings = ctx.assembly.settings
    taken = take(
        resource, {item.name: value}, partial=True, currency=settings.currency, country=settings.country
    )
    becomes = taken[item.name]
    records = editing.load_many(ctx, resource, ids, "edit", lock=False)
    before = [editing.value_of(resource, record, item.name) for record in records]
    said = saying.sayer(ctx, item, [*before, becomes])
    title = resource.field(resource.title).attribute
    return [
        {"title": getattr(record, title), "was": said(was), "becomes": said(becomes)}
        for record, was in zip(records, before, strict=True)
        if was != becomes
    ]


def apply(ctx: Context, *, resource: Resource) -> Redirect:
    """Change the field on every record, all or none, and remember what was."""
    ids = selected_ids(ctx, resource, "edit")
    name, value = _wanted(ctx, resource)
    saved = editing.change_many(ctx, resource, {key: {name: value} for key in ids})
    changed = {
        str(record.key): [_stored(resource.field(name), fields[name][0]), record.version]
        for record, fields in saved
        if editing.value_of(resource, record, name) != fields[name][0]
    }
    if not changed:
        return Redirect(resource.path, Flash("0 changed.", "info"))
    bulk_id = _remember(ctx, resource, name, changed)
    undo_url = f"{resource.path}/bulk/{bulk_id}/undo"
    return Redirect(resource.path, Flash(f"{len(changed)} changed.", undo_url=undo_url))


def _remember(ctx: Context, resource: Resource, name: str, changed: dict[str, Any]) -> int:
    """What was before, by record: the undo."""
    values = {
        "resource": resource.key, "user_id": ctx.actor.user_id, "at": ctx.now, "changes": {"field": name},
        "before": changed, "changed": len(changed), "undone_at": None,
    }  # fmt: skip
    t = table(BulkJob)
    return int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())


def undo(ctx: Context, bulk_id: int, *, resource: Resource) -> Redirect:
    """Restore what a bulk edit changed. What somebody has edited since, or put out of reach, is left, and said so."""
    t = table(BulkJob)
    job = (
        ctx.session.execute(
            select(t).where(t.c.id == bulk_id, t.c.resource == resource.key, t.c.user_id == ctx.actor.user_id)
        )
        .mappings()
        .first()
    )
    if job is None:
        raise NotFound()
    if job["undone_at"] is not None:
        raise Conflict("This was undone already.")
    name, before = job["changes"]["field"], job["before"]
    rows = table_of(resource)
    wanted = select(rows.c.id).where(
        among(rows.c.id, [int(key) for key in before]), row_scope(ctx, resource, "edit")
    )
    there = sorted(ctx.session.execute(wanted).scalars())
    records = editing.load_many(ctx, resource, there, "edit")
    unedited = [record.key for record in records if record.version == before[str(record.key)][1]]
    editing.change_many(ctx, resource, {key: {name: before[str(key)][0]} for key in unedited})
    kept = len(before) - len(unedited)
    ctx.session.execute(update(t).where(t.c.id == bulk_id).values(undone_at=ctx.now))
    note = (
        f"{kept} {'was' if kept == 1 else 'were'} changed since and stay{'s' * (kept == 1)}: " if kept else ""
    )
    said = note + _named(ctx, resource, set(before) - {str(key) for key in unedited}) if kept else ""
    return Redirect(resource.path, Flash(f"Undone. {said}".strip(), kind="warning" if kept else "success"))


def _named(ctx: Context, resource: Resource, keys: set[str]) -> str:
    """What records are called, as far as the actor may read them; ten at most."""
    t, title = table_of(resource), resource.field(resource.title)
    first = sorted(map(int, keys))[:10]
    names: dict[int, str] = {}
    if title.kind not in ("list", "computed"):
        readable = select(t.c.id, t.c[title.attribute]).where(t.c.id.in_(first), row_scope(ctx, resource))
        names = {row[0]: str(row[1]) for row in ctx.session.execute(readable)}
    said = ", ".join(names.get(key) or f"{resource.label.lower()} {key}" for key in first)
    return f"{said} and {len(keys) - 10} more." if len(keys) > 10 else f"{said}."


def _stored(item: Field, value: Any) -> Any:
    """A value as JSON keeps it and ``take`` reads it again."""
    if item.kind == "money" and value is not None:
        return {"minor": value[0], "currency": value[1]}
    return audit.plain(value)
