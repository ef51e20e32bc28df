"""Following an order: by the signed link of its confirmation, or in the portal by the customer of the mandate."""

from __future__ import annotations

from typing import Any

from patron import Context, Money, NotFound, editing, read_one, table
from patron_orders.api import order_lines
from sqlalchemy import select

from patron_ecommerce.models import Checkout, Payment
from patron_ecommerce.services.common import shop, sign, unsign

_NOTHING = "There is no such order."
STEPS = ("placed", "paid", "sent")


def order_number(ctx: Context, order_id: int) -> str:
    """The number of an order."""
    order = editing.load(shop(ctx), ctx.assembly.resource("orders.orders"), order_id)
    return str(order.number)


def by_token(ctx: Context, token: str) -> Checkout:
    """The order of a signed link; NotFound for any other text, guessed or not."""
    key = unsign(ctx, "order", token[:300])
    k = table(Checkout)
    statement = select(Checkout).where(k.c.track_key == key, k.c.trashed_at.is_(None))
    found: Checkout | None = ctx.session.execute(statement).scalar() if key else None
    if found is None:
        raise NotFound(_NOTHING)
    return found


def of_mandate(ctx: Context, checkout_id: int) -> Checkout:
    """An order of the customer that the account acts for; NotFound for any other, whether it exists or not."""
    k = table(Checkout)
    mine = (k.c.id == checkout_id, k.c.customer_id == ctx.actor.customer_id, k.c.trashed_at.is_(None))
    found: Checkout | None = ctx.session.execute(select(Checkout).where(*mine)).scalar()
    if found is None or ctx.actor.customer_id is None:
        raise NotFound(_NOTHING)
    return found


def list_mine(ctx: Context) -> list[dict[str, Any]]:
    """The orders of the customer that the account acts for, newest first: one statement."""
    if ctx.actor.customer_id is None:
        return []
    k, p = table(Checkout), table(Payment)
    statement = (
        select(k.c.id, k.c.number, k.c.placed_at, k.c.gross_minor, k.c.currency, k.c.undone_at, p.c.state)
        .select_from(k.outerjoin(p, p.c.checkout_id == k.c.id))
        .where(k.c.customer_id == ctx.actor.customer_id, k.c.trashed_at.is_(None))
        .order_by(k.c.placed_at.desc(), k.c.id.desc())
        .limit(200)
    )
    return [
        {**row, "gross": Money(row["gross_minor"], row["currency"])}
        for row in ctx.session.execute(statement).mappings()
    ]


def page_of(ctx: Context, checkout: Checkout) -> dict[str, Any]:
    """All that a tracking page shows: lines, sums, address, how far it is."""
    inside = shop(ctx)
    order = read_one(inside, ctx.assembly.resource("orders.orders"), checkout.order_id or 0)
    p = table(Payment)
    payment = ctx.session.execute(
        select(p.c.state, p.c.paid_at, p.c.due_at).where(p.c.checkout_id == checkout.key)
    ).first()
    state = payment.state if payment else "invoice"
    return {
        "checkout": checkout,
        "status": order["status"],
        "lines": order_lines(ctx, checkout.order_id or 0, checkout.currency),
        "net": order["net"],
        "tax": order["tax"],
        "gross": order["gross"],
        "payment": state,
        "paid_at": payment.paid_at if payment else None,
        "steps": _steps(order["status"], state),
        "token": sign(ctx, "order", checkout.track_key),
    }


def _steps(status: str, payment: str) -> list[dict[str, Any]]:
    """Placed, paid and sent: each done, going on or to come."""
    paid = payment in ("paid", "settled", "refunded")
    sent = status == "fulfilled"
    names = [("Ordered", True), ("Paid", paid), ("Sent", sent)]
    if payment == "invoice":
        names = [("Ordered", True), ("Sent", sent)]
    coming = next((index for index, (_, done) in enumerate(names) if not done), None)
    return [{"name": name, "done": done, "now": index == coming} for index, (name, done) in enumerate(names)]
