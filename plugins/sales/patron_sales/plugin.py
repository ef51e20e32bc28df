"""The table of contents of sales: what it contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from patron import (
    Action,
    Context,
    Customer,
    CustomerFields,
    EventType,
    Job,
    Metric,
    NavItem,
    Panel,
    Permission,
    Resource,
    Route,
    SampleData,
    Scope,
    SettingSpec,
    WorkflowAction,
    WorkflowTrigger,
    hookimpl,
)

from patron_sales import panels, with_workflow
from patron_sales.controllers import enquiries, opportunities, quote_links, quotes
from patron_sales.events import EVENTS
from patron_sales.facts import FACTS
from patron_sales.resources import ENQUIRIES, OPPORTUNITIES, QUOTES
from patron_sales.samples import SAMPLES
from patron_sales.services.mailing import FIELDS, TEXT
from patron_sales.services.overview import METRICS
from patron_sales.services.quotes import expire, report

KINDS = ("enquiries", "opportunities", "quotes")


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (ENQUIRIES, OPPORTUNITIES, QUOTES)


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (FACTS,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*enquiries.ROUTES, *opportunities.ROUTES, *quotes.ROUTES, *quote_links.ROUTES)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (NavItem("Forecast", "/sales/forecast", "sales.opportunities.read", "trending-up", "Sales", 45),)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (
        Permission(
            "sales.quotes.accept",
            "Accept quotes: order and invoice come of it",
            {"manager": Scope.ALL, "user": Scope.TEAM},
        ),
    )


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    return (
        SettingSpec("quote_days", "A quote is valid for so many days", "integer", 30),
        SettingSpec(
            "quote_mail",
            "Text of the mail with a quote",
            default=TEXT,
            help=f"It can be changed before each sending. Filled in: {', '.join('{' + name + '}' for name in FIELDS)}.",
        ),
        SettingSpec("free_line_tax", "Tax of lines without a product, in %", "text", "19"),
    )


@hookimpl
def register_events() -> Sequence[EventType]:
    return EVENTS


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (Job("expire_quotes", expire, timedelta(hours=1)),)


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return METRICS


@hookimpl
def register_workflow_triggers() -> Sequence[WorkflowTrigger]:
    return with_workflow.TRIGGERS


@hookimpl
def register_workflow_actions() -> Sequence[WorkflowAction]:
    return with_workflow.ACTIONS


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return SAMPLES


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    return panels.of_customer(ctx, customer)


@hookimpl
def customer_actions(customer: Customer) -> Sequence[Action]:
    return panels.customer_actions(customer)


@hookimpl
def export_customer(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    return report(ctx, customer_id)


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    return panels.home(ctx)
