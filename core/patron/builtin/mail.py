"""Mail in and out: mailboxes, the jobs that fetch and send, and the pages that show and administer them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Action, EventType, HealthCheck, Job, NavItem, Permission, Resource
from patron.hookspecs import hookimpl
from patron.interactions import mail_controllers, writing_controllers
from patron.interactions.mailflow.letters import discard_letters
from patron.interactions.mailflow.polling import poll
from patron.interactions.mailflow.sending import deliver
from patron.interactions.mailflow.templates import MAIL_TEMPLATES
from patron.interactions.mailflow.writing import customers_of
from patron.interactions.models import Mailbox, MailLedger
from patron.permissions import Scope
from patron.records import table
from patron.routing import Route
from patron.shell import ADMINISTRATION
from patron.system.failing import failed_last

SEND = writing_controllers.SEND
LATE = timedelta(minutes=15)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*mail_controllers.ROUTES, *writing_controllers.ROUTES)


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (MAIL_TEMPLATES,)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (
        Permission(
            "mail.send", "Write mails, send them, take them back", {"manager": Scope.ALL, "user": Scope.ALL}
        ),
    )


@hookimpl
def record_actions(resource: Resource, record: Any) -> Sequence[Action]:
    """A mail can be written from every record that is about a customer, and every mail answered."""
    if resource.key == "interactions":
        answers = record.channel == "email" and not record.quarantined
        return (
            (Action("Answer", f"/mail/new?reply={record.key}", SEND, icon="reply", hotkey="m"),)
            if answers
            else ()
        )
    if resource.key == "customers":
        return (Action("Write a mail", f"/mail/new?customer={record.key}", SEND, icon="mail", hotkey="m"),)
    if not customers_of(resource, record):
        return ()
    about = f"/mail/new?record={resource.key}:{record.key}"
    return (Action("Write a mail", about, SEND, icon="mail", in_menu=True, hotkey="m"),)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (
        NavItem("Mailboxes", "/admin/mailboxes", ADMINISTRATION, "mail", "Administration", 60),
        NavItem("My mail", "/mail/mine", SEND, "mail", "Customers", 70),
    )


@hookimpl
def register_events() -> Sequence[EventType]:
    where = {
        "interaction_id": "id",
        "thread_id": "id",
        "mailbox_id": "id",
        "module": "who handles the mailbox",
    }
    return (
        EventType(
            "mail.received",
            "A mail was taken in.",
            {**where, "mail_id": "id", "quarantined": "bool", "auto_reply": "bool", "new_thread": "bool"},
        ),
        EventType(
            "mail.released",
            "A mail that was held back was let in, or one that stood in the wrong thread was moved.",
            {**where, "new_thread": "bool", "from_thread_id": "id, of one that was moved"},
        ),
        EventType(
            "mail.bounced",
            "A mail did not reach a recipient.",
            {"recipient": "address", "interaction_id": "id", "permanent": "bool", "reason": "word"},
        ),
    )


def _poll(assembly: Assembly) -> None:
    poll(assembly)


def _deliver(assembly: Assembly) -> None:
    deliver(assembly)


def _discard(ctx: Context) -> None:
    discard_letters(ctx)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (
        Job("fetch_mail", _poll, timedelta(seconds=30), transaction=False),
        Job("send_mail", _deliver, timedelta(seconds=5), transaction=False),
        Job("discard_letters", _discard, timedelta(minutes=5)),
    )


def _fetching(ctx: Context) -> str | None:
    """A mailbox whose last fetch failed."""
    row = failed_last(ctx, Mailbox)
    return f"Mailbox “{row.name}” cannot be read: {row.last_error} See /admin/mailboxes." if row else None


def _sending(ctx: Context) -> str | None:
    """Mail that has waited longer than it should."""
    t = table(MailLedger)
    late = select(func.count()).select_from(t).where(t.c.state == "queued", t.c.due_at < ctx.now - LATE)
    waiting = int(ctx.session.execute(late).scalar_one())
    return (
        f"{waiting} mails have waited for over 15 minutes: is the worker running (patron worker)?"
        if waiting
        else None
    )


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return (HealthCheck("mail_fetching", _fetching), HealthCheck("mail_sending", _sending))
