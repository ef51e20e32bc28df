"""Tickets on other pages: a customer's, the acting user's own, and the numbers the firm watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Context, Customer, Measure, Metric, OpenCase, Panel, row_scope, table
from sqlalchemy import case, func, or_, select

from patron_service.models import Ticket
from patron_service.services.tickets import KEY, OPEN

SHOWN = 6
_COLUMNS = (
    "id",
    "number",
    "subject",
    "status",
    "priority",
    "opened_at",
    "first_response_due_at",
    "first_responded_at",
)


def open_cases(ctx: Context, customers: Sequence[int]) -> list[OpenCase]:
    """Open tickets that these customers have or gave, the newest first; the contact's own before the firm's."""
    if not ctx.actor.may(f"{KEY}.read"):
        return []
    t = table(Ticket)
    seen = row_scope(ctx, ctx.assembly.resource(KEY))
    theirs = or_(t.c.customer_id.in_(customers), t.c.contact_id.in_(customers))
    wanted = (t.c.id, t.c.number, t.c.subject, t.c.customer_id, t.c.contact_id, t.c.updated_at)
    rows = select(*wanted).where(theirs, t.c.status.in_(OPEN), t.c.trashed_at.is_(None), seen)
    return [
        OpenCase(
            f"{row.number} {row.subject}",
            f"/service/tickets/{row.id}",
            row.contact_id if row.contact_id in customers else row.customer_id,
            row.updated_at,
        )
        for row in ctx.session.execute(rows.order_by(t.c.updated_at.desc(), t.c.id.desc()).limit(SHOWN))
    ]


def customer_panel(ctx: Context, customer: Customer) -> Panel:
    """A customer's tickets, open ones first: one statement, however many there are."""
    t = table(Ticket)
    theirs = or_(t.c.customer_id == customer.key, t.c.contact_id == customer.key)
    seen = row_scope(ctx, ctx.assembly.resource(KEY))
    is_open = t.c.status.in_(OPEN)
    rows = (
        ctx.session.execute(
            select(
                *(t.c[name] for name in _COLUMNS), func.sum(case((is_open, 1), else_=0)).over().label("open")
            )
            .where(theirs, seen, t.c.trashed_at.is_(None))
            .order_by(case((is_open, 0), else_=1), t.c.opened_at.desc(), t.c.id.desc())
            .limit(SHOWN)
        )
        .mappings()
        .all()
    )
    data = {
        "tickets": [_shown(ctx, row) for row in rows], "open": int(rows[0]["open"]) if rows else 0,
        "link": "contact" if customer.kind == "person" else "customer", "customer_id": customer.key,
        "may_create": ctx.actor.may(f"{KEY}.create"),
    }  # fmt: skip
    return Panel("tickets", "Tickets", "service/customer_panel.html", data, icon="ticket", order=30)


def home_panel(ctx: Context) -> Panel:
    """The acting user's open tickets by what is due first, and how many wait for anyone: two statements."""
    t = table(Ticket)
    is_open = t.c.status.in_(("new", "open")) & t.c.trashed_at.is_(None)
    rows = ctx.session.execute(
        select(*(t.c[name] for name in _COLUMNS))
        .where(t.c.owner_id == (ctx.actor.user_id or 0), is_open)
        .order_by(t.c.first_responded_at.is_not(None), t.c.first_response_due_at, t.c.id)
        .limit(SHOWN)
    ).mappings()
    waiting = select(func.count()).select_from(t).where(t.c.owner_id.is_(None), is_open)
    seen = row_scope(ctx, ctx.assembly.resource(KEY))
    data = {
        "tickets": [_shown(ctx, row) for row in rows],
        "waiting": ctx.session.execute(waiting.where(seen)).scalar_one(),
    }
    return Panel("queue", "My tickets", "service/home_panel.html", data, icon="ticket", order=20)


def _shown(ctx: Context, row: Mapping[Any, Any]) -> dict[str, Any]:
    late = (
        row["first_responded_at"] is None and row["first_response_due_at"] < ctx.now and row["status"] in OPEN
    )
    return {**row, "late": late, "waits": row["first_responded_at"] is None}


_OPEN = {"status": {"in": list(OPEN)}}
_LATE = {**_OPEN, "first_responded_at": {"empty": True}, "first_response_due_at": {"lt": {"days": 0}}}
METRICS = (
    Metric("open_tickets", "Open tickets", of=Measure(KEY, _OPEN, by="priority"), pinned=True, falling=True),
    Metric(
        "late_answers",
        "Tickets whose first answer is overdue",
        of=Measure(KEY, _LATE, by="priority"),
        falling=True,
    ),
)
