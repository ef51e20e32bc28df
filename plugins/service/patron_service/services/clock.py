"""The clock of the first answer: so many minutes of working time after a ticket was opened, explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patron import Context, table
from patron_workflow.api import calendar_for, due_at, elapsed
from sqlalchemy import select

from patron_service.models import Queue, Ticket

DEFAULT_MINUTES = 240
SHARE = {"urgent": 25, "high": 50, "normal": 100, "low": 200}  # percent of the queue's minutes


@dataclass(frozen=True)
class Clock:
    """How the first answer stands. ``state``: running, late, met or missed. Minutes are of working time."""

    state: str
    due_at: datetime
    responded_at: datetime | None
    minutes: int
    elapsed: int
    calendar: str
    explanation: str


def start(ctx: Context, ticket: Ticket) -> None:
    """Set calendar, minutes and due time from the ticket's queue and priority, counted from its opening."""
    t = table(Queue)
    row = None
    if ticket.queue_id is not None:
        statement = select(t.c.calendar, t.c.first_response_minutes).where(t.c.id == ticket.queue_id)
        row = ctx.session.execute(statement).first()
    base = (
        row.first_response_minutes if row else int(ctx.assembly.setting("service", "first_response_minutes"))
    )
    calendar = calendar_for(ctx, row.calendar if row else "")
    ticket.clock_calendar = calendar.name
    ticket.clock_minutes = max(1, base * SHARE[ticket.priority] // 100)
    ticket.first_response_due_at = due_at(calendar, ticket.opened_at, ticket.clock_minutes)


def read(ctx: Context, ticket: Ticket) -> Clock:
    """The clock now, with the sentence that explains it."""
    calendar = calendar_for(ctx, ticket.clock_calendar)
    end = ticket.first_responded_at or ctx.now
    used = elapsed(calendar, ticket.opened_at, end)
    late = end > ticket.first_response_due_at
    state = ("missed" if late else "met") if ticket.first_responded_at else ("late" if late else "running")
    explanation = (
        f"{_said(ticket.clock_minutes)} of working time by the calendar “{calendar.name}” ({calendar.time_zone}), "
        f"at {ticket.priority} priority; {_said(used)} {'were used' if ticket.first_responded_at else 'have passed'}."
    )
    return Clock(
        state, ticket.first_response_due_at, ticket.first_responded_at, ticket.clock_minutes, used, calendar.name,
        explanation,
    )  # fmt: skip


def said_of(ctx: Context, ticket_ids: Sequence[int]) -> Mapping[int, str]:
    """How the first answer of each ticket stands, in a few words for lists: one statement."""
    t = table(Ticket)
    statement = select(t.c.id, t.c.status, t.c.first_response_due_at, t.c.first_responded_at).where(
        t.c.id.in_(ticket_ids)
    )
    return {row.id: _in_words(ctx, row) for row in ctx.session.execute(statement)} if ticket_ids else {}


def _in_words(ctx: Context, row: Any) -> str:
    due, answered = row.first_response_due_at, row.first_responded_at
    if answered is not None:
        return "In time" if answered <= due else "Late"
    if row.status in ("solved", "closed"):
        return "None"
    left = int((due - ctx.now).total_seconds() // 60)
    how_long = _said(abs(left)) if abs(left) < 2 * 1440 else f"{abs(left) // 1440} days"
    return f"Due in {how_long}" if left >= 0 else f"Overdue by {how_long}"


def _said(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )
