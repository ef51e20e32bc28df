"""Opportunities: what follows from a stage, and what is told when one is won, lost or opened again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from patron import Context, Money, Scope, editing, publish, roles, row_scope, table, timeline
from sqlalchemy import Select, func, select

from patron_sales.models import Opportunity

STAGES: Mapping[str, int] = {"qualification": 20, "proposal": 50, "negotiation": 75, "won": 100, "lost": 0}
OPEN = ("qualification", "proposal", "negotiation")
KEY = "sales.opportunities"
NO_NEXT_STEP = "no_next_step"


def settle(record: Opportunity, ctx: Context, stage_was: str | None, probability_was: int | None) -> None:
    """Derive what follows from the stage: its date, the likelihood, when it was closed, whether it needs attention.

    A likelihood that was changed along with the stage stands; one that was not follows the new stage.
    """
    record.value_minor = record.value_minor or 0
    record.currency = record.currency or ctx.assembly.settings.currency
    moved = record.stage != stage_was
    if moved:
        record.stage_since = ctx.now
        record.closed_at = ctx.now if record.stage not in OPEN else None
        record.won_at = ctx.now if record.stage == "won" else None
    untouched = record.probability is None or record.probability == (probability_was or 0)
    if record.probability is None or (moved and untouched) or record.stage not in OPEN:
        record.probability = STAGES[record.stage]
    if record.stage != "lost":
        record.lost_reason = ""
    record.attention = NO_NEXT_STEP if record.stage in OPEN and not record.next_step else ""


def tell(ctx: Context, record: Opportunity, stage_was: str | None) -> None:
    """Write the customer's history and announce that an opportunity was won, lost or opened again."""
    value = Money(record.value_minor, record.currency).format(ctx.locale)
    if record.stage == "won":
        roles.give_role(ctx, record.customer_id, "buyer", "sales")
        _say(ctx, record, "sales.won", f"Won: {record.name}, {value}")
        _announce(ctx, record, "won")
    elif record.stage == "lost":
        _say(ctx, record, "sales.lost", f"Lost: {record.name}, {value}", record.lost_reason)
        _announce(ctx, record, "lost")
    elif stage_was in ("won", "lost"):
        _say(ctx, record, "sales.reopened", f"Opened again: {record.name}, {value}")
        _announce(ctx, record, "reopened")
    elif stage_was is None:
        _say(ctx, record, "sales.opportunity", f"Opportunity: {record.name}, {value}")


def _say(ctx: Context, record: Opportunity, kind: str, title: str, body: str = "") -> None:
    snapshot = {"name": record.name, "value": record.value_minor, "currency": record.currency}
    timeline.add(
        ctx,
        record.customer_id,
        kind,
        title,
        body=body,
        module="sales",
        resource=KEY,
        record_id=record.key,
        snapshot=snapshot,
    )


def _announce(ctx: Context, record: Opportunity, what: str) -> None:
    payload = {"id": record.key, "value": record.value_minor, "currency": record.currency}
    publish(ctx, f"sales.opportunity.{what}", payload, customer_id=record.customer_id)


def win(ctx: Context, opportunity_id: int) -> Opportunity:
    """Mark it as won; nothing happens to one that is."""
    record: Opportunity = editing.change(ctx, ctx.assembly.resource(KEY), opportunity_id, {"stage": "won"})
    return record


def win_by_quote(ctx: Context, opportunity_id: int, value: Money) -> None:
    """An accepted quote wins its opportunity, at the quote's net value, whoever may edit it."""
    values: dict[str, Any] = {
        "stage": "won",
        "value": {"minor": value.minor, "currency": value.currency},
    }
    editing.change(trusted(ctx), ctx.assembly.resource(KEY), opportunity_id, values)


def lose(ctx: Context, opportunity_id: int, reason: str) -> Opportunity:
    """Mark it as lost, with the reason. Invalid without one."""
    values = {"stage": "lost", "lost_reason": reason}
    record: Opportunity = editing.change(ctx, ctx.assembly.resource(KEY), opportunity_id, values)
    return record


def trusted(ctx: Context) -> Context:
    """The same actor, where the act that was permitted brings along what it needs not be permitted for."""
    return ctx.acting_as(replace(ctx.actor, grants={"*": Scope.ALL}, only=("*",)))


def of_customer(ctx: Context, customer_id: int, limit: int = 5) -> Select[Any]:
    """Selects the open opportunities of a customer that the actor may see, the next to close first."""
    t = table(Opportunity)
    return (
        select(t.c.id, t.c.name, t.c.stage, t.c.value_minor, t.c.currency, t.c.close_date, t.c.attention)
        .where(
            (t.c.customer_id == customer_id) | (t.c.contact_id == customer_id),
            t.c.stage.in_(OPEN),
            t.c.trashed_at.is_(None),
            row_scope(ctx, ctx.assembly.resource(KEY)),
        )
        .order_by(t.c.close_date, t.c.id)
        .limit(limit)
    )


def mine(ctx: Context, limit: int = 6) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The actor's own open opportunities: sums by stage and currency, and the next ones to close. Two statements."""
    t = table(Opportunity)
    own = (t.c.owner_id == (ctx.actor.user_id or 0)) & t.c.stage.in_(OPEN) & t.c.trashed_at.is_(None)
    sums = (
        select(t.c.stage, t.c.currency, func.count().label("count"), func.sum(t.c.value_minor).label("value"))
        .where(own, row_scope(ctx, ctx.assembly.resource(KEY)))
        .group_by(t.c.stage, t.c.currency)
    )
    by_stage: dict[str, dict[str, Any]] = {stage: {"stage": stage, "count": 0, "sums": []} for stage in OPEN}
    for row in ctx.session.execute(sums):
        by_stage[row.stage]["count"] += row.count
        by_stage[row.stage]["sums"].append({"minor": int(row.value), "currency": row.currency})
    soonest = (
        select(t.c.id, t.c.name, t.c.stage, t.c.value_minor, t.c.currency, t.c.close_date, t.c.attention)
        .where(own, row_scope(ctx, ctx.assembly.resource(KEY)))
        .order_by(t.c.close_date, t.c.id)
        .limit(limit)
    )
    return list(by_stage.values()), [shown(row, ctx.now.date()) for row in ctx.session.execute(soonest)]


def shown(row: Any, today: date | None = None) -> dict[str, Any]:
    """An opportunity as panels show it, of a row that was selected for that."""
    return {
        "id": row.id,
        "name": row.name,
        "url": f"/sales/opportunities/{row.id}",
        "stage": row.stage,
        "value": {"minor": row.value_minor, "currency": row.currency},
        "close_date": row.close_date,
        "overdue": today is not None and row.close_date < today,
        "attention": row.attention,
    }
