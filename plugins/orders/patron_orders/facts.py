"""What is known of each customer as a buyer, for filters, segments and the customer's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import Context, CustomerFields, Field, table
from sqlalchemy import Date, Select, case, cast, func, literal, null, select, union_all

from patron_orders.models import CustomerOrders, OpenItem, Order

SOLD = ("confirmed", "fulfilled")


def define(ctx: Context, customers: Sequence[int] | None) -> Select[Any]:
    """Orders that were agreed, net, and what is open of invoices; sums only of the firm's own currency."""
    currency = ctx.assembly.settings.currency
    o, i = table(Order), table(OpenItem)
    orders = select(
        o.c.customer_id,
        literal(1).label("orders"),
        case((o.c.currency == currency, o.c.net_minor), else_=0).label("lifetime_minor"),
        o.c.ordered_on.label("last_order_on"),
        literal(0).label("owed_minor"),
    ).where(o.c.status.in_(SOLD), o.c.trashed_at.is_(None))
    owed = select(
        i.c.customer_id, literal(0), literal(0), cast(null(), Date), i.c.amount_minor - i.c.paid_minor
    ).where(i.c.state == "open", i.c.trashed_at.is_(None), i.c.currency == currency)
    if customers is not None:
        orders = orders.where(o.c.customer_id.in_(customers))
        owed = owed.where(i.c.customer_id.in_(customers))
    both = union_all(orders, owed).subquery()
    return select(
        both.c.customer_id,
        func.sum(both.c.orders).label("orders"),
        func.sum(both.c.lifetime_minor).label("lifetime_minor"),
        func.max(both.c.last_order_on, type_=Date()).label("last_order_on"),
        func.sum(both.c.owed_minor).label("owed_minor"),
        literal(currency).label("currency"),
    ).group_by(both.c.customer_id)


FACTS = CustomerFields(
    CustomerOrders,
    (
        Field("orders", "Orders", "integer", default=0),
        Field("lifetime", "Lifetime value", "money", default=0),
        Field("last_order_on", "Last order", "date"),
        Field("owed", "Owed", "money", default=0),
    ),
    "orders.orders.read",
    define=define,
    sources=tuple(
        f"orders.{name}" for name in ("orders", "order", "open-items", "invoice", "payments", "payment")
    ),
)
