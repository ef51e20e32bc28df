"""The table of contents of partner management: what it contributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from patron import (
    Action,
    Context,
    Customer,
    EventType,
    Face,
    Handler,
    Job,
    Metric,
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

from patron_prm import controllers, controllers_portal, with_sales
from patron_prm.events import EVENTS
from patron_prm.resource import RESOURCES
from patron_prm.sample import add_samples
from patron_prm.services import conflicts, decisions, duties, leads, panels, registrations

TITLE = "Partners"


@hookimpl
def register_resources() -> Sequence[Resource]:
    return RESOURCES


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*controllers.ROUTES, *controllers_portal.ROUTES)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (
        Permission(decisions.PERMISSION, "Decide on registrations, and see the evidence", {"manager": Scope.ALL}),
    )  # fmt: skip


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    hours = "Hours of working time."
    return (
        SettingSpec("decision_hours", "Registrations are decided within", "integer", 16, help=hours),
        SettingSpec("acceptance_hours", "Partners answer an offered lead within", "integer", 8, help=hours),
        SettingSpec("protection_days", "Approved deals are protected for so many days", "integer", 90),
    )


@hookimpl
def register_events() -> Sequence[EventType]:
    return EVENTS


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return (
        Handler("check_conflicts", "prm.registration.submitted", conflicts.on_submitted),
        Handler("follow_name", "customers.changed", duties.on_customer_changed),
    )


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (
        Job("recall_offers", leads.recall_due, timedelta(minutes=1)),
        Job("expire_protections", registrations.expire, timedelta(hours=1)),
    )


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return panels.METRICS


@hookimpl
def register_portal_sections() -> Sequence[PortalSection]:
    deals, partner = controllers_portal.DEALS, Face.PARTNER
    return (
        PortalSection(
            "registrations", "Registrations", "/partner/registrations", deals, "shield-check", 10, partner,
            "Register a deal, and follow what becomes of it.",
        ),
        PortalSection(
            "leads", "Leads", "/partner/leads", controllers_portal.LEADS, "inbox", 20, partner,
            "What we offer you, and until when.",
        ),
        PortalSection(
            "customers", "Customers", "/partner/customers", deals, "users", 30, partner,
            "The end customers that you serve.",
        ),
    )  # fmt: skip


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("partners", add_samples, order=70),)


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    return panels.of_customer(ctx, customer)


@hookimpl
def customer_actions(ctx: Context, customer: Customer) -> Sequence[Action]:
    offer = f"/prm/leads/new?customer={customer.key}"
    partner = f"/prm/partners/new?customer={customer.key}"
    send = Action("Offer to a partner", offer, "prm.leads.create", icon="send", in_menu=True)
    make = Action("Make a partner", partner, "prm.partners.create", icon="handshake", in_menu=True)
    return (send,) if panels.profile_of(ctx, customer.key) is not None else (send, make)


@hookimpl
def record_panels(ctx: Context, resource: Resource, record: Any) -> Sequence[Panel]:
    if resource.key != with_sales.OPPORTUNITIES or not ctx.actor.may(f"{registrations.KEY}.read"):
        return ()
    return panels.of_opportunity(ctx, record.key)


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    return panels.home(ctx) if ctx.actor.may(decisions.PERMISSION) else ()


@hookimpl
def before_customer_erase(ctx: Context, customer_id: int) -> str:
    return duties.erase(ctx, customer_id)
