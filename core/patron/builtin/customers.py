"""The customer, and every touch with it."""

from __future__ import annotations

from collections.abc import Sequence

from patron.context import Context
from patron.contributions import CustomerFields, Intent, Metric, Panel, Permission, Resource
from patron.customers import controllers, facts, metrics, origins, report_controllers
from patron.customers.models import Customer
from patron.customers.resource import CUSTOMERS
from patron.hookspecs import hookimpl
from patron.interactions import log_controllers
from patron.interactions.channels import INTENTS
from patron.interactions.resource import INTERACTIONS
from patron.permissions import Scope
from patron.routing import Route


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (CUSTOMERS, INTERACTIONS)


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (origins.FIELDS,)


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    found = facts.panel(ctx, customer)
    return () if found is None else (found,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*controllers.ROUTES, *report_controllers.ROUTES, *log_controllers.ROUTES)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (
        Permission(
            "interactions.log", "Log calls, meetings and letters", {"manager": Scope.ALL, "user": Scope.ALL}
        ),
        Permission("customers.merge", "Merge and split customers", {"manager": Scope.ALL}),
        Permission("customers.erase", "Erase customers"),
        Permission("customers.report", "See everything held about a person, of every module"),
        Permission("views.publish", "Share saved views with everybody", {"manager": Scope.ALL}),
    )


@hookimpl
def register_intents() -> Sequence[Intent]:
    return INTENTS


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return metrics.METRICS
