"""Numbers about the catalogue that the firm watches."""

from __future__ import annotations

from collections.abc import Mapping

from patron import Context, Metric, table
from sqlalchemy import func, select

from patron_catalog.models import Product


def products_sold(ctx: Context) -> Mapping[str, int]:
    """Products that are sold today."""
    t = table(Product)
    statement = select(func.count()).select_from(t).where(t.c.trashed_at.is_(None), t.c.active.is_(True))
    return {"": int(ctx.session.execute(statement).scalar_one())}


METRICS = (Metric("products", "Products on sale", products_sold),)
