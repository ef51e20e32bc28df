"""The module's table of contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Action,
    Context,
    Customer,
    CustomerFields,
    EventType,
    Metric,
    Panel,
    Permission,
    Resource,
    Route,
    SampleData,
    Scope,
    SettingSpec,
    hookimpl,
)

from patron_orders import controllers, events, sample
from patron_orders.facts import FACTS
from patron_orders.resource import RESOURCES
from patron_orders.services import duties, holds, metrics, pages


@hookimpl
def register_resources() -> Sequence[Resource]:
    return RESOURCES


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (FACTS,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return controllers.ROUTES


@hookimpl
def register_permissions() -> Sequence[Permission]:
    manager = {"manager": Scope.ALL}
    return (
        Permission(holds.PERMISSION, "Put customers on hold and release them", manager),
        Permission(holds.OVERRIDE, "Sell to a customer on hold, with a reason", manager),
        Permission("orders.issue", "Issue invoices", {"manager": Scope.ALL, "user": Scope.TEAM}),
        Permission("orders.credit", "Issue credit notes and refund", manager),
    )


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    return (
        SettingSpec("payment_days", "Days to pay an invoice", "integer", 14),
        SettingSpec("retention_years", "Years to keep invoices", "integer", 10, help="As your law says."),
    )


@hookimpl
def register_events() -> Sequence[EventType]:
    return events.EVENTS


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return metrics.METRICS


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    panels = []
    data = _summary(ctx, customer.key) if ctx.actor.may("orders.orders.read") else None
    hold = holds.hold_of(ctx, customer.key)
    if hold is not None:
        panels.append(
            Panel("hold", "On hold", "orders/hold_banner.html", {"hold": hold}, "banner", "pause", 0)
        )
    if data is not None:
        panels.append(
            Panel("orders", "Orders", "orders/customer_panel.html", data, "main", "shopping-cart", 30)
        )
    return panels


def _summary(ctx: Context, customer_id: int) -> dict[str, Any]:
    found: dict[str, Any] = ctx.cached(
        ("orders.summary", customer_id), lambda: pages.customer_summary(ctx, customer_id)
    )
    return found


@hookimpl
def customer_actions(ctx: Context, customer: Customer) -> Sequence[Action]:
    url = f"/orders/customers/{customer.key}"
    if ctx.actor.may("orders.orders.read"):
        _summary(ctx, customer.key)  # which the panel will show, with the hold that is asked for here
    if holds.hold_of(ctx, customer.key) is not None:
        return (Action("Release hold", f"{url}/release", holds.PERMISSION, icon="play"),)
    return (Action("Put on hold", f"{url}/hold", holds.PERMISSION, icon="pause", in_menu=True),)


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    if not ctx.actor.may("orders.payments.create"):
        return ()
    return (
        Panel(
            "overdue",
            "Overdue invoices",
            "orders/home_panel.html",
            pages.overdue(ctx),
            "main",
            "wallet",
            40,
        ),
    )


@hookimpl
def check_customer_archive(ctx: Context, customers: Sequence[Customer]) -> Sequence[str]:
    return duties.reasons_to_keep(ctx, customers)


@hookimpl
def before_customer_merge(ctx: Context, survivor_id: int, merged_id: int) -> Sequence[Mapping[str, Any]]:
    return duties.before_merge(ctx, survivor_id, merged_id)


@hookimpl
def after_customer_split(ctx: Context, journal: Sequence[Mapping[str, Any]]) -> None:
    duties.after_split(ctx, journal)


@hookimpl
def export_customer(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    return duties.report(ctx, customer_id)


@hookimpl
def before_customer_erase(ctx: Context, customer_id: int) -> str:
    return duties.erase(ctx, customer_id)


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("orders", sample.orders_of_the_past, 60),)
