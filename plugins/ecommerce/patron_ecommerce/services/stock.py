"""Stock: what is free, promised to checkouts, shipped. Every change is one conditional statement and one move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from patron import Conflict, Context, Invalid, audit, editing, table
from sqlalchemy import insert, select, update

from patron_ecommerce.models import Reservation, Stock, StockMove

KEY = "ecommerce.stock"
_MOST = 10_000_000


def available(ctx: Context, product_ids: Iterable[int]) -> dict[int, int]:
    """How many are free now, by article; what is not kept in stock is left out. One statement."""
    t = table(Stock)
    ids = sorted(set(product_ids))
    wanted = select(t.c.product_id, t.c.free).where(t.c.product_id.in_(ids), t.c.trashed_at.is_(None))
    return {row.product_id: max(0, row.free) for row in ctx.session.execute(wanted)}


def reserve(ctx: Context, checkout_id: int, wanted: Mapping[int, int], names: Mapping[int, str]) -> None:
    """Promise articles (id to pieces, all lines of an article together) to a checkout: all of them or none.

    Invalid names what there is too little of. In the order of the articles' ids, so that two never wait for each other.
    """
    t = table(Stock)
    ids = sorted(wanted)
    kept = select(t.c.product_id, t.c.id).where(t.c.product_id.in_(ids), t.c.trashed_at.is_(None))
    for product_id, stock_id in sorted((row.product_id, row.id) for row in ctx.session.execute(kept)):
        pieces = wanted[product_id]
        if not _take(ctx, stock_id, pieces):
            left = available(ctx, [product_id]).get(product_id, 0)
            raise Invalid.field("cart", _too_little(names.get(product_id, "An article"), left))
        promised = {"checkout_id": checkout_id, "stock_id": stock_id, "quantity": pieces, "state": "held"}
        ctx.session.execute(insert(table(Reservation)).values(promised))
        _note(ctx, stock_id, "reserved", pieces, checkout_id=checkout_id)


def _take(ctx: Context, stock_id: int, pieces: int) -> bool:
    """Take pieces off what is free, in one statement that finds no row where too few are."""
    t = table(Stock)
    taken = (
        update(t)
        .where(t.c.id == stock_id, t.c.free >= pieces)
        .values(reserved=t.c.reserved + pieces, free=t.c.free - pieces, **_stamp(ctx))
        .returning(t.c.id)
    )
    return ctx.session.execute(taken).first() is not None


def _too_little(name: str, left: int) -> str:
    if left <= 0:
        return f"{name} has just been sold out. Take it out of the cart to go on."
    return f"Of {name} only {left} {'is' if left == 1 else 'are'} left. Change the quantity to go on."


def release(ctx: Context, checkout_id: int) -> None:
    """Nothing comes of the order: its pieces are free again. Once, however often it is asked."""
    t = table(Stock)
    for stock_id, pieces in _end(ctx, checkout_id, "released"):
        back = {"reserved": t.c.reserved - pieces, "free": t.c.free + pieces}
        ctx.session.execute(update(t).where(t.c.id == stock_id).values(**back, **_stamp(ctx)))
        _note(ctx, stock_id, "released", pieces, checkout_id=checkout_id)


def ship(ctx: Context, checkout_id: int) -> None:
    """The order is fulfilled: its pieces have left the house. Once, however often it is asked."""
    t = table(Stock)
    for stock_id, pieces in _end(ctx, checkout_id, "shipped"):
        gone = {"reserved": t.c.reserved - pieces, "on_hand": t.c.on_hand - pieces}
        ctx.session.execute(update(t).where(t.c.id == stock_id).values(**gone, **_stamp(ctx)))
        _note(ctx, stock_id, "shipped", pieces, checkout_id=checkout_id)


def _end(ctx: Context, checkout_id: int, state: str) -> list[tuple[int, int]]:
    r = table(Reservation)
    ended = (
        update(r)
        .where(r.c.checkout_id == checkout_id, r.c.state == "held")
        .values(state=state)
        .returning(r.c.stock_id, r.c.quantity)
    )
    return sorted((row.stock_id, row.quantity) for row in ctx.session.execute(ended))


def adjust(ctx: Context, stock_id: int, difference: int, reason: str) -> None:
    """Correct what is on hand, with the reason. Invalid without one; Conflict when fewer would be left than none."""
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise Invalid.field("reason", "Say why: counted, damaged, delivered …")
    if difference == 0 or abs(difference) > _MOST:
        raise Invalid.field("difference", "Say by how many pieces it differs: 12, or -3.")
    stock = editing.load(ctx, ctx.assembly.resource(KEY), stock_id, "edit")
    t = table(Stock)
    changed = (
        update(t)
        .where(t.c.id == stock_id, t.c.on_hand + difference >= 0)
        .values(on_hand=t.c.on_hand + difference, free=t.c.free + difference, **_stamp(ctx))
        .returning(t.c.on_hand)
    )
    became = ctx.session.execute(changed).scalar()
    if became is None:
        raise Conflict(f"Nothing was changed: of {stock.name} there are only {stock.on_hand}.")
    _note(ctx, stock_id, "adjusted", difference, reason=reason)
    audit.record(
        ctx, "adjust", KEY, stock_id, {"on_hand": (became - difference, became), "reason": ("", reason)}
    )


def moves(ctx: Context, stock_id: int) -> list[dict[str, Any]]:
    """The newest changes of a stock: one statement."""
    t = table(StockMove)
    statement = select(t).where(t.c.stock_id == stock_id).order_by(t.c.id.desc()).limit(50)
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def _stamp(ctx: Context) -> dict[str, Any]:
    return {"version": table(Stock).c.version + 1, "updated_at": ctx.now}


def _note(
    ctx: Context, stock_id: int, kind: str, quantity: int, *, reason: str = "", checkout_id: int | None = None
) -> None:
    values = {
        "stock_id": stock_id, "kind": kind, "quantity": quantity, "reason": reason, "checkout_id": checkout_id,
        "actor_name": ctx.actor.name, "at": ctx.now,
    }  # fmt: skip
    ctx.session.execute(insert(table(StockMove)).values(values))
