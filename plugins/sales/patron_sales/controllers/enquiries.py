"""A new enquiry with its customer in one form, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import (
    Context,
    FieldError,
    Flash,
    Invalid,
    NotFound,
    Page,
    Redirect,
    Route,
    editing,
    get,
    post,
    whole_number,
)

from patron_sales.controllers import forms
from patron_sales.services import enquiries

CREATE, EDIT = "sales.enquiries.create", "sales.enquiries.edit"
FIELDS = ("subject", "text", "source", "customer", "name", "kind", "email", "phone", "use", "mine")


def _at(enquiry_id: int) -> str:
    return f"/sales/enquiries/{enquiry_id}"


@get("/sales/enquiries/new", permission=CREATE)
def show_new(ctx: Context) -> Page:
    """The form: who asks, and what."""
    values = {name: ctx.web.param(name) for name in FIELDS}
    return _form(ctx, values)


@post("/sales/enquiries/new", permission=CREATE)
def create(ctx: Context) -> Redirect | Page:
    """Write down an enquiry. Whoever is known by the address is offered first, instead of made twice."""
    typed = {name: ctx.web.value(name) for name in FIELDS}
    typed["text"] = (ctx.web.values("text") or [""])[0]
    if not typed["customer"] and not typed["use"]:
        alike = enquiries.look_alikes(ctx, typed["email"], typed["phone"])
        if alike:
            return _form(ctx, typed, alike=alike, status=422)
    try:
        record = editing.create(ctx, ctx.assembly.resource(enquiries.KEY), _values(ctx, typed))
    except Invalid as error:
        ctx.session.rollback()
        return _form(ctx, typed, error=error, status=422)
    flash = Flash(f"Enquiry taken. {record.assigned_because}.")
    try:
        editing.load(ctx, ctx.assembly.resource(enquiries.KEY), record.key)
    except NotFound:  # it was given to another team
        return Redirect("/sales/enquiries", flash)
    return Redirect(_at(record.key), flash)


def _values(ctx: Context, typed: dict[str, str]) -> dict[str, Any]:
    """The resource's fields of what was typed."""
    values: dict[str, Any] = {name: typed[name] for name in ("subject", "text", "source")}
    chosen = typed["customer"] or (typed["use"] if typed["use"] != "new" else "")
    if chosen:
        values["customer"] = chosen
    else:
        person = {name: typed[name] for name in ("name", "kind", "email", "phone") if typed[name]}
        values |= {**person, "match": "new"}
    if typed["mine"]:
        values["owner"] = ctx.actor.user_id
    return values


@get("/sales/enquiries/matches", permission=CREATE)
def matches(ctx: Context) -> Page:
    """Who is known by the address or number that was just typed."""
    alike = enquiries.look_alikes(ctx, ctx.web.param("email").strip(), ctx.web.param("phone").strip())
    return Page("sales/enquiry_matches.html", {"alike": alike, "use": ""})


def _form(
    ctx: Context,
    values: dict[str, str],
    *,
    alike: Sequence[enquiries.Found] = (),
    error: Invalid | None = None,
    status: int = 200,
) -> Page:
    customer = whole_number(values["customer"])
    data = {
        "values": values,
        "customer_shown": _customer_name(ctx, customer) if customer is not None else "",
        "alike": alike,
        "use": values["use"],
        "errors": error.errors if error else (),
        "by_field": {item.field: item.message for item in error.errors} if error else {},
    }
    return Page("sales/enquiry_new.html", data, status=status)


def _customer_name(ctx: Context, customer_id: int) -> str:
    try:
        return str(editing.load(ctx, ctx.assembly.resource("customers"), customer_id).name)
    except NotFound:
        return ""


@post("/sales/enquiries/{enquiry_id:int}/start", permission=EDIT)
def start(ctx: Context, enquiry_id: int) -> Redirect:
    """Somebody works on it now."""
    editing.change(ctx, ctx.assembly.resource(enquiries.KEY), enquiry_id, {"status": "working"})
    return Redirect(_at(enquiry_id), Flash("In work."))


