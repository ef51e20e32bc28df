"""Numbers about the shop that the firm watches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from patron import Context, Measure, Metric, table
from sqlalchemy import func, select

from patron_ecommerce.models import Cart, Checkout

_PERIOD = timedelta(days=30)


def revenue(ctx: Context) -> Mapping[str, int]:
    """Gross of the shop's orders of the last thirty days, those that came to nothing left out, per currency."""
    k = table(Checkout)
    counted = (k.c.placed_at > ctx.now - _PERIOD, k.c.undone_at.is_(None), k.c.trashed_at.is_(None))
    statement = select(k.c.currency, func.sum(k.c.gross_minor)).where(*counted).group_by(k.c.currency)
    return {row[0]: int(row[1]) for row in ctx.session.execute(statement)}


def conversion(ctx: Context) -> Mapping[str, int]:
    """Of the carts with something in them, touched in thirty days, how many were ordered: hundredths of a percent."""
    t = table(Cart)
    lively = (t.c.touched_at > ctx.now - _PERIOD, t.c.pieces > 0, t.c.trashed_at.is_(None))
    statement = select(t.c.status, func.count()).where(*lively).group_by(t.c.status)
    counts = {row[0]: int(row[1]) for row in ctx.session.execute(statement)}
    every = sum(counts.values())
    return {"": round(10_000 * counts.get("ordered", 0) / every) if every else 0}


METRICS = (
    Metric("shop_revenue", "Shop revenue in thirty days", revenue, unit="money", url="/ecommerce/checkouts"),
    Metric("conversion", "Carts ordered", conversion, unit="percent", url="/ecommerce/carts"),
    Metric(
        "abandoned_carts",
        "Carts left behind in thirty days",
        Measure(
            "ecommerce.carts", {"status": "abandoned", "touched_at": {"gt": {"days": -30}}}, by="touched_at"
        ),
        falling=True,
    ),
)
