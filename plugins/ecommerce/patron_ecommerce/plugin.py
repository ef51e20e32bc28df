"""The shop's table of contents: what it contributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron import (
    Context,
    Customer,
    CustomerFields,
    EventType,
    Handler,
    HealthCheck,
    Job,
    Metric,
    NavItem,
    Panel,
    Permission,
    PortalSection,
    Resource,
    Route,
    SampleData,
    Scope,
    SettingSpec,
    hookimpl,
)

from patron_ecommerce import sample, testpay
from patron_ecommerce.controllers import buying, portal, shop, staff
from patron_ecommerce.events import EVENTS
from patron_ecommerce.facts import FACTS
from patron_ecommerce.providers import PaymentProvider
from patron_ecommerce.resource import CHECKOUTS, RESOURCES
from patron_ecommerce.services import buyers, carts, following, metrics, pages, payments, setup
from patron_ecommerce.services.common import RIGHT

TITLE = "Shop"


@hookimpl
def register_resources() -> Sequence[Resource]:
    return RESOURCES


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (FACTS,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*shop.ROUTES, *buying.ROUTES, *portal.ROUTES, *staff.ROUTES)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (NavItem("Shop settings", "/ecommerce/settings", staff.SETTINGS, "settings", "Shop", 60),)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    manager = {"manager": Scope.ALL}
    return (
        Permission(payments.PERMISSION, "Settle and refund shop payments", manager),
        Permission(staff.SETTINGS, "See how the shop is set up", manager),
    )


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    return setup.SETTINGS


@hookimpl
def register_events() -> Sequence[EventType]:
    return EVENTS


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return (
        Handler("ship_fulfilled", "orders.order.fulfilled", following.on_fulfilled),
        Handler("free_cancelled", "orders.order.cancelled", following.on_cancelled),
        Handler("claim_guest_orders", "accounts.verified", buyers.on_verified),
    )


def _abandon(ctx: Context) -> None:
    carts.abandon(ctx)


def _expire(ctx: Context) -> None:
    payments.expire(ctx)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (
        Job("note_abandoned_carts", _abandon, timedelta(minutes=15)),
        Job("expire_payments", _expire, timedelta(minutes=2)),
    )


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return metrics.METRICS


@hookimpl
def register_portal_sections() -> Sequence[PortalSection]:
    return (PortalSection("orders", "Orders", "/my/orders", RIGHT, "package", 20),)


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return setup.HEALTH


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("shop", sample.shop, 70),)


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    return (pages.customer_panel(ctx, customer),) if ctx.actor.may(CHECKOUTS.permission("read")) else ()


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    return (pages.home_panel(ctx),) if ctx.actor.may(CHECKOUTS.permission("read")) else ()


@hookimpl
def ecommerce_payment_providers() -> Sequence[PaymentProvider]:
    return (testpay.PROVIDER,)
