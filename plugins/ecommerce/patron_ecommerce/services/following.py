"""What the shop does after events of its neighbours: stock follows the order, whoever moves it."""

from __future__ import annotations

from patron import Context, Event, table
from sqlalchemy import select

from patron_ecommerce.models import Checkout
from patron_ecommerce.services import payments, stock


def _checkout(ctx: Context, order_id: int) -> int | None:
    k = table(Checkout)
    found = ctx.session.execute(select(k.c.id).where(k.c.order_id == order_id)).scalar()
    return int(found) if found is not None else None


def on_fulfilled(ctx: Context, event: Event) -> None:
    """What was promised has left the house."""
    if (checkout_id := _checkout(ctx, int(event.payload["id"]))) is not None:
        stock.ship(ctx, checkout_id)


def on_cancelled(ctx: Context, event: Event) -> None:
    """Nothing comes of the order: its pieces and its voucher are free again."""
    if (checkout_id := _checkout(ctx, int(event.payload["id"]))) is not None:
        payments.undo(ctx, checkout_id)
