"""Tickets from mail: what the core has taken in becomes a ticket, or another touch of the one whose thread it is in."""

from __future__ import annotations

from typing import Any

from patron import Context, Customer, Event, Interaction, Mailbox, Participant, files, table
from sqlalchemy import select

from patron_service.models import Queue, Ticket
from patron_service.services import tickets
from patron_service.services.conversation import reopen


def on_mail_received(ctx: Context, event: Event) -> None:
    """A mail came in. Held-back ones wait for a person; automatic ones neither open nor reopen anything."""
    said = event.payload
    if said["quarantined"]:
        return
    _take(ctx, said, automatic=bool(said["auto_reply"]))


def on_mail_released(ctx: Context, event: Event) -> None:
    """A person let in a mail that was held back: now it counts."""
    _take(ctx, event.payload, automatic=False)


def on_mail_bounced(ctx: Context, event: Event) -> None:
    """An answer did not arrive: whoever sent it must know, so the ticket opens again."""
    i = table(Interaction)
    thread_id = ctx.session.execute(
        select(i.c.thread_id).where(i.c.id == event.payload["interaction_id"])
    ).scalar_one_or_none()
    ticket = tickets.ticket_of_thread(ctx, thread_id) if thread_id is not None else None
    if ticket is not None:
        reopen(ctx, ticket)


def _take(ctx: Context, said: Any, *, automatic: bool) -> None:
    interaction_id, thread_id = int(said["interaction_id"]), int(said["thread_id"])
    ticket = tickets.ticket_of_thread(ctx, thread_id)
    if ticket is None and said["module"] == "service" and not automatic:
        ticket = open_from_mail(ctx, interaction_id, said["mailbox_id"])
    elif ticket is not None and not automatic:
        reopen(ctx, ticket)
    if ticket is not None:
        _attach(ctx, ticket, interaction_id)


def open_from_mail(ctx: Context, interaction_id: int, mailbox_id: int | None) -> Ticket:
    """A ticket for a mail that starts a thread. An unknown sender stays one: no customer is made of them."""
    i, p = table(Interaction), table(Participant)
    mail = ctx.session.execute(
        select(i.c.thread_id, i.c.subject, i.c.body, i.c.at).where(i.c.id == interaction_id)
    ).one()
    sender = ctx.session.execute(
        select(p.c.address, p.c.name, p.c.customer_id)
        .where(p.c.interaction_id == interaction_id, p.c.part == "from")
        .order_by(p.c.id)
        .limit(1)
    ).first()
    values: dict[str, Any] = {
        "subject": mail.subject.strip()[:300] or "(no subject)", "description": mail.body[:5_000], "channel": "email",
        **_whose(ctx, sender.customer_id if sender else None),
    }  # fmt: skip
    if (queue_id := _queue_of(ctx, mailbox_id)) is not None:
        values["queue"] = queue_id
    opening = tickets.Opening(
        mail.thread_id, mail.at, sender.address if sender else "", sender.name if sender else ""
    )
    return tickets.open_ticket(ctx, values, opening)


def _whose(ctx: Context, customer_id: int | None) -> dict[str, Any]:
    """Customer and contact for the one whom the sender's address names; nothing for one in the trash."""
    if customer_id is None:
        return {}
    c = table(Customer)
    statement = select(c.c.kind).where(c.c.id == customer_id, c.c.trashed_at.is_(None))
    kind = ctx.session.execute(statement).scalar_one_or_none()
    if kind is None:
        return {}
    if kind != "person":
        return {"customer": customer_id}
    return {"customer": tickets.account_of(ctx, customer_id), "contact": customer_id}


def _queue_of(ctx: Context, mailbox_id: int | None) -> int | None:
    q, m = table(Queue), table(Mailbox)
    found = ctx.session.execute(
        select(q.c.id)
        .join(m, m.c.address == q.c.address)
        .where(m.c.id == mailbox_id, q.c.trashed_at.is_(None))
        .limit(1)
    ).scalar()
    return int(found) if found is not None else None


def _attach(ctx: Context, ticket: Ticket, interaction_id: int) -> None:
    """Who may read the ticket may read what came with the mail."""
    for file in files.attachments(ctx, "interactions", interaction_id):
        files.attach(ctx, file["id"], tickets.KEY, ticket.key)
