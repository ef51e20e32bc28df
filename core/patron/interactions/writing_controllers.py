"""Writing a mail: the page, sending it now or later, taking it back, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from patron import files
from patron.context import Context
from patron.errors import FieldError, Invalid
from patron.interactions import mailflow
from patron.interactions.mailflow import own, writing
from patron.interactions.mailflow.choosing import writing_mailboxes
from patron.interactions.mailflow.mailboxes import list_mailboxes
from patron.interactions.mailflow.writing import Draft, draft_of
from patron.interactions.models import Interaction, Mail, MailLedger, Participant, TimelineEntry
from patron.records import table
from patron.resources import editing
from patron.responses import Flash, Json, Page, Redirect
from patron.routing import Route, get, post
from patron.shell import ADMINISTRATION
from patron.web import whole_number

SEND = "mail.send"
FIELDS = tuple(item.name for item in fields(Draft) if item.name != "quoted")
UPLOAD = 26_000_000  # bytes of all attachments: what most servers take


@get("/mail/new", permission=SEND)
def show_new(ctx: Context) -> Page:
    """The form of a mail (?record=key:id, ?customer=, ?reply= an interaction, ?template=, ?again= one taken back)."""
    asked = draft_of({name: ctx.web.param(name) for name in FIELDS})
    again = whole_number(ctx.web.param("again"))
    if again is not None:
        asked = _again(ctx, again)
    return _form(ctx, writing.begin(ctx, asked, whole_number(ctx.web.param("template"))), again=again)


@post("/mail/new", permission=SEND, upload=UPLOAD)
def send(ctx: Context) -> Redirect | Page:
    """Send a mail now or later (form: to, cc, subject, text, mailbox, record, customer, reply, later, quoted, files;
    again and keep: a mail that was taken back, and those of its files that go with this one)"""
    again = whole_number(ctx.web.value("again"))
    values = {name: ctx.web.value(name) for name in FIELDS}
    given = draft_of({**values, "text": _lines(ctx)}, quoted=ctx.web.value("quoted") == "true")
    try:
        wanted = set(ctx.web.values("keep"))
        file_ids = [file["id"] for file in _files_of(ctx, again) if str(file["id"]) in wanted]
        file_ids += [files.store(ctx, one.name, one.data) for one in ctx.web.files if one.name or one.data]
        sent = writing.write(ctx, given, file_ids)
    except Invalid as error:
        ctx.session.rollback()
        return _form(ctx, given, error.errors or (FieldError("", error.detail),), again)
    said = "It goes out at the time you chose." if given.later else "It goes out in ten seconds."
    return Redirect(_back(ctx, given, sent), Flash(said, undo_url=f"/interactions/{sent.key}/recall"))


def _lines(ctx: Context) -> str:
    return (ctx.web.values("text") or [""])[0].replace("\r\n", "\n")


def _back(ctx: Context, given: Draft, sent: Interaction) -> str:
    key, _, number = given.record.partition(":")
    if given.customer:
        return f"/customers/{given.customer}"
    return f"{ctx.assembly.resource(key).path}/{number}" if number else f"/interactions/{sent.key}"


_TEXT = {"type": "string"}
_MAIL = {
    "type": "object",
    "required": ["subject", "text"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(FIELDS, _TEXT),
        "quoted": {"type": "boolean"},
        "template": {"type": "integer"},
    },
}


@post("/api/v1/interactions/mail", permission=SEND, takes=_MAIL)
def send_api(ctx: Context) -> Json:
    """Send a mail now or later; answers its id, its thread and when it goes out."""
    given = ctx.web.json_object()
    unknown = given.keys() - {*FIELDS, "quoted", "template"}
    if unknown:
        raise Invalid.field(min(unknown), "is no field of a mail.")
    quoted = given.get("quoted", True)
    asked = draft_of({name: str(given.get(name) or "") for name in FIELDS}, quoted=bool(quoted))
    text = asked.text
    begun = writing.begin(ctx, asked, whole_number(str(given.get("template") or "")))
    sent = writing.write(ctx, replace(begun, text=text or begun.text))
    due = writing.due_at(ctx, asked.later).isoformat()
    return Json({"id": str(sent.key), "thread": str(sent.thread_id), "due_at": due})


@post("/interactions/{interaction_id:int}/recall", permission=SEND)
def recall(ctx: Context, interaction_id: int) -> Redirect:
    """Take a mail back that has not gone out yet; it opens again, to be changed."""
    editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id, "edit")
    mailflow.recall(ctx, interaction_id)
    return Redirect(
        f"/mail/new?{urlencode({'again': interaction_id})}", Flash("Taken back. It was not sent.")
    )


def _again(ctx: Context, interaction_id: int) -> Draft:
    """What stood in a mail that was taken back."""
    was = editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id)
    p, m, ledger, line = table(Participant), table(Mail), table(MailLedger), table(TimelineEntry)
    people = ctx.session.execute(
        select(p.c.part, p.c.address).where(p.c.interaction_id == interaction_id).order_by(p.c.id)
    ).all()
    to, cc = (", ".join(row.address for row in people if row.part == part) for part in ("to", "cc"))
    sent = ctx.session.execute(select(m.c.mailbox_id, m.c.in_reply_to).where(m.c.id == was.mail_id)).one()
    about = ctx.session.execute(
        select(line.c.resource, line.c.record_id)
        .where(line.c.interaction_id == interaction_id, line.c.record_id.is_not(None))
        .limit(1)
    ).first()
    i = table(Interaction)
    answered = ctx.session.execute(
        select(i.c.id)
        .select_from(i.join(m, m.c.id == i.c.mail_id))
        .where(i.c.thread_id == was.thread_id, m.c.message_id.in_(sent.in_reply_to))
        .limit(1)
    ).scalar()
    state = ctx.session.execute(
        select(ledger.c.state).where(ledger.c.interaction_id == interaction_id).limit(1)
    ).scalar()
    if state != "recalled":
        raise Invalid("Only a mail that was taken back can be written again.")
    return Draft(
        to=to, cc=cc, subject=was.subject, text=was.body, mailbox=str(sent.mailbox_id or ""),
        record=f"{about.resource}:{about.record_id}" if about else "", reply=str(answered or ""),
    )  # fmt: skip


def _files_of(ctx: Context, again: int | None) -> list[dict[str, Any]]:
    """The attachments of a mail that is written again. NotFound when the writer may not read it."""
    if again is None:
        return []
    editing.load(ctx, ctx.assembly.resource("interactions"), again)
    return files.attachments(ctx, "interactions", again)


@get("/mail/mine", permission=SEND)
def show_mine(ctx: Context) -> Page:
    """The user's address for copies, and the state of the mailboxes that are theirs."""
    user_id = ctx.actor.user_id or 0
    mine = [box for box in list_mailboxes(ctx) if box["owner_id"] == user_id]
    shown = {"address": own.known_address(ctx, user_id), "possible": own.is_possible(ctx, user_id)}
    return Page("mail/mine.html", {**shown, "mailboxes": mine})


@post("/mail/mine/address", permission=SEND)
def new_address(ctx: Context) -> Redirect:
    """Give the user an address for copies; one they had is dead from now on."""
    own.address_of(ctx, ctx.actor.user_id or 0, anew=True)
    return Redirect("/mail/mine", Flash("This is your address. Keep it to yourself."))


def _form(ctx: Context, draft: Draft, errors: Sequence[FieldError] = (), again: int | None = None) -> Page:
    asked = {name: value for name in ("record", "customer", "reply") if (value := getattr(draft, name))}
    data = {
        "draft": asdict(draft),
        "errors": list(errors),
        "by_field": {error.field: [error.message] for error in errors},
        "mailboxes": writing_mailboxes(ctx),
        "templates": writing.template_options(ctx),
        "asked": asked,
        "again": again,
        "kept": _files_of(ctx, again),
        "query": urlencode(asked) + ("&" if asked else ""),
        "back": f"/customers/{draft.customer}" if draft.customer else "/interactions",
        "zone": ctx.time_zone,
        "may_connect": ctx.actor.may(ADMINISTRATION),
    }
    return Page("mail/write.html", data, status=422 if errors else 200)


ROUTES: tuple[Route, ...] = (show_new, send, send_api, recall, show_mine, new_address)
