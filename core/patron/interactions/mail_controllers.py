"""Pages and actions of mail: a message's own HTML, what was held back, and the administration of mailboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from patron import files
from patron.context import Context
from patron.errors import Conflict, FieldError, Invalid, NotFound
from patron.interactions import mailflow
from patron.interactions.mailflow import consent, mailbox_checks, mailboxes
from patron.interactions.mailflow.polling import poll_mailbox, take_in_again
from patron.interactions.models import Interaction, Mail
from patron.records import table
from patron.resources import editing
from patron.responses import Document, Download, Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.shell import ADMINISTRATION
from patron.web import whole_number

READ, EDIT, SEND = "interactions.read", "interactions.edit", "mail.send"
HOME = "/admin/mailboxes"
FIELDS = (
    "name", "address", "owner", "team", "visibility", "sender_name", "module", "active", "letters", "imap_host",
    "imap_port", "imap_security", "imap_username", "imap_password", "imap_folder", "imap_sent_folder", "begin",
    "begin_day", "sign_in", "oauth_client_id", "oauth_password", "oauth_tenant", "oauth_authorize_url",
    "oauth_token_url", "oauth_scope", "smtp_host", "smtp_port", "smtp_security", "smtp_username", "smtp_password",
)  # fmt: skip


def _readable_mail(ctx: Context, mail_id: int) -> int | None:
    """The raw file of a mail whose interaction the actor may read; NotFound otherwise."""
    i, m = table(Interaction), table(Mail)
    row = ctx.session.execute(
        select(i.c.id, m.c.raw_file_id).select_from(i.join(m, m.c.id == i.c.mail_id)).where(m.c.id == mail_id)
    ).first()
    if row is None:
        raise NotFound("There is no such mail.")
    editing.load(ctx, ctx.assembly.resource("interactions"), row.id)
    return int(row.raw_file_id) if row.raw_file_id is not None else None


@get("/mail/{mail_id:int}", permission=READ)
def show_mail(ctx: Context, mail_id: int) -> Document:
    """A mail as its sender laid it out, made safe (query: remote=1 lets images load, theme=dark)."""
    _readable_mail(ctx, mail_id)
    return mailflow.mail_document(
        ctx, mail_id, remote=ctx.web.param("remote") == "1", dark=ctx.web.param("theme") == "dark"
    )


@get("/mail/{mail_id:int}/source", permission=READ)
def download_source(ctx: Context, mail_id: int) -> Download:
    """The message as it came, byte for byte."""
    file_id = _readable_mail(ctx, mail_id)
    if file_id is None:
        raise NotFound("The source of this mail was not kept.")
    _, _, content = files.read_file(ctx, file_id)
    return Download(content, f"mail-{mail_id}.eml", "application/octet-stream")


@post("/interactions/{interaction_id:int}/release", permission=EDIT)
def release(ctx: Context, interaction_id: int) -> Redirect:
    """Let a held-back mail into its thread."""
    editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id, "edit")
    mailflow.release(ctx, interaction_id)
    return Redirect(f"/interactions/{interaction_id}", Flash("Released into the thread."))


@post("/interactions/{interaction_id:int}/new-thread", permission=EDIT)
def start_thread(ctx: Context, interaction_id: int) -> Redirect:
    """Give a held-back mail a thread of its own."""
    editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id, "edit")
    mailflow.start_thread(ctx, interaction_id)
    return Redirect(f"/interactions/{interaction_id}", Flash("It has a thread of its own now."))


@post("/interactions/{interaction_id:int}/take-out", permission=EDIT)
def take_out(ctx: Context, interaction_id: int) -> Redirect:
    """Take a mail, with its answers, out of the thread that it stands in by mistake."""
    found = editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id, "edit")
    was = found.thread_id
    mailflow.take_out(ctx, interaction_id)
    undo = f"/interactions/{interaction_id}/thread?thread={was}"
    return Redirect(
        f"/interactions/{interaction_id}", Flash("It has a thread of its own now.", undo_url=undo)
    )


@post("/interactions/{interaction_id:int}/thread", permission=EDIT)
def put_into(ctx: Context, interaction_id: int) -> Redirect:
    """Put a mail, with its answers, into another thread (form or query: thread)."""
    editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id, "edit")
    goal = whole_number(ctx.web.value("thread") or ctx.web.param("thread"))
    if goal is None:
        raise Invalid.field("thread", "A thread is named by its number.")
    mailflow.put_into(ctx, interaction_id, goal)
    return Redirect(f"/interactions/{interaction_id}", Flash("It stands in that thread now."))


@get(HOME, permission=ADMINISTRATION)
def list_mailboxes(ctx: Context) -> Page:
    """Every mailbox with its honest status: counts, last success, last error."""
    shown = {"mailboxes": mailboxes.list_mailboxes(ctx), "handlers": _handlers(ctx)}
    return Page("mail/mailboxes.html", shown)


def _handlers(ctx: Context) -> dict[str, str]:
    """What people call those who can handle new mail, by name."""
    titles = {plugin.name: plugin.title for plugin in ctx.assembly.plugins}
    own = {"core": "The timeline only"}
    return {name: titles.get(name) or own.get(name, name) for name in mailbox_checks.handling_modules(ctx)}


def _form(
    ctx: Context, values: Mapping[str, str], mailbox_id: int | None, errors: Sequence[FieldError] = ()
) -> Page:
    data = {
        "values": {**values, "imap_password": "", "smtp_password": "", "oauth_password": ""}, "mailbox_id": mailbox_id,
        "errors": list(errors),
        "by_field": {error.field: [error.message] for error in errors},
        "modules": list(_handlers(ctx).items()), "owners": mailbox_checks.owners(ctx),
        "callback": ctx.assembly.settings.base_url.rstrip("/") + consent.CALLBACK,
        "action": f"{HOME}/{mailbox_id}" if mailbox_id else f"{HOME}/new",
    }  # fmt: skip
    return Page("mail/mailbox_form.html", data, status=422 if errors else 200)


@get(f"{HOME}/new", permission=ADMINISTRATION)
def show_new(ctx: Context) -> Page:
    """The form of a new mailbox."""
    values = {
        "active": "true",
        "imap_port": "993",
        "smtp_port": "587",
        "imap_folder": "INBOX",
        "imap_sent_folder": "auto",
        "module": "core",
    }
    return _form(ctx, values, None)


def _save(ctx: Context, mailbox_id: int | None) -> Page | Redirect:
    # Passwords are taken as typed: a space in front may belong to one.
    values = {name: (ctx.web.values(name) or [""])[0] for name in FIELDS}
    try:
        saved = mailboxes.save_mailbox(ctx, values, mailbox_id)
    except (Invalid, Conflict) as error:
        ctx.session.rollback()
        return _form(ctx, values, mailbox_id, error.errors or (FieldError("name", error.detail),))
    return Redirect(f"{HOME}/{saved.key}", Flash("Saved. Test it now."))


@post(f"{HOME}/new", permission=ADMINISTRATION)
def create(ctx: Context) -> Page | Redirect:
    """Make a mailbox, or show the form again with every error."""
    return _save(ctx, None)


@get(HOME + "/{mailbox_id:int}", permission=ADMINISTRATION)
def show_mailbox(ctx: Context, mailbox_id: int) -> Page:
    """The form of a mailbox; its passwords are never in it."""
    return _form(ctx, mailboxes.mailbox_values(mailboxes.load_mailbox(ctx, mailbox_id)), mailbox_id)


@post(HOME + "/{mailbox_id:int}", permission=ADMINISTRATION)
def change(ctx: Context, mailbox_id: int) -> Page | Redirect:
    """Change a mailbox; a password left empty stays as it is."""
    return _save(ctx, mailbox_id)


@get(HOME + "/{mailbox_id:int}/connect", permission=ADMINISTRATION)
def connect(ctx: Context, mailbox_id: int) -> Redirect:
    """To the provider, where the owner of the mailbox allows access."""
    return Redirect(consent.begin(ctx, mailboxes.load_mailbox(ctx, mailbox_id)))


@get("/mail/mine/{mailbox_id:int}/connect", permission=SEND)
def connect_mine(ctx: Context, mailbox_id: int) -> Redirect:
    """The same for a mailbox of one's own."""
    mailbox = mailboxes.load_mailbox(ctx, mailbox_id)
    if mailbox.owner_id is None or mailbox.owner_id != ctx.actor.user_id:
        raise NotFound("There is no such mailbox of yours.")
    return Redirect(consent.begin(ctx, mailbox))


