"""Snapshots and objectives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select, update

from patron.accounts import audit
from patron.context import Context
from patron.contributions import Metric
from patron.db import savepoint
from patron.errors import Invalid, NotFound
from patron.metrics.measuring import measured
from patron.permissions import job_actor
from patron.records import table
from patron.system.health import incident
from patron.system.models import MetricSnapshot, Objective
from patron.system.stored import store_setting, stored_setting

FAILED = "core.metrics.failed"


def today(ctx: Context) -> date:
    """The firm's day."""
    return ctx.now.astimezone(ZoneInfo(ctx.assembly.settings.time_zone)).date()


def snapshot(ctx: Context) -> int:
    """Keep what each metric is today; running it again corrects the day. Returns how many values were kept.

    One that fails loses its own value alone: it is logged under an incident, which the health page names.
    """
    t, day = table(MetricSnapshot), today(ctx)
    here = [name for name in ctx.assembly.metrics if name.split(".")[0] not in ctx.assembly.live.disabled]
    failed: dict[str, str] = {}
    values = []
    for name in here:
        try:
            with savepoint(ctx.session):
                found = measured(ctx, ctx.assembly.metrics[name])
                rows = [(currency, int(value)) for currency, value in found.items()]
        except Exception:
            failed[name] = incident(f"the metric {name} could not be measured")
            continue
        values += [{"metric": name, "day": day, "currency": unit, "value": value} for unit, value in rows]
    measured_now = [name for name in here if name not in failed]
    ctx.session.execute(delete(t).where(t.c.day == day, t.c.metric.in_(measured_now)))
    if values:
        ctx.session.execute(insert(t), values)
    store_setting(ctx.session, FAILED, {"day": day.isoformat(), "metrics": failed})
    return len(values)


def failing(ctx: Context) -> str | None:
    """Which metrics the last snapshot could not measure, and where the log says why; None when it had them all."""
    last = stored_setting(ctx.session, FAILED, {"day": "", "metrics": {}})
    said = ", ".join(f"{name} (incident {number})" for name, number in sorted(last["metrics"].items()))
    return f"Not measured on {last['day']}: {said}. The log says why." if said else None


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
    """What each objective's metric is now becomes its baseline, once: what was frozen stays.

    It is the firm's number, as in the daily snapshots, whatever the acting user may read. That of a metric whose module
    is away waits for it.
    """
    t, firm = table(Objective), ctx.acting_as(job_actor("metrics"))
    pending = ctx.session.execute(select(t.c.id, t.c.metric).where(t.c.baseline_at.is_(None))).all()
    for row in pending:
        metric = ctx.assembly.metrics.get(row.metric)
        if metric is None or row.metric.partition(".")[0] in ctx.assembly.live.disabled:
            continue
        value = in_one(ctx, measured(firm, metric))
        ctx.session.execute(update(t).where(t.c.id == row.id).values(baseline=value, baseline_at=ctx.now))
    rows = ctx.session.execute(select(t.c.metric, t.c.baseline, t.c.target, t.c.due).order_by(t.c.id))
    return [dict(row) for row in rows.mappings()]


def in_one(ctx: Context, values: Mapping[str, int]) -> int:
    """The count, or of money what is in the firm's own currency: currencies are never added."""
    return values.get("", values.get(ctx.assembly.settings.currency, 0))


def add_objective(ctx: Context, metric: str, target: int, due: date) -> None:
    """A goal set later on, against what the metric is now. Invalid for an unknown metric and a day that is past."""
    if due <= today(ctx):
        raise Invalid.field("due", "Choose a day to come.")
    key = metric_key(ctx, metric)
    objective = Objective(metric=key, target=target, due=due)
    ctx.session.add(objective)
    ctx.session.flush()
    freeze_baselines(ctx)
    audit.record(
        ctx, "create", "objectives", objective.key, {"metric": (None, key), "target": (None, target)}
    )


def drop_objective(ctx: Context, objective_id: int) -> None:
    """A goal is given up: it goes to the trash. NotFound when there is none."""
    t = table(Objective)
    standing = (t.c.id == objective_id) & t.c.trashed_at.is_(None)
    dropped = ctx.session.execute(update(t).where(standing).values(trashed_at=ctx.now).returning(t.c.id))
    if dropped.first() is None:
        raise NotFound(f"There is no objective {objective_id}.")
    audit.record(ctx, "trash", "objectives", objective_id, {})


@dataclass(frozen=True)
class Progress:
    """How far a goal is: ``percent`` of the way from baseline to target (may be below 0 or above 100), ``expected`` of
    the time that has gone by, and the last days' values."""

    id: int
    metric: Metric
    key: str
    baseline: int
    now: int
    target: int
    due: date
    percent: int
    expected: int
    points: tuple[int, ...]


def progress(ctx: Context) -> list[Progress]:
    """Every objective with where it stands by the daily snapshots. Two statements."""
    o = table(Objective)
    goals = ctx.session.execute(select(o).where(o.c.trashed_at.is_(None)).order_by(o.c.id)).mappings().all()
    histories = history(ctx, {goal["metric"] for goal in goals})
    found = []
    for goal in goals:
        metric = ctx.assembly.metrics.get(goal["metric"])
        if metric is None or goal["baseline"] is None:
            continue
        points = histories.get(goal["metric"], ())
        now = points[-1] if points else goal["baseline"]
        begun = goal["baseline_at"].date()
        span, gone = (goal["due"] - begun).days, (today(ctx) - begun).days
        way = goal["target"] - goal["baseline"]
        found.append(
            Progress(
                goal["id"], metric, goal["metric"], goal["baseline"], now, goal["target"], goal["due"],
                round(100 * (now - goal["baseline"]) / way) if way else 100,
                min(100, round(100 * gone / span)) if span > 0 else 100, tuple(points[-24:]),
            )
        )  # fmt: skip
    return found


def history(ctx: Context, metrics: Collection[str], days: int = 90) -> dict[str, list[int]]:
    """The daily values of metrics over the last days, oldest first: one statement."""
    s = table(MetricSnapshot)
    since = today(ctx) - timedelta(days=days)
    statement = (
        select(s.c.metric, s.c.value)
        .where(
            s.c.metric.in_(sorted(metrics)),
            s.c.day >= since,
            s.c.currency.in_(("", ctx.assembly.settings.currency)),
        )
        .order_by(s.c.day)
    )
    found: dict[str, list[int]] = {}
    for row in ctx.session.execute(statement):
        found.setdefault(row.metric, []).append(row.value)
    return found
