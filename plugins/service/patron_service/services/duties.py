"""What service owes others: its mailboxes rest while it is disabled, and a person's report has what was noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron import Context, Interaction, Mailbox, audit, table
from sqlalchemy import or_, select, update

from patron_service.models import Ticket

PAUSED = "paused_with_service"


def pause_mailboxes(ctx: Context) -> None:
    """Nothing is fetched while nobody makes tickets of it: the mail stays where people can still read it."""
    for mailbox in _mailboxes(ctx, active=True):
        _switch(ctx, mailbox, False)


def resume_mailboxes(ctx: Context) -> None:
    """The mailboxes that rested with the module are fetched again; those switched off by hand stay off."""
    for mailbox in _mailboxes(ctx, active=False):
        if mailbox.settings.get(PAUSED):
            _switch(ctx, mailbox, True)


def _mailboxes(ctx: Context, *, active: bool) -> list[Mailbox]:
    t = table(Mailbox)
    theirs = (t.c.module == "service", t.c.active.is_(active), t.c.trashed_at.is_(None))
    return list(ctx.session.execute(select(Mailbox).where(*theirs).order_by(t.c.id)).scalars())


def _switch(ctx: Context, mailbox: Mailbox, active: bool) -> None:
    t = table(Mailbox)
    settings = {name: value for name, value in mailbox.settings.items() if name != PAUSED}
    values = {"active": active, "settings": settings if active else {**settings, PAUSED: True}}
    ctx.session.execute(update(t).where(t.c.id == mailbox.key).values(version=t.c.version + 1, **values))
    audit.record(ctx, "change", "mailboxes", mailbox.key, {"active": (not active, active)})


def report(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    """What was noted in a customer's tickets, which takes no part of anybody: one statement."""
    i, t = table(Interaction), table(Ticket)
    statement = (
        select(t.c.number, i.c.at, i.c.body)
        .select_from(i.join(t, t.c.thread_id == i.c.thread_id))
        .where(or_(t.c.customer_id == customer_id, t.c.contact_id == customer_id), i.c.channel == "note")
        .order_by(i.c.at, i.c.id)
    )
    return {"ticket_notes": [dict(row) for row in ctx.session.execute(statement).mappings()]}
