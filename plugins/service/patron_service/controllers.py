"""What is done on a ticket's page beyond editing its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from patron import (
    Context,
    Document,
    Download,
    FieldError,
    Flash,
    Invalid,
    NotFound,
    Page,
    Redirect,
    Route,
    editing,
    files,
    get,
    mailflow,
    post,
    show_record,
    whole_number,
)

from patron_service.models import Ticket
from patron_service.services import articles, conversation, tickets

READ, EDIT = f"{tickets.KEY}.read", f"{tickets.KEY}.edit"
PATH = "/service/tickets/{ticket_id:int}"
UPLOAD = 25_000_000  # bytes of a reply with its files


def _back(ticket: Ticket, text: str) -> Redirect:
    return Redirect(f"/service/tickets/{ticket.key}", Flash(text))


@post(f"{PATH}/reply", permission=EDIT, upload=UPLOAD)
def reply(ctx: Context, ticket_id: int) -> Redirect | Page:
    """Answer, or write an internal note (form: kind, to, cc, text, status, files). Errors show what was typed."""
    ticket = tickets.load(ctx, ticket_id, "edit")
    web = ctx.web
    text = (web.values("text") or [""])[0]
    uploads = [upload for upload in web.files if upload.field == "files" and upload.data]
    internal = web.value("kind") == "note"
    try:
        if internal:
            conversation.note(ctx, ticket, text, uploads)
        else:
            conversation.reply(ctx, ticket, text, to=web.value("to"), cc=web.value("cc"), uploads=uploads)
        if web.value("status") and web.value("status") != ticket.status:
            editing.change(
                ctx, ctx.assembly.resource(tickets.KEY), ticket_id, {"status": web.value("status")}
            )
    except Invalid as error:
        ctx.session.rollback()
        typed = {"text": text, "to": web.value("to"), "cc": web.value("cc"), "kind": web.value("kind")}
        return _again(ctx, ticket_id, typed, error.errors or (FieldError("", error.detail),))
    return _back(ticket, "Note added." if internal else "Answer sent on its way.")


def _again(
    ctx: Context, ticket_id: int, typed: Mapping[str, str], errors: Sequence[FieldError]
) -> Page | Redirect:
    """The ticket's page with what was typed and what is wrong with it."""
    page = show_record(ctx, ticket_id, resource=ctx.assembly.resource(tickets.KEY))
    if isinstance(page, Redirect):
        return page
    return Page(page.template, {**page.data, "values": typed, "reply_errors": list(errors)}, status=422)


@get(f"{PATH}/articles", permission=READ)
def find_articles(ctx: Context, ticket_id: int) -> Page:
    """Articles that the answer may link to (query: q; without one, those nearest to the ticket)."""
    ticket = tickets.load(ctx, ticket_id)
    words = ctx.web.param("q").strip() or f"{ticket.subject} {ticket.description}"
    data = {"ticket": ticket, "articles": articles.suggest(ctx, words), "q": ctx.web.param("q")}
    return Page("service/articles.html", data, partial="service/_linkable.html")


@post(f"{PATH}/take", permission=EDIT)
def take(ctx: Context, ticket_id: int) -> Redirect:
    """Take the ticket oneself."""
    ticket = tickets.load(ctx, ticket_id, "edit")
    editing.change(ctx, ctx.assembly.resource(tickets.KEY), ticket_id, {"owner": ctx.actor.user_id})
    return _back(ticket, "It is yours.")


@post(f"{PATH}/requester", permission=EDIT)
def attach_requester(ctx: Context, ticket_id: int) -> Redirect:
    """Say who asked (form: customer, remember), or make a customer of the sender (form: name, kind)."""
    ticket = tickets.load(ctx, ticket_id, "edit")
    web = ctx.web
    if web.value("name"):
        customer_id = conversation.create_requester(
            ctx, ticket, {"name": web.value("name"), "kind": web.value("kind")}
        )
        return _back(ticket, f"{tickets.name_of(ctx, customer_id)} was created and attached.")
    chosen = whole_number(web.value("customer"))
    if chosen is None:
        raise Invalid.field("customer", "Choose a customer, or name a new one.")
    customer_id = chosen
    conversation.attach_requester(ctx, ticket, customer_id, remember=web.value("remember") == "true")
    return _back(ticket, f"Attached to {tickets.name_of(ctx, customer_id)}.")


def _held(ctx: Context, ticket_id: int, interaction_id: int) -> Ticket:
    """The ticket whose thread the held-back message names; NotFound when it names another."""
    ticket = tickets.load(ctx, ticket_id, "edit")
    if not tickets.has_touch(ctx, ticket, interaction_id=interaction_id):
        raise NotFound("There is no such message here.")
    return ticket


@post(PATH + "/held/{interaction_id:int}/release", permission=EDIT)
def release(ctx: Context, ticket_id: int, interaction_id: int) -> Redirect:
    """Let a held-back mail into the ticket."""
    ticket = _held(ctx, ticket_id, interaction_id)
    mailflow.release(ctx, interaction_id)
    return _back(ticket, "Released into this ticket.")


@post(PATH + "/held/{interaction_id:int}/new-thread", permission=EDIT)
def start_thread(ctx: Context, ticket_id: int, interaction_id: int) -> Redirect:
    """Give a held-back mail a thread, and so a ticket, of its own."""
    ticket = _held(ctx, ticket_id, interaction_id)
    mailflow.start_thread(ctx, interaction_id)
    return _back(ticket, "It becomes a ticket of its own.")


@get(PATH + "/mail/{mail_id:int}", permission=READ)
def show_mail(ctx: Context, ticket_id: int, mail_id: int) -> Document:
    """A mail of the ticket as its sender laid it out, made safe (query: remote=1, theme=dark)."""
    ticket = tickets.load(ctx, ticket_id)
    if not tickets.has_touch(ctx, ticket, mail_id=mail_id):
        raise NotFound("There is no such mail here.")
    dark = ctx.web.param("theme") == "dark"
    return mailflow.mail_document(ctx, mail_id, remote=ctx.web.param("remote") == "1", dark=dark)


@get(PATH + "/files/{file_id:int}", permission=READ)
def download(ctx: Context, ticket_id: int, file_id: int) -> Download:
    """A file of the ticket's conversation, as an attachment."""
    ticket = tickets.load(ctx, ticket_id)
    touches = mailflow.conversation(ctx, ticket.thread_id)
    if not any(file["id"] == file_id for touch in touches for file in touch.files):
        raise NotFound("There is no such file.")
    name, content_type, content = files.read_file(ctx, file_id)
    return Download(content, name, content_type)


ROUTES: tuple[Route, ...] = (
    reply, find_articles, take, attach_requester, release, start_thread, show_mail, download,
)  # fmt: skip
