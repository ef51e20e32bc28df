"""The marketer's page on which a public form is put together."""

from __future__ import annotations

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

from patron_marketing.services import campaigns, forms

CREATE, EDIT = f"{forms.KEY}.create", f"{forms.KEY}.edit"
_TEXTS = ("name", "slug", "title", "intro", "purpose", "wording", "thanks", "source", "campaign")
_SWITCHES = ("double_opt_in", "enquiry", "active")


def _page(
    ctx: Context, values: Mapping[str, Any], record_id: int | None, errors: Sequence[FieldError] = ()
) -> Page:
    resource = ctx.assembly.resource(forms.KEY)
    asks = list(values["asks"])
    data = {
        **frame(ctx, resource), "values": values, "errors": errors, "record_id": record_id,
        "asks": [*asks, *([{}] * max(3, 4 - len(asks)))][: forms.MOST_ASKED],
        "by_field": {error.field: [error.message] for error in errors}, "kinds": list(forms.KINDS.items()),
        "purposes": [(name, name) for name in campaigns.purposes(ctx)],
        "action": f"{resource.path}/{record_id}/edit" if record_id else f"{resource.path}/new",
        "cancel_url": f"{resource.path}/{record_id}" if record_id else resource.path,
    }  # fmt: skip
    return Page("marketing/form_edit.html", data, status=422 if errors else 200)


@get("/marketing/forms/new", permission=CREATE)
def show_new(ctx: Context) -> Page:
    """A form that asks for name and message, and for consent."""
    asks = [
        {"kind": "name", "label": "Your name", "required": True},
        {"kind": "message", "label": "How can we help?"},
    ]
    values = {**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(_SWITCHES, True), "asks": asks}
    return _page(ctx, values, None)


@post("/marketing/forms/new", permission=CREATE)
def create(ctx: Context) -> Page | Redirect:
    """Save a new form (form: name, slug, title, …; kind-N, label-N, required-N, choices-N)."""
    return _save(ctx, None)


@get("/marketing/forms/{record_id:int}/edit", permission=EDIT)
def show_edit(ctx: Context, record_id: int) -> Page:
    """A form, to be changed."""
    record = editing.load(ctx, ctx.assembly.resource(forms.KEY), record_id, "edit")
    values = {name: getattr(record, name) for name in (*_TEXTS, *_SWITCHES, "asks", "version")}
    return _page(ctx, values, record_id)


@post("/marketing/forms/{record_id:int}/edit", permission=EDIT)
def change(ctx: Context, record_id: int) -> Page | Redirect:
    """Save a changed form."""
    return _save(ctx, record_id)


def _asks(ctx: Context) -> list[dict[str, Any]]:
    web, found = ctx.web, []
    for number in range(forms.MOST_ASKED):
        if kind := web.value(f"kind-{number}"):
            choices = [part.strip() for part in web.value(f"choices-{number}").split(",") if part.strip()]
            required = web.value(f"required-{number}") == "true"
            found.append(
                {
                    "kind": kind,
                    "label": web.value(f"label-{number}"),
                    "required": required,
                    "choices": choices,
                }
            )
    return found


def _save(ctx: Context, record_id: int | None) -> Page | Redirect:
    web, resource = ctx.web, ctx.assembly.resource(forms.KEY)
    typed: dict[str, Any] = {name: web.value(name) for name in _TEXTS}
    typed |= {name: web.value(name) == "true" for name in _SWITCHES}
    typed["asks"] = _asks(ctx)
    version = web.value("version")
    try:
        if record_id is None:
            record = editing.create(ctx, resource, typed)
        else:
            known = whole_number(version)
            record = editing.change(ctx, resource, record_id, typed, version=known)
    except Invalid as error:
        ctx.session.rollback()
        return _page(
            ctx, {**typed, "version": version}, record_id, error.errors or (FieldError("", error.detail),)
        )
    return Redirect(f"{resource.path}/{record.key}", Flash("Form saved."))


ROUTES: tuple[Route, ...] = (show_new, create, show_edit, change)
