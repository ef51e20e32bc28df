"""What is said about a ticket: answers by mail or in the portal, internal notes, and who the sender is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Context,
    Customer,
    Interaction,
    Invalid,
    Mailbox,
    Participant,
    Party,
    Upload,
    editing,
    files,
    interactions,
    mailflow,
    read_one,
    table,
)
from sqlalchemy import select

from patron_service.models import Queue, Ticket
from patron_service.services import tickets


def reply(
    ctx: Context, ticket: Ticket, text: str, *, to: str = "", cc: str = "", uploads: Sequence[Upload] = ()
) -> Interaction:
    """Answer a ticket: by mail to ``to``, or, without an address, in the customer's portal. Stops the clock."""
    if not text.strip():
        raise Invalid.field("text", "Write something.")
    file_ids = [files.store(ctx, upload.name, upload.data) for upload in uploads]
    addresses = mailflow.read_addresses(to)
    if addresses:
        mailbox_id = mailbox_of(ctx, ticket)
        if mailbox_id is None:
            raise Invalid.field(
                "to", "There is no mailbox to send from. An administrator can set one up for service."
            )
        said = mailflow.queue_mail(
            ctx, mailbox_id, addresses, mailflow.reply_subject(ticket.subject), text, cc=mailflow.read_addresses(cc),
            thread_id=ticket.thread_id, file_ids=file_ids, module="service", resource=tickets.KEY, record_id=ticket.key,
        )  # fmt: skip
    elif ticket.customer_id is not None:
        party = Party(
            "to", ticket.contact_id or ticket.customer_id, ticket.requester_email, ticket.requester_name
        )
        said = _say(ctx, ticket, "web", "out", [party], text, file_ids)
    else:
        raise Invalid.field("to", "Say who gets the answer.")
    for file_id in file_ids:
        files.attach(ctx, file_id, tickets.KEY, ticket.key)
    tickets.responded(ctx, ticket)
    return said


def note(ctx: Context, ticket: Ticket, text: str, uploads: Sequence[Upload] = ()) -> Interaction:
    """Write an internal note: staff who may read the ticket see it, its customer never."""
    if not text.strip():
        raise Invalid.field("text", "Write something.")
    file_ids = [files.store(ctx, upload.name, upload.data) for upload in uploads]
    said = _say(ctx, ticket, "note", "out", (), text, file_ids)
    for file_id in file_ids:
        files.attach(ctx, file_id, tickets.KEY, ticket.key)
    return said


def answer(
    ctx: Context, ticket: Ticket, party: Party, text: str, uploads: Sequence[Upload] = ()
) -> Interaction:
    """What the customer says in the portal: it opens the ticket again."""
    if not text.strip():
        raise Invalid.field("text", "Write something.")
    file_ids = [files.store(ctx, upload.name, upload.data) for upload in uploads]
    said = _say(ctx, ticket, "web", "in", [party], text, file_ids)
    for file_id in file_ids:
        files.attach(ctx, file_id, tickets.KEY, ticket.key)
    reopen(ctx, ticket)
    return said


def _say(
    ctx: Context, ticket: Ticket, channel: str, direction: str, parties: Sequence[Party], text: str,
    file_ids: Sequence[int],
) -> Interaction:  # fmt: skip
    said = interactions.log(
        ctx, channel, parties, direction=direction, subject=ticket.subject, body=text.strip()[:50_000],
        thread_id=ticket.thread_id, module="service", resource=tickets.KEY, record_id=ticket.key,
    )  # fmt: skip
    for file_id in file_ids:
        files.attach(ctx, file_id, "interactions", said.key)
    return said


def reopen(ctx: Context, ticket: Ticket) -> None:
    """The customer has spoken again: whoever waited for them, or thought it settled, has work again."""
    if ticket.trashed_at is None and ticket.status in ("pending", "solved", "closed"):
        editing.change(ctx, ctx.assembly.resource(tickets.KEY), ticket.key, {"status": "open"})


def mailbox_of(ctx: Context, ticket: Ticket) -> int | None:
    """The mailbox a ticket is answered from: its queue's, else the first of service."""
    q, m = table(Queue), table(Mailbox)
    if ticket.queue_id is not None:
        statement = (
            select(m.c.id)
            .join(q, q.c.address == m.c.address)
            .where(q.c.id == ticket.queue_id, m.c.active.is_(True), m.c.trashed_at.is_(None))
        )
        found = ctx.session.execute(statement.limit(1)).scalar()
        if found is not None:
            return int(found)
    return mailflow.sending_mailbox(ctx, "service")


def attach_requester(ctx: Context, ticket: Ticket, customer_id: int, *, remember: bool) -> None:
    """Say who asked: the ticket, its thread and the timeline follow. ``remember`` keeps the address at the customer."""
    customers = ctx.assembly.resource("customers")
    customer: Customer = editing.load(ctx, customers, customer_id)
    p, i = table(Participant), table(Interaction)
    unresolved = ctx.session.execute(
        select(p.c.interaction_id, p.c.id)
        .join(i, i.c.id == p.c.interaction_id)
        .where(
            i.c.thread_id == ticket.thread_id,
            p.c.customer_id.is_(None),
            p.c.address == ticket.requester_email,
        )
    ).all()
    for row in unresolved if ticket.requester_email else ():
        interactions.attach_customer(ctx, row.interaction_id, row.id, customer_id)
    if remember and ticket.requester_email:
        known = read_one(ctx, customers, customer_id).get("emails") or []
        if ticket.requester_email not in known:
            editing.change(ctx, customers, customer_id, {"emails": [*known, ticket.requester_email]})
    values: dict[str, Any] = {"customer": customer_id}
    if customer.kind == "person":
        values = {"customer": tickets.account_of(ctx, customer_id), "contact": customer_id}
    editing.change(ctx, ctx.assembly.resource(tickets.KEY), ticket.key, values)


def create_requester(ctx: Context, ticket: Ticket, values: Mapping[str, str]) -> int:
    """Make a customer of the sender and attach it, in one step. Returns the customer's id."""
    given = {"kind": values.get("kind") or "person", "name": values.get("name", ""), "source": "ticket"}
    emails = [ticket.requester_email] if ticket.requester_email else []
    customer = editing.create(ctx, ctx.assembly.resource("customers"), {**given, "emails": emails})
    attach_requester(ctx, ticket, customer.key, remember=False)
    return int(customer.key)


def reply_to(ticket: Ticket, touches: Sequence[mailflow.Touch]) -> str:
    """Whom an answer goes to: who wrote last, else who asked."""
    for touch in reversed(touches):
        if (
            touch.channel == "email"
            and touch.direction == "in"
            and not touch.quarantined
            and not touch.auto_reply
        ):
            senders = touch.named("from")
            if senders and senders[0]["because"] != "a delivery report":
                return str(senders[0]["address"])
    return ticket.requester_email
