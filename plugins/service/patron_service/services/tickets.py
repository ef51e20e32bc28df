"""Opening a ticket and what follows from its state: number, thread, assignment, clock, timeline, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patron import (
    Context,
    Customer,
    NotFound,
    Party,
    Thread,
    audit,
    editing,
    interactions,
    mailflow,
    next_number,
    publish,
    table,
    timeline,
)
from patron_workflow.api import assign
from sqlalchemy import func, insert, select

from patron_service.models import Queue, Ticket
from patron_service.services import clock

KEY = "service.tickets"
OPEN = ("new", "open", "pending")
_OPENING = "service opening"


@dataclass(frozen=True)
class Opening:
    """What a ticket begins with beyond its fields: the thread it came in, if there is one, and who asked."""

    thread_id: int | None = None
    at: datetime | None = None
    email: str = ""
    name: str = ""


def open_ticket(ctx: Context, values: Mapping[str, Any], opening: Opening | None = None) -> Ticket:
    """A new ticket from the resource's fields. Without a thread yet, its text is logged as the first touch."""
    if opening is not None:
        ctx.cache[_OPENING] = opening
    try:
        ticket: Ticket = editing.create(ctx, ctx.assembly.resource(KEY), values)
    finally:
        ctx.cache.pop(_OPENING, None)
    return ticket


def load(ctx: Context, ticket_id: int, verb: str = "read") -> Ticket:
    """A ticket within the actor's scope; NotFound, Forbidden."""
    ticket: Ticket = editing.load(ctx, ctx.assembly.resource(KEY), ticket_id, verb)
    return ticket


def prepare(ctx: Context, ticket: Ticket) -> None:
    """Fill what a new ticket gets by itself, before it is first stored."""
    opening: Opening = ctx.cache.get(_OPENING) or Opening()
    ticket.number = next_number(ctx, "tickets", "T{number:05}")
    ticket.opened_at = opening.at or ctx.now
    ticket.brand_id = ctx.assembly.company.brand_id
    ticket.requester_email, ticket.requester_name = opening.email, opening.name
    if ticket.customer_id is None and ticket.contact_id is not None:
        ticket.customer_id = account_of(ctx, ticket.contact_id)
    ticket.thread_id = opening.thread_id or _new_thread(ctx, ticket)
    clock.start(ctx, ticket)
    if ticket.channel == "phone":
        ticket.first_responded_at = ticket.opened_at  # who calls is answered by the call
    if ticket.owner_id is None:
        _assign(ctx, ticket)


def _new_thread(ctx: Context, ticket: Ticket) -> int:
    t = table(Thread)
    values = {"subject": ticket.subject, "created_at": ticket.opened_at, "last_at": ticket.opened_at}
    return int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())


def _assign(ctx: Context, ticket: Ticket) -> None:
    q = table(Queue)
    statement = select(q.c.name, q.c.team_id).where(q.c.id == ticket.queue_id)
    queue = ctx.session.execute(statement).first() if ticket.queue_id is not None else None
    facts = {
        "subject": ticket.subject, "channel": ticket.channel, "priority": ticket.priority,
        "queue": queue.name if queue else "", "email": ticket.requester_email,
    }  # fmt: skip
    found = assign(ctx, "ticket", facts, ticket.customer_id, open_load)
    ticket.owner_id = found.user_id
    ticket.team_id = ticket.team_id or (queue.team_id if queue else None) or found.team_id
    ticket.assigned_because = found.reason


def open_load(ctx: Context, user_ids: Sequence[int]) -> Mapping[int, int]:
    """How many open tickets each of these users has."""
    t = table(Ticket)
    statement = select(t.c.owner_id, func.count()).where(
        t.c.owner_id.in_(user_ids), t.c.status.in_(OPEN), t.c.trashed_at.is_(None)
    )
    return {row[0]: row[1] for row in ctx.session.execute(statement.group_by(t.c.owner_id))}


