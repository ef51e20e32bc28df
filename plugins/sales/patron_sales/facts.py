"""What is known of each customer's sales, for filters, segments and the customer's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import Context, CustomerFields, Field, table
from sqlalchemy import Select, and_, case, func, literal, select

from patron_sales.models import CustomerSales, Opportunity
from patron_sales.services.opportunities import KEY, OPEN


def define(ctx: Context, customers: Sequence[int] | None) -> Select[Any]:
    """Open and won opportunities; sums only of the firm's own currency."""
    currency = ctx.assembly.settings.currency
    t = table(Opportunity)
    is_open, is_won, ours = t.c.stage.in_(OPEN), t.c.stage == "won", t.c.currency == currency
    statement = select(
        t.c.customer_id,
        func.sum(case((is_open, 1), else_=0)).label("open_opportunities"),
        func.sum(case((and_(is_open, ours), t.c.value_minor), else_=0)).label("open_value_minor"),
        func.sum(case((is_won, 1), else_=0)).label("won"),
        func.sum(case((and_(is_won, ours), t.c.value_minor), else_=0)).label("won_value_minor"),
        func.max(case((is_won, t.c.won_at))).label("last_won_at"),
        literal(currency).label("currency"),
    ).where(t.c.trashed_at.is_(None))
    if customers is not None:
        statement = statement.where(t.c.customer_id.in_(customers))
    return statement.group_by(t.c.customer_id)


FACTS = CustomerFields(
    CustomerSales,
    (
        Field("open_opportunities", "Open opportunities", "integer", default=0),
        Field("open_value", "Value of open opportunities", "money", default=0),
        Field("won", "Opportunities won", "integer", default=0),
        Field("won_value", "Won", "money", default=0),
        Field("last_won_at", "Last won", "instant"),
    ),
    "sales.opportunities.read",
    define=define,
    sources=(KEY, "sales.opportunity"),
)
