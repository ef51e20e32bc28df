"""The module's table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from patron import Context, Customer, NavItem, Panel, Permission, Route, SampleData, Scope, hookimpl

from patron_insights import controllers, sample, services


@hookimpl
def register_controllers() -> Sequence[Route]:
    return controllers.ROUTES


@hookimpl
def register_permissions() -> Sequence[Permission]:
    everyone = dict.fromkeys(("manager", "user", "reader"), Scope.ALL)
    manager = {"manager": Scope.ALL}
    return (
        Permission(controllers.READ, "See numbers, each of the records that one may read", everyone),
        Permission(services.FIRM, "See the firm’s objectives and the course of its numbers", manager),
        Permission(controllers.GOALS, "Set and drop objectives", manager),
    )


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (NavItem("Numbers", "/insights", controllers.READ, "chart-column", "Insights", 90),)


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("past", sample.past, order=99),)


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    if not ctx.actor.may(controllers.READ):
        return ()
    panels = []
    tiles = services.tiles(ctx, pinned=True)
    if tiles:
        panels.append(
            Panel("numbers", "Numbers", "insights/tiles.html", {"tiles": tiles}, "main", "chart-column", 5)
        )
    goals = services.objectives(ctx) if ctx.actor.may(services.FIRM) else []
    if goals:
        data = {"objectives": goals}
        panels.append(
            Panel("objectives", "Objectives", "insights/objectives.html", data, "side", "target", 5)
        )
    return panels


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    if not ctx.actor.may(controllers.READ):
        return ()
    numbers = services.worth(ctx, customer.key)
    if not any(number["any"] for number in numbers):
        return ()
    data = {"numbers": numbers}
    return (Panel("worth", "What they are worth", "insights/worth.html", data, "side", "chart-column", 60),)
