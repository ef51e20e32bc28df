"""One question after a solved ticket: asked once by mail, or in the portal; the answer counts as satisfaction."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from patron import (
    Context,
    Event,
    Invalid,
    Measure,
    Metric,
    NotFound,
    audit,
    mailflow,
    preferring,
    publish,
    search,
    table,
    timeline,
)
from sqlalchemy import select

from patron_service.models import Survey, Ticket
from patron_service.services import tickets
from patron_service.services.conversation import mailbox_of, reply_to

KEY = "service.surveys"
ASK = "ask_satisfaction"
PAUSE = timedelta(days=14)  # nobody is asked more often
OPEN_FOR = timedelta(days=60)  # so long the link works and an answer can be changed
SCORES = (
    (5, "Very satisfied"),
    (4, "Satisfied"),
    (3, "So-so"),
    (2, "Dissatisfied"),
    (1, "Very dissatisfied"),
)
_TEXT = """Your request {number} (“{subject}”) is solved, as far as we know.

How satisfied are you? It is one question:
{link}

If it is not solved, just answer this mail: the request opens again.
"""


def on_ticket_solved(ctx: Context, event: Event) -> None:
    """Ask whoever had the ticket, if there is an address, the firm wants it, and they were not asked of late."""
    if not ctx.assembly.setting("service", ASK):
        return
    t = table(Ticket)
    statement = select(Ticket).where(t.c.id == event.payload["id"], t.c.status.in_(("solved", "closed")))
    ticket = ctx.session.execute(statement).scalar_one_or_none()
    if ticket is None or survey_of(ctx, ticket.key) is not None:
        return
    address = reply_to(ticket, mailflow.conversation(ctx, ticket.thread_id))
    mailbox_id = mailbox_of(ctx, ticket)
    gone = preferring.gone(ctx, (ticket.contact_id, ticket.customer_id))
    if address and mailbox_id is not None and not gone and not _asked_lately(ctx, address):
        _ask(ctx, ticket, address, mailbox_id)


def _asked_lately(ctx: Context, address: str) -> bool:
    s = table(Survey)
    statement = select(s.c.id).where(s.c.email == address.lower(), s.c.asked_at > ctx.now - PAUSE).limit(1)
    return ctx.session.execute(statement).first() is not None


def _ask(ctx: Context, ticket: Ticket, address: str, mailbox_id: int) -> None:
    secret = secrets.token_urlsafe(24)
    _begin(ctx, ticket, secret, address)
    link = f"{ctx.assembly.settings.base_url.rstrip('/')}/survey/{secret}"
    mailflow.queue_mail(
        ctx, mailbox_id, [mailflow.Address(ticket.requester_name, address)], f"How was it? {ticket.subject}"[:200],
        _TEXT.format(number=ticket.number, subject=ticket.subject, link=link), thread_id=ticket.thread_id,
        module="service", resource=tickets.KEY, record_id=ticket.key,
    )  # fmt: skip


def _begin(ctx: Context, ticket: Ticket, secret: str, address: str = "") -> Survey:
    survey = Survey(
        title=f"{ticket.number} {ticket.subject}"[:300],
        ticket_id=ticket.key,
        customer_id=ticket.customer_id,
        contact_id=ticket.contact_id,
        email=address.lower(),
        secret_hash=_hash(secret),
        asked_at=ctx.now,
        owner_id=ticket.owner_id,
        team_id=ticket.team_id,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.session.add(survey)
    ctx.session.flush()
    audit.record(
        ctx, "create", KEY, survey.key, {"ticket": (None, ticket.key)}, customer_id=survey.customer_id
    )
    search.index(ctx, ctx.assembly.resource(KEY), survey)
    return survey


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def survey_of(ctx: Context, ticket_id: int) -> Survey | None:
    """The survey of a ticket, if one was begun."""
    found: Survey | None = ctx.session.execute(
        select(Survey).where(table(Survey).c.ticket_id == ticket_id)
    ).scalar_one_or_none()
    return found


def find(ctx: Context, secret: str) -> Survey:
    """The survey that a link leads to; NotFound for any other, and when its time is over."""
    s = table(Survey)
    statement = select(Survey).where(
        s.c.secret_hash == _hash(secret), s.c.asked_at > ctx.now - OPEN_FOR, s.c.trashed_at.is_(None)
    )
    survey: Survey | None = ctx.session.execute(statement).scalar_one_or_none()
    if survey is None:
        raise NotFound("This question is no longer open.")
    return survey


def answer_ticket(ctx: Context, ticket: Ticket, score: str, comment: str) -> None:
    """The answer of a customer in the portal, asked by mail before or not. Invalid while the ticket is open."""
    if ticket.status not in ("solved", "closed"):
        raise Invalid.field("score", "Say it once the ticket is solved.")
    answer(ctx, survey_of(ctx, ticket.key) or _begin(ctx, ticket, secrets.token_urlsafe(24)), score, comment)


def answer(ctx: Context, survey: Survey, score: str, comment: str) -> None:
    """Keep an answer: on the timelines once, changed as often as wanted while it is open. Invalid for no score."""
    if score not in {str(value) for value, _ in SCORES}:
        raise Invalid.field("score", "Choose one of the five.")
    first, before = survey.answered_at is None, survey.score
    survey.score, survey.comment, survey.answered_at = int(score), comment.strip()[:2000], ctx.now
    survey.version += 1
    survey.updated_at = ctx.now
    ctx.session.add(survey)
    ctx.session.flush()
    audit.record(
        ctx, "change", KEY, survey.key, {"score": (before, survey.score)}, customer_id=survey.customer_id
    )
    if first:
        _tell(ctx, survey)
    else:
        publish(
            ctx, f"{KEY}.changed", {"id": survey.key, "fields": ["score"]}, customer_id=survey.customer_id
        )


def _tell(ctx: Context, survey: Survey) -> None:
    said = dict(SCORES)[survey.score or 0]
    for customer_id in dict.fromkeys(filter(None, (survey.customer_id, survey.contact_id))):
        timeline.add(
            ctx, customer_id, "service.survey.answered", f"{said} with {survey.title}", module="service",
            resource=KEY, record_id=survey.key, snapshot={"score": survey.score},
        )  # fmt: skip
    payload: dict[str, Any] = {"id": survey.key, "ticket": survey.ticket_id, "score": survey.score}
    publish(ctx, "service.survey.answered", payload, customer_id=survey.customer_id)


METRICS = (
    Metric(
        "satisfaction",
        "Satisfaction in ninety days, of five",
        unit="score",
        of=Measure(KEY, {"answered_at": {"gt": {"days": -90}}}, "score", "answered_at", average=True),
        pinned=True,
    ),
)
