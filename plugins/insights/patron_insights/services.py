"""What the pages of numbers show. Every number is of the rows that the one who asks may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec
from babel.dates import format_date
from patron import (
    Context,
    Listing,
    Measure,
    Metric,
    Money,
    NotFound,
    Scope,
    measuring,
    metrics,
    percent_text,
    read_page,
)
from patron import Resource as ResourceOf

FIRM = "insights.firm"
PAGE = 50


@dataclass(frozen=True)
class Tile:
    """A number as a card: said per currency, with the firm's line over ninety days where one may see it."""

    key: str
    label: str
    said: tuple[str, ...]
    note: str
    points: tuple[int, ...]
    url: str


def seen(ctx: Context) -> dict[str, tuple[Metric, Measure]]:
    """The metrics that are of records which the actor may read, by key, in the order of their modules."""
    found = {}
    for key, metric in ctx.assembly.metrics.items():
        if not isinstance(metric.of, Measure) or key.split(".")[0] in ctx.assembly.live.disabled:
            continue
        resource = ctx.assembly.resources.get(metric.of.resource)
        if resource is None or resource.module in ctx.assembly.live.disabled:
            continue
        if ctx.actor.may(resource.permission("read")):
            found[key] = (metric, metric.of)
    return found


def find(ctx: Context, key: str) -> tuple[Metric, Measure]:
    """A metric that the actor may see; NotFound."""
    found = seen(ctx).get(key)
    if found is None:
        raise NotFound("There is no such number.")
    return found


def tiles(ctx: Context, *, pinned: bool) -> list[Tile]:
    """Cards of the pinned metrics, or of all: a statement for each metric, and one for the lines."""
    chosen = {key: found for key, found in seen(ctx).items() if found[0].pinned or not pinned}
    lines = metrics.history(ctx, set(chosen)) if ctx.actor.may(FIRM) and chosen else {}
    found = []
    for key, (metric, measure) in chosen.items():
        values = measuring.measured(ctx, metric)
        note = "" if everything(ctx, measure) else "of the records you may see"
        found.append(_tile(ctx, key, metric, values, note, lines, f"/insights/{key}"))
    return found if pinned else [*found, *_of_the_firm(ctx)]


def _of_the_firm(ctx: Context) -> list[Tile]:
    """Numbers of a function, which are of no one's rows: for who may see the firm's."""
    if not ctx.actor.may(FIRM):
        return []
    away = ctx.assembly.live.disabled
    chosen = {
        key: metric
        for key, metric in ctx.assembly.metrics.items()
        if not isinstance(metric.of, Measure) and key.split(".")[0] not in away
    }
    lines = metrics.history(ctx, set(chosen)) if chosen else {}
    return [
        _tile(ctx, key, metric, measuring.measured(ctx, metric), "of the whole firm", lines, metric.url)
        for key, metric in chosen.items()
    ]


def _tile(
    ctx: Context,
    key: str,
    metric: Metric,
    values: Mapping[str, int],
    note: str,
    lines: Mapping[str, Sequence[int]],
    url: str,
) -> Tile:
    points = tuple(lines.get(key, ())[-24:])
    return Tile(key, metric.label, tuple(said(ctx, metric, values)), note, points, url)


def everything(ctx: Context, measure: Measure) -> bool:
    """Whether the actor reads all the rows that a number is of."""
    permission = ctx.assembly.resource(measure.resource).permission("read")
    return ctx.actor.scope(permission) == Scope.ALL


def said(ctx: Context, metric: Metric, values: Mapping[str, int]) -> list[str]:
    """A value per currency, as a person reads it; the firm's own currency first."""
    own = ctx.assembly.settings.currency
    codes = sorted(values, key=lambda code: (code != own, code))
    return [one(ctx, metric, values[code], code) for code in codes] or [one(ctx, metric, 0, own)]


def one(ctx: Context, metric: Metric, value: int, currency: str) -> str:
    """One value: money with its currency, a score with two decimals, a percentage, a count with its groups."""
    if metric.unit == "money":
        return Money(value, currency or ctx.assembly.settings.currency).format(ctx.locale)
    if metric.unit == "percent":
        return f"{percent_text(value)} %"
    return f"{value / 100:.2f}" if metric.unit == "score" else f"{value:,}"


def detail(ctx: Context, key: str, cursor: str) -> dict[str, Any]:
    """A number with its chart, who adds most to it, and the rows that it is made of: they sum to it, page by page."""
    metric, measure = find(ctx, key)
    resource = ctx.assembly.resource(measure.resource)
    values = measuring.measured(ctx, metric)
    page = read_page(ctx, resource, Listing(filter=dict(measure.where), limit=PAGE, cursor=cursor))
    return {
        "key": key,
        "metric": metric,
        "said": said(ctx, metric, values),
        "everything": everything(ctx, measure),
        "bars": _bars(ctx, metric, measure) if measure.by else [],
        "by": _divided_by(resource, measure),
        "customers": _customers(ctx, metric, measure) if resource.links and measure.value else [],
        "rows": [_row(ctx, metric, measure, resource, item) for item in page.items],
        "resource": resource,
        "next": f"/insights/{key}?cursor={page.next}" if page.next else "",
        "list_url": f"{resource.path}?filter={quote(msgspec.json.encode(measure.where).decode())}",
        "points": metrics.history(ctx, {key}).get(key, [])[-90:] if ctx.actor.may(FIRM) else [],
    }


