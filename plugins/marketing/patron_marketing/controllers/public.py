"""What anybody reaches: public forms, confirmation, unsubscription, preferences by the link in a mail, links."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from patron import (
    ANYONE,
    Context,
    Download,
    Face,
    FieldError,
    Invalid,
    Json,
    Page,
    Redirect,
    Route,
    get,
    post,
)

from patron_marketing.models import Form
from patron_marketing.services import clicks, forms, preferences, submissions

PUBLIC: dict[str, Any] = {"face": Face.PUBLIC, "permission": ANYONE}
UPLOAD = 60_000  # bytes of what anybody may send
_DOT = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_UNREAD = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


# Forms


def _form_page(ctx: Context, form: Form, values: dict[str, str], errors: Sequence[FieldError] = ()) -> Page:
    data = {
        "form": form, "asked": forms.asked(form), "values": values, "errors": list(errors),
        "by_field": {error.field: [error.message] for error in errors}, "shown": submissions.stamp(ctx, form),
        "trap": submissions.TRAP, "came": ctx.web.headers.get("referer", "")[:300],
    }  # fmt: skip
    return Page("marketing/public_form.html", data, status=422 if errors else 200)


@get("/f/{slug:str}", **PUBLIC)
def show_form(ctx: Context, slug: str) -> Page:
    """A public form."""
    return _form_page(ctx, forms.by_slug(ctx, slug), {})


@post("/f/{slug:str}", **PUBLIC, upload=UPLOAD)
def take_form(ctx: Context, slug: str) -> Page:
    """What was written into a form. What the form does not ask is left out."""
    form = forms.by_slug(ctx, slug)
    given = {name: values[0] for name, values in ctx.web.form.items() if values}
    try:
        taken = submissions.take(ctx, form, given)
    except Invalid as error:
        return _form_page(ctx, form, given, error.errors or (FieldError("", error.detail),))
    state = taken.state if taken is not None else ""
    return Page("marketing/public_done.html", {"form": form, "state": state})


@get("/f/confirm/{token:str}", **PUBLIC)
def show_confirm(ctx: Context, token: str) -> Page:
    """One button: a program that looks into mail confirms nothing."""
    submission, form = submissions.waiting(ctx, token)
    data = {"form": form, "submission": submission, "token": token}
    return Page("marketing/public_confirm.html", data, headers=_UNREAD)


@post("/f/confirm/{token:str}", **PUBLIC, upload=UPLOAD)
def confirm(ctx: Context, token: str) -> Page:
    """The address is theirs."""
    _, form = submissions.confirm(ctx, token)
    return Page("marketing/public_done.html", {"form": form, "state": "confirmed"}, headers=_UNREAD)


# Unsubscription and preferences


def _preference_page(
    ctx: Context, person: preferences.Person, token: str, *, errors: Sequence[FieldError] = (), said: str = ""
) -> Page:
    data = {
        **preferences.shown(ctx, person), "person": person, "token": token, "said": said, "errors": list(errors),
        "by_field": {error.field: [error.message] for error in errors},
    }  # fmt: skip
    return Page("marketing/public_preferences.html", data, status=422 if errors else 200, headers=_UNREAD)


@get("/u/{token:str}", **PUBLIC)
def show_preferences(ctx: Context, token: str) -> Page:
    """What the reader of a mail gets from us, and a button to leave. Looking changes nothing."""
    return _preference_page(ctx, preferences.by_token(ctx, token), token)


@post("/u/{token:str}", **PUBLIC, csrf=False, upload=UPLOAD)
def leave(ctx: Context, token: str) -> Page | Json:
    """Unsubscribe: by one click of a mail program (RFC 8058; form: List-Unsubscribe), or by the page's button."""
    person = preferences.by_token(ctx, token)
    by_program = ctx.web.value("List-Unsubscribe") == "One-Click"
    preferences.leave(ctx, person, "one-click unsubscription" if by_program else "unsubscribe link")
    if by_program:
        return Json({"unsubscribed": True})
    return _preference_page(
        ctx, preferences.by_token(ctx, token), token, said=f"You no longer get “{person.purpose}”."
    )


@post("/u/{token:str}/preferences", **PUBLIC, upload=UPLOAD)
def save_preferences(ctx: Context, token: str) -> Page:
    """Choose what to get (form: purposes, nothing, channel, hours, time_zone, salutation)."""
    person = preferences.by_token(ctx, token)
    try:
        _save(ctx, person)
    except Invalid as error:
        return _preference_page(ctx, person, token, errors=error.errors)
    return _preference_page(ctx, person, token, said="Saved.")


def _save(ctx: Context, person: preferences.Person) -> None:
    web = ctx.web
    values = {name: web.value(name) for name in ("channel", "hours", "time_zone", "salutation")}
    preferences.save(ctx, person, web.values("purposes"), values, nothing=web.value("nothing") == "true")


# Links and pictures in mails


@get("/r/{token:str}", **PUBLIC, transaction="write")
def follow(ctx: Context, token: str) -> Redirect:
    """To where the campaign's text leads. Nothing in the request can change where that is."""
    return Redirect(clicks.follow(ctx, token))


@get("/o/{token:str}", **PUBLIC, transaction="write")
def opened(ctx: Context, token: str) -> Download:
    """The picture of a mail, where the firm has chosen to learn of opens."""
    clicks.opened(ctx, token)
    return Download(_DOT, "dot.gif", "image/gif", inline=True)


# The portal

MINE: dict[str, Any] = {"face": Face.CUSTOMER, "permission": "preferences"}


def _my_page(ctx: Context, errors: Sequence[FieldError] = (), said: str = "") -> Page:
    data = {
        **preferences.shown(ctx, preferences.of_account(ctx)), "errors": list(errors), "said": said,
        "by_field": {error.field: [error.message] for error in errors},
    }  # fmt: skip
    return Page("marketing/my_preferences.html", data, status=422 if errors else 200)


@get("/my/preferences", **MINE)
def show_mine(ctx: Context) -> Page:
    """What the customer of the mandate gets from us."""
    return _my_page(ctx)


@post("/my/preferences", **MINE, upload=UPLOAD)
def save_mine(ctx: Context) -> Page:
    """Choose what to get."""
    try:
        _save(ctx, preferences.of_account(ctx))
    except Invalid as error:
        return _my_page(ctx, error.errors)
    return _my_page(ctx, said="Saved.")


ROUTES: tuple[Route, ...] = (
    show_form, take_form, show_confirm, confirm, show_preferences, leave, save_preferences, follow, opened, show_mine,
    save_mine,
)  # fmt: skip
