"""Numbers about customers that the firm watches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select

from patron.context import Context
from patron.contributions import Metric
from patron.customers.models import Customer
from patron.interactions.models import Interaction
from patron.records import table


def known_customers(ctx: Context) -> Mapping[str, int]:
    """Customers of known standing that are neither merged nor in the trash."""
    t = table(Customer)
    statement = select(func.count()).select_from(t).where(t.c.trashed_at.is_(None), t.c.standing == "known")
    return {"": int(ctx.session.execute(statement).scalar_one())}


def touches(ctx: Context) -> Mapping[str, int]:
    """Interactions of the last seven days."""
    t = table(Interaction)
    statement = select(func.count()).select_from(t).where(t.c.at > ctx.now - timedelta(days=7))
    return {"": int(ctx.session.execute(statement).scalar_one())}


METRICS = (
    Metric("customers", "Customers", known_customers),
    Metric("touches", "Touches in seven days", touches),
)