@get(consent.CALLBACK, permission=SEND, transaction="none", slow=True)
def connected(ctx: Context) -> Redirect:
    """Back from the provider (query: code and state, or error)."""
    home = HOME if ctx.actor.may(ADMINISTRATION) else "/mail/mine"
    if ctx.web.param("error"):
        return Redirect(home, Flash("Access was not allowed: nothing has changed.", "warning"))
    try:
        consent.finish(ctx.assembly, ctx.actor, ctx.web.param("code"), ctx.web.param("state"))
    except Invalid as error:
        return Redirect(home, Flash(error.detail, "danger"))
    return Redirect(home, Flash("Connected. Test it now."))


@post(HOME + "/{mailbox_id:int}/test", permission=ADMINISTRATION, transaction="none", slow=True)
def test_now(ctx: Context, mailbox_id: int) -> Page:
    """Sign in both ways now and say how far it got."""
    with ctx.assembly.database.read() as session:
        mailbox = mailboxes.load_mailbox(Context(session, ctx.assembly, ctx.actor), mailbox_id)
    found = mailboxes.test_mailbox(ctx.assembly, mailbox)
    return Page("mail/mailbox_test.html", {"mailbox_id": mailbox_id, "name": mailbox.name, "test": found})


@post(HOME + "/{mailbox_id:int}/fetch", permission=ADMINISTRATION, transaction="none", slow=True)
def fetch_now(ctx: Context, mailbox_id: int) -> Redirect:
    """Fetch at once what is new, and try again what could not be taken in before."""
    with ctx.assembly.database.read() as session:
        mailbox = mailboxes.load_mailbox(Context(session, ctx.assembly, ctx.actor), mailbox_id)
    taken = poll_mailbox(ctx.assembly, mailbox) + len(take_in_again(ctx.assembly, mailbox))
    with ctx.assembly.database.read() as session:
        after = mailboxes.load_mailbox(Context(session, ctx.assembly, ctx.actor), mailbox_id)
    if after.last_error_at and after.last_error_at != mailbox.last_error_at:
        return Redirect(HOME, Flash(after.last_error, "danger"))
    return Redirect(
        HOME, Flash(f"{taken} taken in." if taken else "Nothing new.", "success" if taken else "info")
    )


ROUTES: tuple[Route, ...] = (
    show_mail, download_source, release, start_thread, take_out, put_into, list_mailboxes, show_new, create,
    show_mailbox, change, test_now, fetch_now, connect, connect_mine, connected,
)  # fmt: skip
