"""The partner's pages: registrations, leads, customers. Only their own; any other is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_urlsafe

from patron import (
    Context,
    Download,
    Face,
    FieldError,
    Flash,
    Invalid,
    Page,
    Redirect,
    Route,
    files,
    get,
    in_words,
    post,
)

from patron_prm.resource import OFFER_STATUSES, STATUSES
from patron_prm.services import leads, portal
from patron_prm.services.registrations import KEY

DEALS, LEADS = "deals", "leads"
MINE = {"face": Face.PARTNER, "permission": DEALS}
OFFERED = {"face": Face.PARTNER, "permission": LEADS}
UPLOAD = 15_000_000
DEAL = "/partner/registrations/{registration_id:int}"
_STATUS = {choice.value: (choice.label, choice.tone) for choice in STATUSES}
_ANSWER = {choice.value: (choice.label, choice.tone) for choice in OFFER_STATUSES}


@get("/partner/registrations", **MINE)
def show_list(ctx: Context) -> Page:
    """The partner's registrations (query: q, sort)."""
    words, sort = ctx.web.param("q")[:200], ctx.web.param("sort")
    rows = [{**row, "shown": _STATUS[row["status"]]} for row in portal.list_mine(ctx, words, sort)]
    agreed = portal.profile(ctx)
    data = {
        "deals": rows,
        "q": words,
        "sort": sort,
        "agreed": agreed is not None and agreed.status == "active",
    }
    return Page("prm/my_registrations.html", data)


@get("/partner/registrations/export", **MINE)
def export(ctx: Context) -> Download:
    """The same as CSV."""
    return Download(portal.export_mine(ctx), "registrations.csv", "text/csv; charset=utf-8")


def _form(ctx: Context, values: Mapping[str, str], errors: Sequence[FieldError] = ()) -> Page:
    by_field = {error.field.split(".")[0]: [error.message] for error in errors}
    data = {
        "values": values, "errors": list(errors), "by_field": by_field, "currency": ctx.assembly.settings.currency,
        "token": values.get("token") or token_urlsafe(16),
    }  # fmt: skip
    return Page("prm/my_registration_new.html", data, status=422 if errors else 200)


@get("/partner/registrations/new", **MINE)
def show_new(ctx: Context) -> Page:
    """An empty form."""
    return _form(ctx, {})


@post("/partner/registrations/new", **MINE, upload=UPLOAD)
def create(ctx: Context) -> Page | Redirect:
    """Register a deal (form: end_name, end_country, …, value, expected_close, note, files, token)."""
    uploads = [upload for upload in ctx.web.files if upload.field == "files" and upload.data]
    try:
        record = portal.submit(ctx, ctx.web.form, uploads)
    except Invalid as error:
        ctx.session.rollback()
        typed = {name: ctx.web.value(name) for name in (*portal.WRITTEN, "value", "token")}
        return _form(ctx, typed, error.errors or (FieldError("", error.detail),))
    text = f"Received as {record.number}: decision by {in_words.day(ctx, record.decide_by)}."
    return Redirect(f"/partner/registrations/{record.key}", Flash(text))


@get(DEAL, **MINE)
def show(ctx: Context, registration_id: int) -> Page:
    """One of the partner's registrations."""
    row = portal.show_mine(ctx, registration_id)
    data = {"deal": row, "shown": _STATUS[row["status"]], "files": files.attachments(ctx, KEY, row["id"])}
    return Page("prm/my_registration.html", data)


@post(f"{DEAL}/withdraw", **MINE)
def withdraw(ctx: Context, registration_id: int) -> Redirect:
    """Take it back."""
    portal.withdraw(ctx, registration_id)
    return Redirect(f"/partner/registrations/{registration_id}", Flash("Withdrawn."))


@get(DEAL + "/files/{file_id:int}", **MINE)
def download(ctx: Context, registration_id: int, file_id: int) -> Download:
    """A file of one of the partner's registrations."""
    name, content_type, content = portal.file_of_mine(ctx, registration_id, file_id)
    return Download(content, name, content_type)


def _leads(ctx: Context, wrong: int = 0, errors: Sequence[FieldError] = ()) -> Page:
    rows = [{**row, "shown": _ANSWER[row["status"]]} for row in portal.offers_of_mine(ctx)]
    data = {"offers": rows, "wrong": wrong, "errors": [error.message for error in errors]}
    return Page("prm/my_leads.html", data, status=422 if errors else 200)


@get("/partner/leads", **OFFERED)
def show_leads(ctx: Context) -> Page:
    """The leads offered to the partner."""
    return _leads(ctx)


@post("/partner/leads/{offer_id:int}/accept", **OFFERED)
def accept(ctx: Context, offer_id: int) -> Redirect:
    """Take a lead."""
    lead = leads.accept(ctx, offer_id, portal.me(ctx))
    return Redirect("/partner/leads", Flash(f"{lead.number} is yours."))


@post("/partner/leads/{offer_id:int}/decline", **OFFERED)
def decline(ctx: Context, offer_id: int) -> Page | Redirect:
    """Do not take a lead (form: reason)."""
    try:
        leads.decline(ctx, offer_id, portal.me(ctx), ctx.web.value("reason"))
    except Invalid as error:
        ctx.session.rollback()
        return _leads(ctx, offer_id, error.errors)
    return Redirect("/partner/leads", Flash("Declined. Thank you for saying why."))


@get("/partner/customers", **MINE)
def show_customers(ctx: Context) -> Page:
    """The end customers that the partner serves, and how their deals stand."""
    return Page("prm/my_customers.html", {"customers": portal.customers_of_mine(ctx)})


ROUTES: tuple[Route, ...] = (
    show_list, export, show_new, create, show, withdraw, download, show_leads, accept, decline, show_customers,
)  # fmt: skip
