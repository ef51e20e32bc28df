"""The pages of numbers at ``/insights``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from patron import Context, FieldError, Flash, Invalid, Money, Page, Redirect, Route, get, metrics, post

from patron_insights import services

READ = "insights.read"
GOALS = "insights.objectives"


def _overview(ctx: Context, errors: tuple[FieldError, ...] = ()) -> Page:
    by_field = {error.field: [error.message] for error in errors}
    data = {
        "tiles": services.tiles(ctx, pinned=False),
        "objectives": services.objectives(ctx) if ctx.actor.may(services.FIRM) else [],
        "firm": ctx.actor.may(services.FIRM),
        "may_set": ctx.actor.may(GOALS),
        "choices": [(key, metric.label) for key, (metric, _) in services.seen(ctx).items()],
        "errors": list(errors),
        "by_field": by_field,
        "values": {name: ctx.web.value(name) for name in ("metric", "target", "due")} if errors else {},
    }
    return Page("insights/overview.html", data, status=422 if errors else 200)


@get("/insights", permission=READ)
def overview(ctx: Context) -> Page:
    """All numbers, and the firm's objectives."""
    return _overview(ctx)


@get("/insights/{key:str}", permission=READ)
def detail(ctx: Context, key: str) -> Page:
    """One number: its chart with a table, its line, and the rows behind it."""
    return Page("insights/detail.html", services.detail(ctx, key, ctx.web.param("cursor")))


@post("/insights/objectives", permission=GOALS)
def add_objective(ctx: Context) -> Page | Redirect:
    """Set a goal (form: metric, target, due): its baseline is what the metric is now."""
    try:
        metrics.add_objective(ctx, ctx.web.value("metric"), _target(ctx), _due(ctx.web.value("due")))
    except Invalid as error:
        ctx.session.rollback()
        return _overview(ctx, error.errors or (FieldError("metric", error.detail),))
    return Redirect("/insights", Flash("The objective stands, with today as its baseline."))


@post("/insights/objectives/{objective_id:int}/drop", permission=GOALS)
def drop_objective(ctx: Context, objective_id: int) -> Redirect:
    """Give up a goal."""
    metrics.drop_objective(ctx, objective_id)
    return Redirect("/insights", Flash("The objective is dropped."))


def _target(ctx: Context) -> int:
    """The target as the metric counts: whole numbers, money in whole units, scores with a decimal."""
    found = services.seen(ctx).get(ctx.web.value("metric"))
    if found is None:
        raise Invalid.field("metric", "Choose a number.")
    try:
        typed = Decimal(ctx.web.value("target").replace(",", ""))
    except InvalidOperation:
        typed = Decimal("NaN")
    if not typed.is_finite() or abs(typed) >= 10**13:
        raise Invalid.field("target", "Say the target as a number.")
    hundredth = Decimal("0.01")
    units = {
        "money": Money(1, ctx.assembly.settings.currency).decimal(),
        "score": hundredth,
        "percent": hundredth,
    }
    return round(typed / units.get(found[0].unit, Decimal(1)))


def _due(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid.field("due", "Choose a day to come.") from None


ROUTES: tuple[Route, ...] = (overview, detail, add_objective, drop_objective)
