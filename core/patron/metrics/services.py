"""Snapshots and objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select, update

from patron.context import Context
from patron.errors import Invalid
from patron.records import table
from patron.system.models import MetricSnapshot, Objective


def today(ctx: Context) -> date:
    """The firm's day."""
    return ctx.now.astimezone(ZoneInfo(ctx.assembly.settings.time_zone)).date()


def snapshot(ctx: Context) -> int:
    """Keep what each metric is today; running it again corrects the day. Returns how many values were kept."""
    t, day = table(MetricSnapshot), today(ctx)
    measured = [
        {"metric": name, "day": day, "currency": currency, "value": value}
        for name, metric in ctx.assembly.metrics.items()
        if name.split(".")[0] not in ctx.assembly.live.disabled
        for currency, value in metric.measure(ctx).items()
    ]
    ctx.session.execute(delete(t).where(t.c.day == day))
    if measured:
        ctx.session.execute(insert(t), measured)
    return len(measured)


def metric_key(ctx: Context, name: str) -> str:
    """A metric by its full name (``core.customers``) or its own (``customers``); Invalid lists what there is."""
    found = [key for key in ctx.assembly.metrics if name in (key, key.split(".", 1)[1])]
    if not found:
        raise Invalid(f"There is no metric “{name}”. There are: {', '.join(sorted(ctx.assembly.metrics))}.")
    return found[0]


def set_objectives(ctx: Context, goals: Sequence[Mapping[str, Any]]) -> None:
    """Set the firm's goals (metric, target, due); those that were are replaced as long as no baseline is frozen."""
    t = table(Objective)
    ctx.session.execute(delete(t).where(t.c.baseline_at.is_(None)))
    for goal in goals:
        ctx.session.add(
            Objective(
                metric=metric_key(ctx, str(goal["metric"])), target=int(goal["target"]), due=goal["due"]
            )
        )
    ctx.session.flush()


def freeze_baselines(ctx: Context) -> list[dict[str, Any]]:
    """What each objective's metric is now becomes its baseline, once: what was frozen stays."""
    t = table(Objective)
    pending = ctx.session.execute(select(t.c.id, t.c.metric).where(t.c.baseline_at.is_(None))).all()
    for row in pending:
        measured = ctx.assembly.metrics[row.metric].measure(ctx)
        value = measured.get(
            "", measured.get(ctx.assembly.settings.currency, 0)
        )  # currencies are never added
        ctx.session.execute(update(t).where(t.c.id == row.id).values(baseline=value, baseline_at=ctx.now))
    rows = ctx.session.execute(select(t.c.metric, t.c.baseline, t.c.target, t.c.due).order_by(t.c.id))
    return [dict(row) for row in rows.mappings()]