def announce(ctx: Context, ticket: Ticket) -> None:
    """After a new ticket is stored: its first touch, the timelines, the event."""
    opening: Opening = ctx.cache.get(_OPENING) or Opening()
    if opening.thread_id is None:
        asker = ticket.contact_id or ticket.customer_id
        part = "caller" if ticket.channel == "phone" else "from"
        party = Party(part, asker, ticket.requester_email, ticket.requester_name, "named in the ticket")
        interactions.log(
            ctx, ticket.channel, [party], subject=ticket.subject, body=ticket.description, at=ticket.opened_at,
            thread_id=ticket.thread_id, module="service", resource=KEY, record_id=ticket.key,
            joined_because="The ticket was opened with it.",
        )  # fmt: skip
    say(ctx, ticket, "opened", f"Ticket {ticket.number} opened: {ticket.subject}")


def say(ctx: Context, ticket: Ticket, what: str, title: str) -> None:
    """Write a fact of a ticket on the timelines of those it is about, and publish it."""
    for customer_id in dict.fromkeys(filter(None, (ticket.customer_id, ticket.contact_id))):
        timeline.add(
            ctx, customer_id, f"service.ticket.{what}", title, module="service", resource=KEY, record_id=ticket.key,
            thread_id=ticket.thread_id, snapshot={"number": ticket.number, "status": ticket.status},
        )  # fmt: skip
    publish(
        ctx,
        f"service.ticket.{what}",
        {"id": ticket.key, "number": ticket.number},
        customer_id=ticket.customer_id,
    )


def follow_status(ctx: Context, ticket: Ticket) -> None:
    """Dates that depend on the status, before a changed ticket is stored."""
    if ticket.status in ("solved", "closed") and ticket.solved_at is None:
        ticket.solved_at = ctx.now
    elif ticket.status in OPEN:
        ticket.solved_at = None


def responded(ctx: Context, ticket: Ticket) -> None:
    """Stop the clock of the first answer, if it still runs."""
    if ticket.first_responded_at is not None:
        return
    ticket.first_responded_at = ctx.now
    ticket.version += 1
    ticket.updated_at = ctx.now
    ctx.session.add(ticket)
    ctx.session.flush()
    audit.record(
        ctx,
        "change",
        KEY,
        ticket.key,
        {"first_responded_at": (None, ctx.now)},
        customer_id=ticket.customer_id,
    )
    publish(
        ctx,
        "service.ticket.answered",
        {"id": ticket.key, "number": ticket.number},
        customer_id=ticket.customer_id,
    )


def ticket_of_thread(ctx: Context, thread_id: int) -> Ticket | None:
    """The ticket whose thread this is, if any, be it in the trash or not."""
    t = table(Ticket)
    found: Ticket | None = ctx.session.execute(
        select(Ticket).where(t.c.thread_id == thread_id)
    ).scalar_one_or_none()
    return found


def has_touch(
    ctx: Context, ticket: Ticket, *, interaction_id: int | None = None, mail_id: int | None = None
) -> bool:
    """Whether a touch, named by its own id or that of its mail, is in the ticket's thread and the actor may see it."""
    return any(
        touch.interaction_id == interaction_id if mail_id is None else touch.mail_id == mail_id
        for touch in mailflow.conversation(ctx, ticket.thread_id)
    )


def account_of(ctx: Context, person_id: int) -> int:
    """Whom a matter of this customer is settled for: the organisation they work at now, else themselves."""
    firms = interactions.organisations_of(ctx, [person_id], ctx.now)
    return next(iter(firms), person_id)


def name_of(ctx: Context, customer_id: int) -> str:
    """What a customer is called; NotFound when there is none."""
    t = table(Customer)
    name: str | None = ctx.session.execute(select(t.c.name).where(t.c.id == customer_id)).scalar_one_or_none()
    if name is None:
        raise NotFound(f"There is no customer {customer_id}.")
    return name
