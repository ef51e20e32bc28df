"""The builder of segments: it works by plain posts, and follows along where scripts run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Context,
    FieldError,
    Flash,
    Invalid,
    Page,
    Redirect,
    Route,
    editing,
    frame,
    get,
    post,
    whole_number,
)

from patron_marketing.services import builder, segments, sentences

READ, CREATE, EDIT = (f"{segments.KEY}.{verb}" for verb in ("read", "create", "edit"))


def _sent(ctx: Context) -> builder.Built:
    """The rows of the form, from the query or the body."""
    web = ctx.web
    get_one = web.value if web.method == "POST" else web.param
    numbers = range(builder.ROWS)
    rows = [
        builder.RowOf(*(get_one(f"{part}-{n}").strip() for part in ("whose", "field", "op", "value")))
        for n in numbers
    ]
    kept = [row for row in rows if row.field]
    return builder.Built("any" if get_one("join") == "any" else "all", kept)


def _condition(ctx: Context, built: builder.Built) -> Mapping[str, Any]:
    """What is to be saved: the text of the condition where one was written, else what the rows say."""
    text = ctx.web.value("text")
    if not text:
        return builder.condition_of(ctx, built)
    try:
        condition = json.loads(text)
    except ValueError:
        raise Invalid.field("text", "This is not JSON.") from None
    if not isinstance(condition, dict):
        raise Invalid.field("text", 'A condition is an object such as {"city": "Berlin"}.')
    return condition


def _parts(ctx: Context, built: builder.Built) -> dict[str, Any]:
    """What the builder shows: rows with room for one more, the sentence and the count, or what is wrong."""
    fields = builder.offered(ctx)
    data: dict[str, Any] = {
        "built": built, "rows": [*built.rows, builder.RowOf()][: builder.ROWS], "fields": fields,
        "groups": builder.grouped(fields), "whose": builder.WHOSE, "users": builder.users(ctx),
        "sentence": "", "count": "", "wrong": "",
    }  # fmt: skip
    if built.rows:
        try:
            condition = builder.condition_of(ctx, built)
            data["sentence"] = sentences.sentence(ctx, condition)
            data["count"] = segments.said(segments.count(ctx, condition))
        except Invalid as error:
            data["wrong"] = error.detail
    return data


def _page(
    ctx: Context, values: Mapping[str, Any], built: builder.Built | None, record_id: int | None = None,
    errors: Sequence[FieldError] = (),
) -> Page:  # fmt: skip
    resource = ctx.assembly.resource(segments.KEY)
    data = {
        **frame(ctx, resource), **_parts(ctx, built or builder.Built("all", [])), "values": values, "errors": errors,
        "by_field": {error.field: [error.message] for error in errors}, "record_id": record_id,
        "action": f"{resource.path}/{record_id}/edit" if record_id else f"{resource.path}/new",
        "cancel_url": f"{resource.path}/{record_id}" if record_id else resource.path,
    }  # fmt: skip
    return Page("marketing/segment_edit.html", data, status=422 if errors else 200)


@get("/marketing/segments/new", permission=CREATE)
def show_new(ctx: Context) -> Page:
    """An empty builder."""
    return _page(ctx, {"name": "", "description": "", "text": ""}, None)


@post("/marketing/segments/new", permission=CREATE)
def create(ctx: Context) -> Page | Redirect:
    """Save a new segment (form: name, description, join, whose-N, field-N, op-N, value-N; or text: the condition)."""
    return _save(ctx, None)


@get("/marketing/segments/{record_id:int}/edit", permission=EDIT)
def show_edit(ctx: Context, record_id: int) -> Page:
    """The builder with a segment in it; a condition that says more than rows can is shown as text."""
    record = editing.load(ctx, ctx.assembly.resource(segments.KEY), record_id, "edit")
    built = builder.rows_of(ctx, record.condition)
    text = "" if built else json.dumps(record.condition, indent=2, ensure_ascii=False)
    values = {"name": record.name, "description": record.description, "version": record.version, "text": text}
    return _page(ctx, values, built, record_id)


@post("/marketing/segments/{record_id:int}/edit", permission=EDIT)
def change(ctx: Context, record_id: int) -> Page | Redirect:
    """Save a changed segment."""
    return _save(ctx, record_id)


def _save(ctx: Context, record_id: int | None) -> Page | Redirect:
    web, resource, built = ctx.web, ctx.assembly.resource(segments.KEY), _sent(ctx)
    if record_id is not None:
        editing.load(ctx, resource, record_id, "edit")
    typed = {name: web.value(name) for name in ("name", "description", "text", "version")}
    if web.value("show"):
        return _page(ctx, typed, built, record_id)
    try:
        values = {
            "name": typed["name"],
            "description": typed["description"],
            "condition": _condition(ctx, built),
        }
        if record_id is None:
            record = editing.create(ctx, resource, values)
        else:
            version = whole_number(typed["version"])
            record = editing.change(ctx, resource, record_id, values, version=version)
    except Invalid as error:
        ctx.session.rollback()
        return _page(ctx, typed, built, record_id, error.errors or (FieldError("", error.detail),))
    return Redirect(f"{resource.path}/{record.key}", Flash("Segment saved."))


@get("/marketing/segments/builder", permission=READ)
def show_builder(ctx: Context) -> Page:
    """The rows as they are chosen so far, with the sentence and the count (query: as the form sends it)."""
    return Page("marketing/builder_part.html", _parts(ctx, _sent(ctx)))


ROUTES: tuple[Route, ...] = (show_new, create, show_edit, change, show_builder)
