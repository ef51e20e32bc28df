"""A customer's own tickets: which they may see, what of the conversation, and what they may do. Default deny."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import (
    Account,
    Actor,
    Context,
    Customer,
    Invalid,
    NotFound,
    Party,
    Scope,
    Upload,
    contacts,
    files,
    interactions,
    mailflow,
    normalise,
    table,
)
from sqlalchemy import or_, select

from patron_service.models import Ticket
from patron_service.services import conversation, tickets

CHANNELS = (
    "email",
    "web",
)  # what a customer may see of the conversation; a note or a logged call is the firm's own
LISTED = 200
_NEEDED = ("service.tickets.create", "service.tickets.edit", "service.tickets.read", "customers.read")


def _mine(ctx: Context) -> Any:
    """The tickets of the customer of the mandate in use, as the one they are settled for or the one who asks."""
    t = table(Ticket)
    customer_id = ctx.actor.customer_id
    if customer_id is None:
        raise NotFound()
    return or_(t.c.customer_id == customer_id, t.c.contact_id == customer_id) & t.c.trashed_at.is_(None)


def list_mine(ctx: Context) -> list[dict[str, Any]]:
    """The customer's tickets, newest first: number, subject, status, opened_at, updated_at."""
    t = table(Ticket)
    statement = (
        select(t.c.id, t.c.number, t.c.subject, t.c.status, t.c.opened_at, t.c.updated_at)
        .where(_mine(ctx))
        .order_by(t.c.opened_at.desc(), t.c.id.desc())
        .limit(LISTED)
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def load_mine(ctx: Context, ticket_id: int) -> Ticket:
    """One of the customer's tickets; NotFound for any other, whether it exists or not."""
    t = table(Ticket)
    statement = select(Ticket).where(t.c.id == ticket_id, _mine(ctx))
    found: Ticket | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such ticket.")
    return found


def conversation_for_customer(ctx: Context, ticket: Ticket) -> list[mailflow.Touch]:
    """What was said with the customer: no notes, nothing held back, no mail with others that is in the same thread."""
    touches = mailflow.conversation(ctx, ticket.thread_id, held_back=False)
    return [touch for touch in touches if touch.channel in CHANNELS and _is_with(ticket, touch)]


def _is_with(ticket: Ticket, touch: mailflow.Touch) -> bool:
    theirs = {ticket.customer_id, ticket.contact_id} - {None}
    email = ticket.requester_email.casefold()
    return touch.visibility == "all" and any(
        party["customer_id"] in theirs or (email and str(party["address"]).casefold() == email)
        for party in touch.parties
    )


def _acting(ctx: Context) -> Context:
    """The same work with the rights that writing one's own ticket takes; who acts stays the account."""
    actor = ctx.actor
    return ctx.acting_as(
        Actor(
            actor.kind,
            actor.id,
            actor.name,
            actor.email,
            grants=dict.fromkeys(_NEEDED, Scope.ALL),
            customer_id=actor.customer_id,
            rights=actor.rights,
        )
    )


def open_mine(ctx: Context, subject: str, text: str, uploads: Sequence[Upload] = ()) -> Ticket:
    """A ticket of the customer, from the portal. Invalid without a subject or a text."""
    if not subject.strip():
        raise Invalid.field("subject", "Say in a few words what it is about.")
    if not text.strip():
        raise Invalid.field("text", "Write something.")
    email, name = _account(ctx)
    values: dict[str, Any] = {
        "subject": subject.strip()[:300],
        "description": text[:50_000],
        "channel": "web",
    }
    values["customer"] = ctx.actor.customer_id
    if (contact_id := _contact(ctx, email)) is not None:
        values["contact"] = contact_id
    working = _acting(ctx)
    ticket = tickets.open_ticket(working, values, tickets.Opening(email=email, name=name))
    first = mailflow.conversation(working, ticket.thread_id)[0]
    for upload in uploads:
        file_id = files.store(ctx, upload.name, upload.data)
        files.attach(ctx, file_id, tickets.KEY, ticket.key)
        files.attach(ctx, file_id, "interactions", first.interaction_id)
    return ticket


def answer_mine(ctx: Context, ticket_id: int, text: str, uploads: Sequence[Upload] = ()) -> Ticket:
    """What the customer adds to one of their tickets."""
    ticket = load_mine(ctx, ticket_id)
    email, name = _account(ctx)
    party = Party(
        "from", _contact(ctx, email) or ctx.actor.customer_id, email, name, "signed in to the portal"
    )
    conversation.answer(_acting(ctx), ticket, party, text, uploads)
    return ticket


def file_of_mine(ctx: Context, ticket_id: int, file_id: int) -> tuple[str, str, bytes]:
    """Name, type and bytes of a file of what the customer may see of their ticket; NotFound for any other."""
    for touch in conversation_for_customer(ctx, load_mine(ctx, ticket_id)):
        if any(file["id"] == file_id for file in touch.files):
            return files.read_file(ctx, file_id)
    raise NotFound("There is no such file.")


def _account(ctx: Context) -> tuple[str, str]:
    t = table(Account)
    row = ctx.session.execute(select(t.c.email, t.c.name).where(t.c.id == ctx.actor.id)).one()
    return row.email, row.name


def _contact(ctx: Context, email: str) -> int | None:
    """The person behind the account: who alone has its address, and is the customer itself or works there."""
    try:
        value = normalise.email_address(email).normalised
    except Invalid:
        return None
    held = contacts.holders_of(ctx, "email", {value}).get(value, [])
    people = [row.customer_id for row in held if row.use == "personal" and row.kind == "person"]
    if len(people) != 1:
        return None
    c = table(Customer)
    here = {people[0], *interactions.organisations_of(ctx, people, ctx.now)}
    known = ctx.session.execute(select(c.c.id).where(c.c.id == people[0], c.c.trashed_at.is_(None))).first()
    return int(people[0]) if known is not None and ctx.actor.customer_id in here else None
