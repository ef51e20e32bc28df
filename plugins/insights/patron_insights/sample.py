"""A past for the demo's numbers: four months of daily values, and three objectives set at their beginning."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from patron import Context, Metric, measuring, metrics, table
from patron import MetricSnapshot as Snapshot
from patron import Objective as Goal
from sqlalchemy import insert, select

DAYS = 120
GOALS = (("sales.pipeline_value", 165), ("service.satisfaction", 145), ("orders.revenue", 225))


def past(ctx: Context, random: Random) -> None:
    """Walk back from what each metric is today. Nothing happens where there is a past already."""
    s = table(Snapshot)
    if ctx.session.execute(select(s.c.id).limit(1)).first() is not None:
        return
    today = metrics.today(ctx)
    begun: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for key, metric in ctx.assembly.metrics.items():
        for currency, value in measuring.measured(ctx, metric).items():
            walked = _walk(metric, value, random)
            begun.setdefault(key, walked[-1])
            rows += [
                {"metric": key, "day": today - timedelta(days=ago), "currency": currency, "value": amount}
                for ago, amount in enumerate(walked, start=1)
            ]
    if rows:
        ctx.session.execute(insert(s), rows)
    _objectives(ctx, begun)


def _walk(metric: Metric, value: int, random: Random) -> list[int]:
    """Yesterday's value, the day before's, and so on, towards what was worse than today's."""
    aim, drift = value * (1.4 if metric.falling else 0.68), 0.0
    walked = []
    for ago in range(1, DAYS + 1):
        drift = 0.85 * drift + random.uniform(-0.02, 0.02)
        exact = (value + (aim - value) * ago / DAYS) * (1 + drift)
        walked.append(min(500, round(exact)) if metric.unit == "score" else round(exact))
    return walked


def _objectives(ctx: Context, begun: dict[str, int]) -> None:
    at = ctx.now - timedelta(days=DAYS)
    for key, percent in GOALS:
        baseline = begun.get(key)
        if not baseline:
            continue
        target = (
            min(480, baseline * percent // 100) if key.endswith("satisfaction") else baseline * percent // 100
        )
        due = metrics.today(ctx) + timedelta(days=90)
        ctx.session.add(Goal(metric=key, target=target, due=due, baseline=baseline, baseline_at=at))
    ctx.session.flush()
