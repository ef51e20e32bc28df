"""Numbers about selling that the firm watches."""

from __future__ import annotations

from collections.abc import Mapping

from patron import Context, Measure, Metric, table
from sqlalchemy import func, select

from patron_orders.models import OpenItem

INVOICES = "orders.invoices"


def _last(days: int) -> Mapping[str, object]:
    """Invoices of so many days, today among them. Credit notes take back: their amounts are below zero."""
    return {"issued_on": {"gt": {"days": -days}, "le": {"days": 0}}}


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
    Metric(
        "revenue",
        "Revenue in thirty days",
        unit="money",
        of=Measure(INVOICES, _last(30), "net", "issued_on"),
        pinned=True,
    ),
    Metric(
        "revenue_year",
        "Revenue in a year",
        unit="money",
        of=Measure(INVOICES, _last(365), "net", "issued_on"),
        per_customer=True,
    ),
    Metric(
        "margin_year",
        "Margin in a year",
        unit="money",
        of=Measure(INVOICES, _last(365), "margin", "issued_on"),
        per_customer=True,
    ),
    Metric("owed", "Open items", owed, unit="money"),
    Metric("overdue", "Overdue", overdue, unit="money"),
)
