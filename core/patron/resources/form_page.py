"""The form of a resource: to make a record and to change it, with what is wrong at its field, and with clashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron.context import Context
from patron.contributions import Field, Resource
from patron.errors import Conflict, FieldError, Invalid
from patron.resources import editing, forms, saying
from patron.resources.lookups import doubts_of
from patron.resources.page_frame import frame
from patron.resources.people import people_of
from patron.resources.query import read_one
from patron.resources.rules import rules_of
from patron.responses import Flash, Page, Redirect
from patron.web import whole_number


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
    if doubts_of(ctx):
        return _form(ctx, resource, values, None)
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
    if doubts_of(ctx):
        return _form(ctx, resource, values, record_id)
    try:
        editing.change(ctx, resource, record_id, values, version=whole_number(version))
    except Invalid as error:
        ctx.session.rollback()
        return _form(ctx, resource, values, record_id, error.errors or (FieldError("", error.detail),))
    except Conflict as clash:
        ctx.session.rollback()
        return _conflict(ctx, resource, record_id, values, clash)
    return Redirect(_back(ctx) or f"{resource.path}/{record_id}", Flash("Saved."))


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
    doubts = doubts_of(ctx)
    errors = [*(doubt.error for doubt in doubts.values()), *errors]
    _name_lookups(ctx, fields, shown)
    data = {
        **frame(ctx, resource),
        "fields": fields,
        "values": shown,
        "record_id": record_id,
        "version": values.get("version") or ctx.web.value("version"),
        "errors": errors,
        "doubts": doubts,
        "by_field": {error.field: error.message for error in errors},
        "options": people_of(ctx, fields),
        "back": ctx.web.param("back") or ctx.web.value("back"),
        "currency": ctx.assembly.settings.currency,
        "sections": dict(resource.sections),
        "typed_url": resource.typed_url if record_id is None else "",
        "action": f"{resource.path}/new" if record_id is None else f"{resource.path}/{record_id}/edit",
        "cancel_url": resource.path if record_id is None else f"{resource.path}/{record_id}",
    }
    return Page(
        "resources/form.html", data, status=422 if errors else 200, partial="resources/form_part.html"
    )


def _name_lookups(ctx: Context, fields: Sequence[Field], values: dict[str, Any]) -> None:
    for item in fields:
        if item.kind in ("customer", "ref"):
            chosen = whole_number(str(values.get(item.name) or ""))
            names = saying.names_of(ctx, item, [chosen]) if chosen is not None else {}
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
