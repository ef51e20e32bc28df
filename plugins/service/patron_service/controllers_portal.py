"""The customer's tickets at ``/my/tickets``: list, open, read, answer. Only their own; any other is not there."""

from __future__ import annotations

from patron import Context, Download, Face, FieldError, Flash, Invalid, Page, Redirect, Route, get, post

from patron_service.resource import STATUSES
from patron_service.services import articles, portal, surveys

RIGHT = "tickets"
MINE = {"face": Face.CUSTOMER, "permission": RIGHT}
UPLOAD = 15_000_000
_STATUS = {choice.value: choice for choice in STATUSES}
_SAID = {"pending": "Waiting for you"}  # what is the customer to us is you to them


def _status(value: str) -> tuple[str, str]:
    choice = _STATUS[value]
    return _SAID.get(value, choice.label), choice.tone


@get("/my/tickets", **MINE)
def show_list(ctx: Context) -> Page:
    """The customer's tickets, newest first."""
    rows = [{**row, "shown": _status(row["status"])} for row in portal.list_mine(ctx)]
    return Page("service/my_tickets.html", {"tickets": rows})


def _form(ctx: Context, values: dict[str, str], errors: tuple[FieldError, ...] = ()) -> Page:
    by_field = {error.field: [error.message] for error in errors}
    typed = f"{values.get('subject', '')} {values.get('text', '')}"
    data = {
        "values": values, "errors": list(errors), "by_field": by_field, "search_url": articles.search_url(ctx),
        "articles": articles.suggest(ctx, typed),
    }  # fmt: skip
    return Page("service/my_new.html", data, status=422 if errors else 200)


@get("/my/tickets/new", **MINE)
def show_new(ctx: Context) -> Page:
    """An empty form."""
    return _form(ctx, {})


@post("/my/tickets/articles", **MINE, transaction="read")
def suggest(ctx: Context) -> Page:
    """Articles that may answer what is being typed (form: subject, text)."""
    typed = f"{ctx.web.value('subject')} {ctx.web.value('text')}"
    return Page("service/_articles.html", {"articles": articles.suggest(ctx, typed)})


@post("/my/tickets/new", **MINE, upload=UPLOAD)
def create(ctx: Context) -> Page | Redirect:
    """Open a ticket (form: subject, text, files)."""
    text = (ctx.web.values("text") or [""])[0]
    uploads = [upload for upload in ctx.web.files if upload.field == "files" and upload.data]
    try:
        ticket = portal.open_mine(ctx, ctx.web.value("subject"), text, uploads)
    except Invalid as error:
        ctx.session.rollback()
        typed = {"subject": ctx.web.value("subject"), "text": text}
        return _form(ctx, typed, error.errors or (FieldError("", error.detail),))
    return Redirect(
        f"/my/tickets/{ticket.key}", Flash(f"We have it as {ticket.number}, and will answer here.")
    )


def _page(ctx: Context, ticket_id: int, text: str = "", errors: tuple[FieldError, ...] = ()) -> Page:
    ticket = portal.load_mine(ctx, ticket_id)
    survey = surveys.survey_of(ctx, ticket.key)
    data = {
        "may_rate": ticket.status in ("solved", "closed"),
        "scores": [(str(value), label) for value, label in surveys.SCORES],
        "score": str(survey.score or "") if survey else "",
        "comment": survey.comment if survey else "",
        "ticket": ticket, "shown": _status(ticket.status), "text": text, "errors": list(errors),
        "touches": portal.conversation_for_customer(ctx, ticket), "by_field": {e.field: [e.message] for e in errors},
    }  # fmt: skip
    return Page("service/my_ticket.html", data, status=422 if errors else 200)


@get("/my/tickets/{ticket_id:int}", **MINE)
def show(ctx: Context, ticket_id: int) -> Page:
    """One of the customer's tickets with what was said."""
    return _page(ctx, ticket_id)


@post("/my/tickets/{ticket_id:int}/answer", **MINE, upload=UPLOAD)
def answer(ctx: Context, ticket_id: int) -> Page | Redirect:
    """Say more (form: text, files)."""
    text = (ctx.web.values("text") or [""])[0]
    uploads = [upload for upload in ctx.web.files if upload.field == "files" and upload.data]
    try:
        portal.answer_mine(ctx, ticket_id, text, uploads)
    except Invalid as error:
        ctx.session.rollback()
        return _page(ctx, ticket_id, text, error.errors or (FieldError("", error.detail),))
    return Redirect(f"/my/tickets/{ticket_id}", Flash("Sent."))


@post("/my/tickets/{ticket_id:int}/satisfaction", **MINE)
def rate(ctx: Context, ticket_id: int) -> Page | Redirect:
    """How satisfied the customer is with a solved ticket (form: score, comment)."""
    try:
        surveys.answer_ticket(
            ctx, portal.load_mine(ctx, ticket_id), ctx.web.value("score"), ctx.web.value("comment")
        )
    except Invalid as error:
        ctx.session.rollback()
        return _page(ctx, ticket_id, "", error.errors)
    return Redirect(f"/my/tickets/{ticket_id}", Flash("Thank you."))


@get("/my/tickets/{ticket_id:int}/files/{file_id:int}", **MINE)
def download(ctx: Context, ticket_id: int, file_id: int) -> Download:
    """A file of what the customer may see of the ticket."""
    name, content_type, content = portal.file_of_mine(ctx, ticket_id, file_id)
    return Download(content, name, content_type)


ROUTES: tuple[Route, ...] = (show_list, show_new, suggest, create, show, answer, rate, download)
