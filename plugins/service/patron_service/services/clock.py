"""The clock of the first answer: so many minutes of working time after a ticket was opened, explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
    base = row.first_response_minutes if row else DEFAULT_MINUTES
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


def _said(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )
