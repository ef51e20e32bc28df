"""Some sixty tickets of the last months for a demo: by mail, portal and phone, with what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from patron import (
    Actor,
    Context,
    Customer,
    Mailbox,
    Party,
    Scope,
    Team,
    TeamMember,
    User,
    editing,
    interactions,
    table,
)
from sqlalchemy import select

from patron_service.sample_texts import MATTERS, MORE, NOTES, RATINGS, THANKS
from patron_service.services import conversation, surveys, tickets

TICKETS = 60
DAYS = 120
SUPPORT = "support@patron.example"


@dataclass(frozen=True)
class _Agent:
    id: int
    name: str


def add_samples(ctx: Context, random: Random) -> None:
    """Two queues, the support mailbox (off), and tickets of the known customers."""
    agents, team_id = _agents(ctx)
    customers = _customers(ctx, random)
    if not agents or not customers:
        return
    queues = _queues(ctx, team_id)
    if team_id is not None:
        rule = {
            "name": "Service desk",
            "kind": "ticket",
            "position": 10,
            "method": "least_loaded",
            "team": team_id,
        }
        editing.create(ctx, ctx.assembly.resource("workflow.rules"), rule)
    ctx.session.add(Mailbox(name="Support", address=SUPPORT, module="service", active=False))
    for number in range(TICKETS):
        days = DAYS * (1 - number / TICKETS) ** 2 + random.random()
        _ticket(ctx, random, random.choice(agents), random.choice(customers), random.choice(queues), days)


def _agents(ctx: Context) -> tuple[list[_Agent], int | None]:
    """The members of the team called Service, else every user."""
    u, t, m = table(User), table(Team), table(TeamMember)
    rows = ctx.session.execute(
        select(u.c.id, u.c.name, t.c.id.label("team_id"))
        .select_from(u.join(m, m.c.user_id == u.c.id).join(t, t.c.id == m.c.team_id))
        .where(t.c.name == "Service", u.c.active.is_(True))
        .order_by(u.c.id)
    ).all()
    if rows:
        return [_Agent(row.id, row.name) for row in rows], rows[0].team_id
    everyone = ctx.session.execute(
        select(u.c.id, u.c.name).where(u.c.active.is_(True)).order_by(u.c.id).limit(4)
    )
    return [_Agent(row.id, row.name) for row in everyone], None


def _customers(ctx: Context, random: Random) -> Sequence[Any]:
    c = table(Customer)
    rows = ctx.session.execute(
        select(c.c.id, c.c.name, c.c.primary_email)
        .where(
            c.c.kind == "person",
            c.c.primary_email != "",
            c.c.trashed_at.is_(None),
            c.c.merged_into_id.is_(None),
        )
        .order_by(c.c.id)
        .limit(300)
    ).all()
    return random.sample(rows, min(40, len(rows)))


def _queues(ctx: Context, team_id: int | None) -> list[int]:
    resource = ctx.assembly.resource("service.queues")
    return [
        editing.create(
            ctx,
            resource,
            {"name": name, "address": address, "team": team_id, "first_response_minutes": minutes},
        ).key
        for name, address, minutes in (("Support", SUPPORT, 240), ("Returns", "", 480))
    ]


def _at(ctx: Context, agent: _Agent | None, days: float) -> Context:
    """The same unit of work some days ago: as the agent, or as the firm itself."""
    actor = Actor("user", agent.id, agent.name, grants={"*": Scope.ALL}) if agent else ctx.actor
    return replace(ctx.acting_as(actor), now=ctx.now - timedelta(days=max(days, 0.01)), muted=True)


def _ticket(ctx: Context, random: Random, agent: _Agent, customer: Any, queue: int, days: float) -> None:
    subject, asked, answered = random.choice(MATTERS)
    channel = random.choices(("email", "web", "phone"), (6, 2, 2))[0]
    values = {
        "subject": subject, "description": asked, "contact": customer.id, "channel": channel, "queue": queue,
        "priority": random.choices(("low", "normal", "high", "urgent"), (2, 10, 3, 1))[0], "owner": agent.id,
    }  # fmt: skip
    opening = tickets.Opening(email=customer.primary_email, name=customer.name)
    ticket = tickets.open_ticket(_at(ctx, None, days), values, opening)
    fresh = days < 1.2
    if fresh and random.random() < 0.7:
        return
    days -= random.choice((0.05, 0.1, 0.2, 0.8))
    them = Party("from", customer.id, customer.primary_email, customer.name)
    _answered(_at(ctx, agent, days), ticket, replace(them, part="to"), answered)
    if random.random() < 0.35:
        conversation.note(_at(ctx, agent, days - 0.02), ticket, random.choice(NOTES))
    days -= random.choice((0.1, 0.5, 1.0))
    if random.random() < 0.3:
        conversation.answer(_at(ctx, None, days), ticket, them, random.choice(MORE))
        _answered(
            _at(ctx, agent, days - 0.2),
            ticket,
            replace(them, part="to"),
            "I have looked into it again, and it is settled now.",
        )
    if random.random() < 0.6:
        conversation.answer(_at(ctx, None, days - 0.4), ticket, them, random.choice(THANKS))
    status = "pending" if days < 4 else random.choices(("solved", "closed", "open"), (6, 5, 1))[0]
    _status(_at(ctx, agent, days - 0.6), ticket, status)
    if status in ("solved", "closed") and random.random() < 0.6:
        score, comment = random.choices(RATINGS, (12, 8, 4, 2, 1))[0]
        surveys.answer_ticket(_at(ctx, None, days - 0.8), ticket, str(score), comment)


def _answered(ctx: Context, ticket: Any, party: Party, text: str) -> None:
    interactions.log(
        ctx, "web" if ticket.channel == "web" else "email", [party], direction="out", subject=f"Re: {ticket.subject}",
        body=text, thread_id=ticket.thread_id, module="service", resource=tickets.KEY, record_id=ticket.key,
    )  # fmt: skip
    tickets.responded(ctx, ticket)


def _status(ctx: Context, ticket: Any, status: str) -> None:
    if ticket.status != status:
        editing.change(ctx, ctx.assembly.resource(tickets.KEY), ticket.key, {"status": status})