def _bars(ctx: Context, metric: Metric, measure: Measure) -> list[dict[str, Any]]:
    """The shares with the length of their bars, in percent of the longest of the same currency."""
    shares = measuring.shares(ctx, measure)
    monthly = ctx.assembly.resource(measure.resource).field(measure.by).kind in ("date", "instant")
    longest: dict[str, int] = {}
    for share in shares:
        longest[share.currency] = max(longest.get(share.currency, 1), abs(share.value))
    return [
        {
            "label": _month(ctx, share.label) if monthly else share.label or "–",
            "rows": share.rows,
            "said": one(ctx, metric, share.value, share.currency),
            "length": round(100 * abs(share.value) / longest[share.currency], 1),
            "below": share.value < 0,
        }
        for share in shares
    ]


def _divided_by(resource: ResourceOf, measure: Measure) -> str:
    if not measure.by:
        return ""
    item = resource.field(measure.by)
    return "month" if item.kind in ("date", "instant") else item.label


def _month(ctx: Context, key: str) -> str:
    """``2026-11`` as a person reads it."""
    if not key:
        return "–"
    return str(format_date(date.fromisoformat(f"{key}-01"), "LLL y", locale=ctx.locale.replace("-", "_")))


def _customers(ctx: Context, metric: Metric, measure: Measure) -> list[dict[str, Any]]:
    return [
        {
            "id": share.customer_id,
            "name": share.name,
            "kind": share.kind,
            "url": f"/customers/{share.customer_id}",
            "rows": share.rows,
            "said": one(ctx, metric, share.value, share.currency),
        }
        for share in measuring.customers(ctx, measure, 10)
    ]


def _row(
    ctx: Context, metric: Metric, measure: Measure, resource: ResourceOf, item: Mapping[str, Any]
) -> dict[str, Any]:
    """A row behind the number: what it is called, and what it adds."""
    value = item.get(measure.value) if measure.value else 1
    minor, currency = (value["minor"], value["currency"]) if isinstance(value, Mapping) else (value, "")
    if measure.less:
        taken = item.get(measure.less) or 0
        minor = (minor or 0) - (taken["minor"] if isinstance(taken, Mapping) else taken)
    when = _day_field(resource, measure)
    score = (minor or 0) * 100 if metric.unit == "score" else minor or 0
    return {
        "id": item["id"],
        "title": item.get(resource.title) or f"{resource.label} {item['id']}",
        "url": f"{resource.path}/{item['id']}",
        "when": item.get(when),
        "said": one(ctx, metric, score, currency),
    }


def _day_field(resource: ResourceOf, measure: Measure) -> str:
    """The field that says when a record was: what the chart goes by, its date, or the first sort by a time."""
    sorts = (measure.by, resource.date, *(sort.removeprefix("-") for sort in resource.sorts))
    kinds = {item.name: item.kind for item in resource.fields}
    return next((name for name in sorts if kinds.get(name) in ("date", "instant")), "")


def worth(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """What one customer adds to each metric that is kept per customer: one statement."""
    kept = {key: found for key, found in seen(ctx).items() if found[0].per_customer}
    measures = {key: measure for key, (_, measure) in kept.items()}
    return [
        {
            "key": key,
            "label": kept[key][0].label,
            "said": said(ctx, kept[key][0], values),
            "any": any(values.values()),
        }
        for key, values in measuring.totals(ctx, measures, customer_id=customer_id).items()
    ]


def objectives(ctx: Context) -> list[dict[str, Any]]:
    """The firm's goals, with where each stands and whether it is on its way."""
    found = []
    for goal in metrics.progress(ctx):
        reached = goal.percent >= 100
        behind = goal.percent < goal.expected
        found.append(
            {
                "id": goal.id,
                "label": goal.metric.label,
                "url": f"/insights/{goal.key}" if isinstance(goal.metric.of, Measure) else "",
                "baseline": one(ctx, goal.metric, goal.baseline, ""),
                "now": one(ctx, goal.metric, goal.now, ""),
                "target": one(ctx, goal.metric, goal.target, ""),
                "due": goal.due,
                "percent": max(0, min(100, goal.percent)),
                "expected": goal.expected,
                "tone": "success" if reached else "warning" if behind else "accent",
                "state": "Reached" if reached else "Behind" if behind else "On its way",
                "points": list(goal.points),
            }
        )
    return found
