"""Logging a touch: thread, interaction, participants, and one timeline entry per customer and per organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update

from patron.accounts import audit
from patron.context import Context
from patron.errors import Invalid
from patron.events import publish
from patron.interactions.channels import CHANNELS
from patron.interactions.intents import intent_by_rule
from patron.interactions.lines import organisations_of as organisations_of
from patron.interactions.lines import write_timeline as write_timeline
from patron.interactions.models import Interaction, Participant, Thread
from patron.interactions.participants import attach_customer as attach_customer
from patron.interactions.participants import outside
from patron.interactions.participants import participants_of as participants_of
from patron.permissions import Actor
from patron.records import table

PARTS = ("from", "to", "cc", "bcc", "caller", "attendee", "about")
BULK_PARTIES = 20


@dataclass(frozen=True)
class Party:
    """A party to a touch. ``customer_id`` None is someone unknown: kept as written, attached later."""

    part: str  # one of PARTS
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
    author: Actor | None = None,
) -> Interaction:
    """Write a touch with its parties in a thread (a new one by default) and on the timelines of those concerned.

    ``author`` is whose touch it was, where that is another one than writes it down now: the history names them, the
    audit who writes.
    """
    written = ctx if author is None else ctx.acting_as(author)
    _check(ctx, channel, direction, intent, visibility)
    moment = at or ctx.now
    if not intent and direction == "in":
        intent = intent_by_rule(ctx, channel, subject, body)
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
        bulk=_is_bulk(ctx, parties),
        owner_id=written.actor.user_id,
        team_id=min(written.actor.team_ids, default=None),
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
            written,
            interaction,
            [p.customer_id for p in parties if p.customer_id],
            module,
            resource,
            record_id,
        )
    publish(
        ctx,
        "interactions.logged",
        {"id": interaction.key, "channel": channel, "direction": direction, "intent": intent},
    )
    return interaction


def _is_bulk(ctx: Context, parties: Sequence[Party]) -> bool:
    """Whether a touch went to so many outside the firm that it says nothing of one of them."""
    if len(parties) <= BULK_PARTIES:
        return False
    return outside(ctx, ((party.customer_id, party.address) for party in parties)) > BULK_PARTIES


def _check(ctx: Context, channel: str, direction: str, intent: str, visibility: str) -> None:
    if channel not in CHANNELS:
        raise Invalid.field("channel", f"A channel is one of: {', '.join(CHANNELS)}.")
    if direction not in ("in", "out"):
        raise Invalid.field("direction", "A touch goes in or out.")
    if intent and intent not in ctx.assembly.intents:
        raise Invalid.field("intent", f"An intent is one of: {', '.join(ctx.assembly.intents)}.")
    if visibility not in ("all", "team", "private"):
        raise Invalid.field("visibility", "Visible to all, team or private.")
