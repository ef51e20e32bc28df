"""Logging a touch: thread, interaction, participants, and one timeline entry per customer and per organisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import false, insert, or_, select, update

from patron.accounts import audit
from patron.context import Context
from patron.contributions import Intent
from patron.customers.models import Customer, Relationship
from patron.errors import Invalid
from patron.events import publish
from patron.interactions import timeline
from patron.interactions.models import Interaction, Participant, Thread
from patron.records import table
from patron.resources.scope import scope_clause

CHANNELS = {
    "email": "E-mail",
    "phone": "Call",
    "fax": "Fax",
    "chat": "Chat",
    "sms": "SMS",
    "web": "Web",
    "meeting": "Meeting",
    "post": "Letter",
    "note": "Note",
}
CHANNEL_ICONS = {
    "email": "mail",
    "phone": "phone",
    "fax": "file-text",
    "chat": "message-square",
    "sms": "message-square",
    "web": "globe",
    "meeting": "calendar",
    "post": "inbox",
    "note": "pen-line",
}
INTENTS = (
    Intent("enquiry", "Enquiry"),
    Intent("order", "Order"),
    Intent("complaint", "Complaint"),
    Intent("praise", "Praise"),
    Intent("change", "Change"),
    Intent("cancel", "Cancellation"),
    Intent("payment", "Payment"),
    Intent("suggestion", "Suggestion"),
)
BULK_PARTIES = 20


@dataclass(frozen=True)
class Party:
    """A party to a touch. ``customer_id`` None is someone unknown: kept as written, attached later."""

    part: str  # from | to | cc | bcc | caller | attendee | about
    customer_id: int | None = None
    address: str = ""
    name: str = ""
    because: str = ""


def log(
    ctx: Context,
    channel: str,
    parties: Sequence[Party],
    *,
    direction: str = "in",
    intent: str = "",
    subject: str = "",
    body: str = "",
    at: datetime | None = None,
    thread_id: int | None = None,
    duration_seconds: int | None = None,
    visibility: str = "all",
    mail_id: int | None = None,
    joined_because: str = "",
    quarantined: bool = False,
    module: str = "core",
    resource: str = "",
    record_id: int | None = None,
) -> Interaction:
    """Write a touch with its parties in a thread (a new one by default) and on the timelines of those concerned."""
    _check(ctx, channel, direction, intent, visibility)
    moment = at or ctx.now
    if thread_id is None:
        thread_id = ctx.session.execute(
            insert(table(Thread))
            .values(subject=subject, created_at=moment, last_at=moment)
            .returning(table(Thread).c.id)
        ).scalar_one()
    else:
        t = table(Thread)
        ctx.session.execute(update(t).where(t.c.id == thread_id, t.c.last_at < moment).values(last_at=moment))
    interaction = Interaction(
        thread_id=thread_id,
        channel=channel,
        direction=direction,
        intent=intent,
        subject=subject,
        body=body,
        at=moment,
        duration_seconds=duration_seconds,
        visibility=visibility,
        mail_id=mail_id,
        brand_id=ctx.assembly.company.brand_id,
        joined_because=joined_because,
        quarantined=quarantined,
        bulk=len(parties) > BULK_PARTIES,
        owner_id=ctx.actor.user_id,
        team_id=min(ctx.actor.team_ids, default=None),
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.session.add(interaction)
    ctx.session.flush()
    if parties:
        ctx.session.execute(
            insert(table(Participant)),
            [
                {
                    "interaction_id": interaction.key,
                    "part": p.part,
                    "address": p.address,
                    "name": p.name,
                    "customer_id": p.customer_id,
                    "user_id": None,
                    "resolved_because": p.because,
                }
                for p in parties
            ],
        )
    concerned = next((p.customer_id for p in parties if p.customer_id), None)
    audit.record(ctx, "create", "interactions", interaction.key, customer_id=concerned)
    if not quarantined:
        write_timeline(
            ctx, interaction, [p.customer_id for p in parties if p.customer_id], module, resource, record_id
        )
    publish(
        ctx,
        "interactions.logged",
        {"id": interaction.key, "channel": channel, "direction": direction, "intent": intent},
    )
    return interaction


def _check(ctx: Context, channel: str, direction: str, intent: str, visibility: str) -> None:
    if channel not in CHANNELS:
        raise Invalid.field("channel", f"A channel is one of: {', '.join(CHANNELS)}.")
    if direction not in ("in", "out"):
        raise Invalid.field("direction", "A touch goes in or out.")
    if intent and intent not in ctx.assembly.intents:
        raise Invalid.field("intent", f"An intent is one of: {', '.join(ctx.assembly.intents)}.")
    if visibility not in ("all", "team", "private"):
        raise Invalid.field("visibility", "Visible to all, team or private.")


def write_timeline(
    ctx: Context,
    interaction: Interaction,
    customer_ids: Iterable[int],
    module: str = "core",
    resource: str = "",
    record_id: int | None = None,
) -> None:
    """A touch on the timelines: once per customer, and once per organisation they belong to at that time."""
    direct = list(dict.fromkeys(customer_ids))
    names = names_of(ctx, direct)
    title = (
        interaction.subject
        or f"{CHANNELS[interaction.channel]} {'from' if interaction.direction == 'in' else 'to'} "
        + (", ".join(names.values()) or "unknown")
    )
    shared: dict[str, Any] = {
        "at": interaction.at,
        "module": module,
        "resource": resource,
        "record_id": record_id,
        "thread_id": interaction.thread_id,
        "interaction_id": interaction.key,
        "visibility": interaction.visibility,
        "body": interaction.body[:2000],
    }
    about = {"channel": interaction.channel, "direction": interaction.direction, "intent": interaction.intent}
    for customer_id in direct:
        timeline.add(
            ctx,
            customer_id,
            f"core.{interaction.channel}",
            title,
            snapshot=about,
            contact=not interaction.bulk,
            **shared,
        )
    for organisation_id, person_id in organisations_of(ctx, direct, interaction.at).items():
        if organisation_id not in direct:
            through = {**about, "through": names.get(person_id, "")}
            timeline.add(
                ctx,
                organisation_id,
                f"core.{interaction.channel}",
                f"{title} ({names.get(person_id, '')})",
                snapshot=through,
                contact=not interaction.bulk,
                **shared,
            )


def names_of(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    """What these customers are called."""
    if not ids:
        return {}
    t = table(Customer)
    return {row.id: row.name for row in ctx.session.execute(select(t.c.id, t.c.name).where(t.c.id.in_(ids)))}


def organisations_of(ctx: Context, ids: Sequence[int], at: datetime) -> dict[int, int]:
    """Organisations these persons work at on that day, each with the first of the persons."""
    if not ids:
        return {}
    t = table(Relationship)
    day = at.date()
    statement = select(t.c.to_id, t.c.from_id).where(
        t.c.from_id.in_(ids),
        t.c.kind == "works_at",
        or_(t.c.since.is_(None), t.c.since <= day),
        or_(t.c.until.is_(None), t.c.until >= day),
    )
    found: dict[int, int] = {}
    for row in ctx.session.execute(statement):
        found.setdefault(row.to_id, row.from_id)
    return found


def participants_of(ctx: Context, interaction_id: int) -> list[dict[str, Any]]:
    """The parties of a touch; a customer out of the actor's scope is shown by the address alone."""
    t, c = table(Participant), table(Customer)
    customers = ctx.assembly.resource("customers")
    scope = ctx.actor.scope(customers.permission("read"))
    seen = scope_clause(ctx, customers, scope) if scope else false()
    statement = (
        select(
            t.c.id,
            t.c.part,
            t.c.address,
            t.c.name,
            t.c.resolved_because.label("because"),
            c.c.id.label("customer_id"),
            c.c.name.label("customer_name"),
        )
        .select_from(t.outerjoin(c, (c.c.id == t.c.customer_id) & seen))
        .where(t.c.interaction_id == interaction_id)
        .order_by(t.c.id)
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def attach_customer(ctx: Context, interaction_id: int, participant_id: int, customer_id: int) -> None:
    """Say who an unresolved party is: the touch, unless held back, is then on their timeline."""
    t, i = table(Participant), table(Interaction)
    changed = ctx.session.execute(
        update(t)
        .where(t.c.id == participant_id, t.c.interaction_id == interaction_id)
        .values(customer_id=customer_id, resolved_because=f"set by {ctx.actor.name}")
        .returning(t.c.id)
    ).first()
    if changed is None:
        raise Invalid("There is no such party.")
    interaction = ctx.session.execute(select(Interaction).where(i.c.id == interaction_id)).scalar_one()
    if not interaction.quarantined:
        write_timeline(ctx, interaction, [customer_id])
