"""What the firm watches of its sales: numbers by currency, and the forecast by month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from patron import Context, Measure, Metric, row_scope, table
from sqlalchemy import func, select

from patron_sales.models import Opportunity
from patron_sales.services.opportunities import KEY, OPEN


def won_this_month(ctx: Context) -> Mapping[str, int]:
    """The value of what was won since the month began, in the site's time zone, by currency."""
    zone = ZoneInfo(ctx.assembly.settings.time_zone)
    begin = ctx.now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    t = table(Opportunity)
    statement = (
        select(t.c.currency, func.sum(t.c.value_minor))
        .where(t.c.won_at >= begin, t.c.stage == "won", t.c.trashed_at.is_(None))
        .group_by(t.c.currency)
    )
    return {row[0]: int(row[1]) for row in ctx.session.execute(statement)}


METRICS = (
    Metric(
        "pipeline_value",
        "Value of the pipeline",
        unit="money",
        of=Measure(KEY, {"stage": {"in": list(OPEN)}}, "value", "stage"),
        pinned=True,
    ),
    Metric(
        "won_this_month", "Won this month", won_this_month, unit="money", url="/sales/opportunities?stage=won"
    ),
    Metric(
        "won_quarter",
        "Won in ninety days",
        unit="money",
        of=Measure(KEY, {"stage": "won", "won_at": {"gt": {"days": -90}}}, "value", "won_at"),
    ),
    Metric(
        "new_enquiries",
        "Enquiries in seven days",
        of=Measure("sales.enquiries", {"created_at": {"gt": {"days": -7}}}, by="source"),
    ),
)


def forecast(ctx: Context) -> list[dict[str, Any]]:
    """Open opportunities within the actor's scope by the month they are to close, per currency: value and value times
    likelihood. What should have closed by now is in one row of its own, at the top. One statement."""
    t = table(Opportunity)
    statement = (
        select(
            t.c.close_date,
            t.c.currency,
            func.count().label("count"),
            func.sum(t.c.value_minor).label("value"),
            func.sum(t.c.value_minor * t.c.probability).label("weighted"),
        )
        .where(t.c.stage.in_(OPEN), t.c.trashed_at.is_(None), row_scope(ctx, ctx.assembly.resource(KEY)))
        .group_by(t.c.close_date, t.c.currency)
    )
    today = ctx.now.date()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in ctx.session.execute(statement):
        month = "" if row.close_date < today else f"{row.close_date:%Y-%m}"
        entry = rows.setdefault(
            (month, row.currency),
            {"month": month, "currency": row.currency, "count": 0, "value": 0, "weighted": 0},
        )
        entry["count"] += row.count
        entry["value"] += int(row.value)
        entry["weighted"] += int(row.weighted)
    for (month, currency), entry in rows.items():
        first = date.fromisoformat(f"{month}-01") if month else None
        entry["label"] = (
            str(format_date(first, "LLLL y", locale=ctx.locale.replace("-", "_"))) if first else ""
        )
        entry["key"] = f"{month or 'late'}-{currency}"
        entry["weighted"] = (entry["weighted"] + 50) // 100
    return [rows[key] for key in sorted(rows)]