@get("/sales/enquiries/{enquiry_id:int}/qualify", permission=EDIT)
def show_qualify(ctx: Context, enquiry_id: int) -> Page:
    """Qualify, with an opportunity or without."""
    return _qualify_form(ctx, enquiry_id, None)


@post("/sales/enquiries/{enquiry_id:int}/qualify", permission=EDIT)
def qualify(ctx: Context, enquiry_id: int) -> Redirect | Page:
    """Qualify (form: open, name, value, close_date)."""
    wanted = bool(ctx.web.value("open"))
    try:
        if wanted and not ctx.web.value("name"):
            raise Invalid.field("name", "Give the opportunity a name.")
        record = enquiries.qualify(
            ctx,
            enquiry_id,
            opportunity=ctx.web.value("name") if wanted else "",
            value=forms.amount(ctx, "value"),
            close_date=forms.day(ctx, "close_date"),
        )
    except Invalid as error:
        ctx.session.rollback()
        return _qualify_form(ctx, enquiry_id, error)
    if wanted and record.opportunity_id is not None:
        return Redirect(
            f"/sales/opportunities/{record.opportunity_id}", Flash("Qualified: here is its opportunity.")
        )
    return Redirect(_at(enquiry_id), Flash("Qualified."))


def _qualify_form(ctx: Context, enquiry_id: int, error: Invalid | None) -> Page:
    record = editing.load(ctx, ctx.assembly.resource(enquiries.KEY), enquiry_id)
    sent = ctx.web.method == "POST"
    data = {
        "enquiry": record,
        "may_open": ctx.actor.may("sales.opportunities.create"),
        "open": bool(ctx.web.value("open")) if sent else True,
        "name": ctx.web.value("name") if sent else record.subject,
        "value": ctx.web.value("value"),
        "currency": ctx.assembly.settings.currency,
        "close_date": ctx.web.value("close_date"),
        "errors": (error.errors or (FieldError("", error.detail),)) if error else (),
        "by_field": {item.field: item.message for item in error.errors} if error else {},
    }
    return Page("sales/qualify.html", data, status=422 if error else 200)


@get("/sales/enquiries/{enquiry_id:int}/disqualify", permission=EDIT)
def ask_disqualify(ctx: Context, enquiry_id: int) -> Page:
    """Why does it lead nowhere?"""
    return _ask_disqualify(ctx, enquiry_id, None)


@post("/sales/enquiries/{enquiry_id:int}/disqualify", permission=EDIT)
def disqualify(ctx: Context, enquiry_id: int) -> Redirect | Page:
    """Close an enquiry that leads nowhere (form: reason)."""
    try:
        if not ctx.web.value("reason"):
            raise Invalid.field("reason", "Say why it leads nowhere.")
        enquiries.disqualify(ctx, enquiry_id, ctx.web.value("reason"))
    except Invalid as error:
        ctx.session.rollback()
        return _ask_disqualify(ctx, enquiry_id, error)
    return Redirect(_at(enquiry_id), Flash("Disqualified."))


def _ask_disqualify(ctx: Context, enquiry_id: int, error: Invalid | None) -> Page:
    record = editing.load(ctx, ctx.assembly.resource(enquiries.KEY), enquiry_id)
    return forms.ask_reason(
        ctx,
        error,
        heading=f"Disqualify: {record.subject}",
        question="Why does it lead nowhere?",
        action=f"{_at(enquiry_id)}/disqualify",
        submit="Disqualify",
        back=_at(enquiry_id),
        trail=("Enquiries", "/sales/enquiries", record.subject),
        suggestions=("Spam", "No need", "No budget", "Wrong region", "Student or job seeker", "Not reached"),
    )


ROUTES: tuple[Route, ...] = (
    show_new,
    create,
    matches,
    start,
    show_qualify,
    qualify,
    ask_disqualify,
    disqualify,
)
