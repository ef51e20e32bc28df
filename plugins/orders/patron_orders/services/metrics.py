"""Numbers about selling that the firm watches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from patron import Context, Metric, table
from sqlalchemy import func, select

from patron_orders.models import Invoice, OpenItem


def revenue(ctx: Context) -> Mapping[str, int]:
    """Net of the invoices of the last thirty days less credit notes, per currency in minor units."""
    t = table(Invoice)
    since = ctx.now.date() - timedelta(days=30)
    statement = (
        select(t.c.currency, func.sum(t.c.net_minor))
        .where(t.c.issued_on > since, t.c.issued_on <= ctx.now.date(), t.c.trashed_at.is_(None))
        .group_by(t.c.currency)
    )
    return {row[0]: int(row[1]) for row in ctx.session.execute(statement)}


def owed(ctx: Context) -> Mapping[str, int]:
    """What customers owe, per currency in minor units."""
    return _owed(ctx, overdue_only=False)


def overdue(ctx: Context) -> Mapping[str, int]:
    """What customers owe and should have paid, per currency in minor units."""
    return _owed(ctx, overdue_only=True)


def _owed(ctx: Context, *, overdue_only: bool) -> Mapping[str, int]:
    t = table(OpenItem)
    statement = select(t.c.currency, func.sum(t.c.amount_minor - t.c.paid_minor)).where(
        t.c.state == "open", t.c.trashed_at.is_(None)
    )
    if overdue_only:
        statement = statement.where(t.c.due_on < ctx.now.date())
    return {row[0]: int(row[1]) for row in ctx.session.execute(statement.group_by(t.c.currency))}


METRICS = (
    Metric("revenue", "Revenue in thirty days", revenue, unit="money"),
    Metric("owed", "Open items", owed, unit="money"),
    Metric("overdue", "Overdue", overdue, unit="money"),
)
