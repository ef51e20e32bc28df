"""What is sold today, as someone looks through it who may see it all: by category, by words, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from patron import Context, normalise, table
from sqlalchemy import and_, func, or_, select, tuple_

from patron_catalog.models import Product
from patron_catalog.services import INFO, ProductInfo

_WORDS = 6  # of a search; more say nothing new


@dataclass(frozen=True)
class Category:
    """A category as products name it. ``key`` is its folded name: what addresses and comparisons use."""

    key: str
    name: str
    products: int


def categories(ctx: Context) -> list[Category]:
    """The categories of what is sold, by name: one statement."""
    t = table(Product)
    statement = (
        select(t.c.category_key, func.min(t.c.category), func.count())
        .where(t.c.active.is_(True), t.c.trashed_at.is_(None), t.c.category_key != "")
        .group_by(t.c.category_key)
        .order_by(t.c.category_key)
    )
    return [Category(key, name, int(count)) for key, name, count in ctx.session.execute(statement)]


def browse(
    ctx: Context, *, category: str = "", words: str = "", after: int | None = None, limit: int = 24
) -> list[ProductInfo]:
    """What is sold, by name: of a category (its key), with every word in its name, number or category; what comes
    after the product ``after``. One statement."""
    t = table(Product)
    statement = select(*(t.c[name] for name in INFO)).where(t.c.active.is_(True), t.c.trashed_at.is_(None))
    if category:
        statement = statement.where(t.c.category_key == category)
    for word in normalise.fold(words).split()[:_WORDS]:
        places = (t.c.match_key, t.c.sku_key, t.c.category_key)
        statement = statement.where(or_(*(place.contains(word, autoescape=True) for place in places)))
    if after is not None:
        edge = select(t.c.name_key, t.c.id).where(t.c.id == after).subquery()
        statement = statement.join(
            edge, and_(tuple_(t.c.name_key, t.c.id) > tuple_(edge.c.name_key, edge.c.id))
        )
    rows = ctx.session.execute(statement.order_by(t.c.name_key, t.c.id).limit(limit))
    return [ProductInfo(*row) for row in rows]
