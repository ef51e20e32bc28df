"""What is known of each customer's tickets, for filters, segments and the customer's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import Context, CustomerFields, Field, table
from sqlalchemy import Integer, Select, case, cast, func, literal, null, select, union_all

from patron_service.models import CustomerService, Survey, Ticket
from patron_service.services.tickets import KEY, OPEN


def define(ctx: Context, customers: Sequence[int] | None) -> Select[Any]:
    """Open tickets, the newest of all, and the score that was given last."""
    t, s = table(Ticket), table(Survey)
    newest = func.row_number().over(
        partition_by=s.c.customer_id, order_by=(s.c.answered_at.desc(), s.c.id.desc())
    )
    answers = select(s.c.customer_id, s.c.score, newest.label("place")).where(
        s.c.customer_id.is_not(None), s.c.score.is_not(None), s.c.trashed_at.is_(None)
    )
    tickets = select(
        t.c.customer_id,
        case((t.c.status.in_(OPEN), 1), else_=0).label("open_tickets"),
        t.c.opened_at.label("last_ticket_at"),
        cast(null(), Integer).label("last_satisfaction"),
    ).where(t.c.customer_id.is_not(None), t.c.trashed_at.is_(None))
    if customers is not None:
        answers = answers.where(s.c.customer_id.in_(customers))
        tickets = tickets.where(t.c.customer_id.in_(customers))
    last = answers.subquery()
    scored = select(last.c.customer_id, literal(0), cast(null(), t.c.opened_at.type), last.c.score).where(
        last.c.place == 1
    )
    both = union_all(tickets, scored).subquery()
    return select(
        both.c.customer_id,
        func.sum(both.c.open_tickets).label("open_tickets"),
        func.max(both.c.last_ticket_at).label("last_ticket_at"),
        func.max(both.c.last_satisfaction).label("last_satisfaction"),
    ).group_by(both.c.customer_id)


FACTS = CustomerFields(
    CustomerService,
    (
        Field("open_tickets", "Open tickets", "integer", default=0),
        Field("last_ticket_at", "Last ticket", "instant"),
        Field("last_satisfaction", "Satisfaction last time (1 to 5)", "integer"),
    ),
    "service.tickets.read",
    define=define,
    sources=(KEY, "service.ticket", "service.surveys", "service.survey"),
)
