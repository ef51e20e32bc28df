"""What the shop knows of a customer: stored facts, kept in the transaction of each order and each touch of a cart."""

from __future__ import annotations

from patron import Context, Event, Money, table
from sqlalchemy import func, select

from patron_ecommerce.models import Cart, Checkout, Shopper

KEY = "ecommerce.shoppers"


def refresh(ctx: Context, customer_id: int) -> None:
    """Make the facts of one customer say what is so now: three statements."""
    k, c = table(Checkout), table(Cart)
    counted = select(func.count(), func.max(k.c.placed_at)).where(
        k.c.customer_id == customer_id, k.c.trashed_at.is_(None)
    )
    orders, last = ctx.session.execute(counted).one()
    cart = ctx.session.execute(
        select(c.c.gross_minor, c.c.touched_at)
        .where(c.c.customer_id == customer_id, c.c.status.in_(("open", "abandoned")), c.c.pieces > 0)
        .order_by(c.c.touched_at.desc(), c.c.id.desc())
        .limit(1)
    ).first()
    found = ctx.session.execute(select(Shopper).where(table(Shopper).c.customer_id == customer_id)).scalar()
    row: Shopper = found or Shopper(
        customer_id=customer_id, currency=ctx.assembly.settings.currency, created_at=ctx.now
    )
    row.orders, row.last_order_at, row.updated_at = int(orders), last, ctx.now
    row.open_cart_minor = cart.gross_minor if cart else 0
    row.open_cart_at = cart.touched_at if cart else None
    row.name = _said(ctx, row)
    ctx.session.add(row)
    ctx.session.flush()


def _said(ctx: Context, row: Shopper) -> str:
    orders = "1 order" if row.orders == 1 else f"{row.orders} orders"
    cart = Money(row.open_cart_minor, row.currency)
    return f"{orders}, cart of {cart.format(ctx.locale)}" if row.open_cart_minor else orders


def rebuild(ctx: Context) -> int:
    """Reckon the facts of every customer of the shop anew. Returns how many there are."""
    ids: set[int] = set()
    for model in (Cart, Checkout, Shopper):
        c = table(model).c.customer_id
        ids.update(ctx.session.execute(select(c).where(c.is_not(None)).distinct()).scalars())
    for customer_id in sorted(ids):
        refresh(ctx, customer_id)
    return len(ids)


def on_merged(ctx: Context, event: Event) -> None:
    """Two customers became one: so do their facts."""
    refresh(ctx, int(event.payload["survivor"]))
