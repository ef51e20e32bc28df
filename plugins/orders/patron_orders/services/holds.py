"""Customers on hold: placed and released with a reason, seen by everybody, obeyed by every order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patron import Conflict, Context, Customer, Invalid, audit, publish, search, table, timeline
from sqlalchemy import Select, select, update

from patron_orders.models import CustomerHold

PERMISSION, OVERRIDE = "orders.hold", "orders.override_hold"
_REASON = 500  # characters


@dataclass(frozen=True)
class Hold:
    """Why a customer is not sold to, who said so, and since when."""

    reason: str
    placed_by: str
    placed_at: datetime


def hold_of(ctx: Context, customer_id: int) -> Hold | None:
    """The hold in force, None when there is none. One statement per unit of work."""

    def read() -> Hold | None:
        return _hold(ctx.session.execute(in_force(customer_id)))

    found: Hold | None = ctx.cached(("orders.hold", customer_id), read)
    return found


def in_force(customer_id: int) -> Select[Any]:
    """Selects the hold in force of a customer."""
    t = table(CustomerHold)
    statement = select(t.c.reason, t.c.placed_by, t.c.placed_at).where(
        t.c.customer_id == customer_id, t.c.released_at.is_(None), t.c.trashed_at.is_(None)
    )
    return statement.order_by(t.c.id.desc()).limit(1)


def keep(ctx: Context, customer_id: int, rows: Iterable[Any]) -> None:
    """Let ``hold_of`` know, for this unit of work, rows that ``in_force`` selected together with others."""
    ctx.cache["orders.hold", customer_id] = _hold(rows)


def _hold(rows: Iterable[Any]) -> Hold | None:
    row = next(iter(rows), None)
    return Hold(*row) if row is not None else None


def place(ctx: Context, customer_id: int, reason: str) -> int:
    """Put a customer on hold. Conflict when it is already. Returns the hold's id."""
    reason = _reason(reason, "Say why, so that everybody understands.")
    _lock(ctx, customer_id)
    if held := hold_of(ctx, customer_id):
        raise Conflict(f"The customer is on hold already: {held.reason}")
    hold = CustomerHold(
        customer_id=customer_id,
        reason=reason,
        placed_by=ctx.actor.name,
        placed_at=ctx.now,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.session.add(hold)
    ctx.session.flush()
    _tell(ctx, customer_id, hold.key, "placed", f"Put on hold: {reason}")
    search.index(ctx, ctx.assembly.resource("orders.holds"), hold)
    return hold.key


def release(ctx: Context, customer_id: int, reason: str) -> None:
    """End the hold. Conflict when there is none (another has released it)."""
    reason = _reason(reason, "Say why it is released.")
    t = table(CustomerHold)
    ended = (
        update(t)
        .where(t.c.customer_id == customer_id, t.c.released_at.is_(None), t.c.trashed_at.is_(None))
        .values(
            released_at=ctx.now,
            released_by=ctx.actor.name,
            release_reason=reason,
            updated_at=ctx.now,
            version=t.c.version + 1,
        )
        .returning(t.c.id)
    )
    ids = sorted(ctx.session.execute(ended).scalars())
    if not ids:
        raise Conflict("The customer is not on hold.")
    _tell(ctx, customer_id, ids[-1], "released", f"Hold released: {reason}")


def require_free(ctx: Context, customer_ids: set[int], override_reason: str = "") -> None:
    """Refuse (Conflict) to sell to a customer on hold, unless the actor may override it and says why."""
    for customer_id in sorted(customer_ids):
        hold = hold_of(ctx, customer_id)
        if hold is None:
            continue
        if not (override_reason and ctx.actor.may(OVERRIDE)):
            raise Conflict(refusal(ctx, hold))
        timeline.add(
            ctx,
            customer_id,
            "orders.hold.overridden",
            f"Sold to in spite of the hold: {override_reason}",
            module="orders",
            snapshot={"hold": hold.reason},
        )
        said = {"reason": (hold.reason, override_reason)}
        audit.record(ctx, "override", "orders.holds", None, said, customer_id=customer_id)


def refusal(ctx: Context, hold: Hold) -> str:
    """The sentence that says why nothing is sold, and what can be done."""
    way = "Say why to do it nevertheless." if ctx.actor.may(OVERRIDE) else "Ask accounts to release it."
    return f"The customer is on hold since {hold.placed_at:%Y-%m-%d} ({hold.placed_by}): {hold.reason} {way}"


def _lock(ctx: Context, customer_id: int) -> None:
    """Two who put the same customer on hold at once wait for each other."""
    t = table(Customer)
    ctx.session.execute(select(t.c.id).where(t.c.id == customer_id).with_for_update()).one()


def _reason(text: str, missing: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > _REASON:
        raise Invalid.field("reason", missing if not text else f"At most {_REASON} characters.")
    return text if text[-1] in ".!?" else f"{text}."


def _tell(ctx: Context, customer_id: int, hold_id: int, act: str, title: str) -> None:
    ctx.cache.pop(("orders.hold", customer_id), None)
    timeline.add(
        ctx,
        customer_id,
        f"orders.hold.{act}",
        title,
        module="orders",
        resource="orders.holds",
        record_id=hold_id,
    )
    audit.record(ctx, f"hold {act}", "orders.holds", hold_id, customer_id=customer_id)
    publish(ctx, f"orders.hold.{act}", {"id": hold_id, "by": ctx.actor.name}, customer_id=customer_id)
