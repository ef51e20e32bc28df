"""What is reckoned of each customer: its stage by the firm's definition, and how good its data is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.context import Context
from patron.contributions import (
    Commands,
    CustomerFields,
    Handler,
    HealthCheck,
    Job,
    Measure,
    Metric,
    NavItem,
    Permission,
)
from patron.hookspecs import hookimpl
from patron.permissions import Scope
from patron.reckoning import quality, stages
from patron.reckoning.controllers import DEFINE, HOME, ROUTES, RULES_HOME, SEE
from patron.reckoning.working import follow, reckon_all, reckon_recent, wanted
from patron.routing import Route


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (stages.FIELDS, quality.FIELDS)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return ROUTES


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (
        Permission(DEFINE, "Say what is called active, lapsed, lost and prospect", {"manager": Scope.ALL}),
        Permission(SEE, "See how good the data is", {"manager": Scope.ALL}),
    )


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (
        NavItem("Data quality", "/customers/quality", SEE, "gauge", "Customers", 62),
        NavItem("Stages", HOME, DEFINE, "target", "Administration", 63),
        NavItem("Which value stands", RULES_HOME, DEFINE, "scale", "Administration", 64),
    )


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (
        Job(stages.JOB.partition(".")[2], reckon_all, timedelta(days=1), transaction=False),
        Job("reckon_recent", reckon_recent, timedelta(minutes=1), transaction=False),
    )


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return (Handler("reckon_touched", "*", follow, batch=True, wanted=wanted),)


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return tuple(
        Metric(
            f"customers_{name}", f"{label} customers", of=Measure("customers", {"stage": name}, by="kind"),
            falling=name in ("lapsed", "lost"),
        )
        for name, label in stages.STAGES.items()
    )  # fmt: skip


@hookimpl
def register_commands() -> Commands:
    from patron.cli.reckoning import reckon

    return (reckon,)


def _readable(ctx: Context) -> str | None:
    """A definition of stages that names what is no longer there."""
    broken = stages.in_force(ctx).broken
    return f"Stages cannot be reckoned: {broken} See {HOME}." if broken else None


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return (HealthCheck("stages", _readable),)
