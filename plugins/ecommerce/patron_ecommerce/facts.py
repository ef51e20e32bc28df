"""What the shop knows of each customer, for filters, segments and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import Context, CustomerFields, Field, table
from sqlalchemy import Select, cast, func, literal, null, select, union_all

from patron_ecommerce.models import Cart, Checkout, Shopper


def define(ctx: Context, customers: Sequence[int] | None) -> Select[Any]:
    """Shop orders, and the cart that was touched last."""
    k, c = table(Checkout), table(Cart)
    orders = select(
        k.c.customer_id,
        literal(1).label("orders"),
        k.c.placed_at.label("last_order_at"),
        literal(0).label("open_cart_minor"),
        cast(null(), c.c.touched_at.type).label("open_cart_at"),
    ).where(k.c.customer_id.is_not(None), k.c.trashed_at.is_(None))
    newest = func.row_number().over(
        partition_by=c.c.customer_id, order_by=(c.c.touched_at.desc(), c.c.id.desc())
    )
    carts = select(c.c.customer_id, c.c.gross_minor, c.c.touched_at, newest.label("place")).where(
        c.c.customer_id.is_not(None), c.c.status.in_(("open", "abandoned")), c.c.pieces > 0
    )
    if customers is not None:
        orders = orders.where(k.c.customer_id.in_(customers))
        carts = carts.where(c.c.customer_id.in_(customers))
    last = carts.subquery()
    cart = select(
        last.c.customer_id,
        literal(0),
        cast(null(), k.c.placed_at.type),
        last.c.gross_minor,
        last.c.touched_at,
    ).where(last.c.place == 1)
    both = union_all(orders, cart).subquery()
    return select(
        both.c.customer_id,
        func.sum(both.c.orders).label("orders"),
        func.max(both.c.last_order_at).label("last_order_at"),
        func.sum(both.c.open_cart_minor).label("open_cart_minor"),
        func.max(both.c.open_cart_at).label("open_cart_at"),
        literal(ctx.assembly.settings.currency).label("currency"),
    ).group_by(both.c.customer_id)


FACTS = CustomerFields(
    Shopper,
    (
        Field("orders", "Shop orders", "integer", default=0),
        Field("last_order_at", "Last shop order", "instant"),
        Field("open_cart", "Open cart", "money", default=0),
        Field("open_cart_at", "Cart last touched", "instant"),
    ),
    "ecommerce.shoppers.read",
    define=define,
    sources=("ecommerce.carts", "ecommerce.checkouts", "ecommerce.order"),
)
