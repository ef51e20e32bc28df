"""The table of contents of marketing: what it contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from patron import (
    Assembly,
    Context,
    Customer,
    CustomerFields,
    Event,
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

from patron_marketing import samples
from patron_marketing.controllers import campaigns, forms, public, segments
from patron_marketing.resources import CAMPAIGNS, FORMS, SEGMENTS, SUPPRESSIONS
from patron_marketing.services import erasure, facts, overview, sending, submissions
from patron_marketing.services.campaigns import KEY, SEND
from patron_marketing.services.segments import recount


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (SEGMENTS, CAMPAIGNS, FORMS, SUPPRESSIONS)


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (facts.FIELDS,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*segments.ROUTES, *campaigns.ROUTES, *forms.ROUTES, *public.ROUTES)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (NavItem("Results", "/marketing/results", f"{KEY}.read", "chart-column", "Marketing", 60),)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (Permission(SEND, "Send campaigns", {"manager": Scope.ALL}),)


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    return (
        SettingSpec("purposes", "Purposes that customers can choose", "text", "newsletter, offers, events",
                    help="Separated by commas. A campaign and a form name one of them."),
        SettingSpec("quiet_days", "Days between two campaign mails to one customer", "integer", 0,
                    help="0: as many as there are campaigns."),
        SettingSpec("track_opens", "Learn when a campaign mail is opened", "bool", False,
                    help="Puts a picture into each mail. Off, since it watches people and mostly counts programs."),
    )  # fmt: skip


@hookimpl
def register_events() -> Sequence[EventType]:
    campaign = {"id": "the campaign", "name": "its name"}
    form = {"form_id": "the form", "submission_id": "what was sent in"}
    said = {
        "preparing": "A campaign was started.", "sending": "All members of its segment have their row.",
        "paused": "A campaign was paused, or stopped by itself.", "sent": "A campaign is through.",
        "cancelled": "A campaign was cancelled.",
    }  # fmt: skip
    return (
        *(EventType(f"marketing.campaign.{name}", text, campaign) for name, text in said.items()),
        EventType(
            "marketing.form.submitted",
            "A form was sent in.",
            {**form, "source": "of the lead", "campaign": "of the lead"},
        ),
        EventType("marketing.form.confirmed", "A consent was confirmed by the link in a mail.", form),
    )


def _bounced(ctx: Context, event: Event) -> None:
    payload: Mapping[str, Any] = event.payload
    sending.note_bounce(ctx, payload.get("interaction_id"), str(payload["recipient"]), str(payload["reason"]))


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return (Handler("note_bounces", "mail.bounced", _bounced),)


def _send(assembly: Assembly) -> None:
    sending.send_due(assembly)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (
        Job("send_campaigns", _send, timedelta(seconds=5), transaction=False),
        Job("count_segments", recount, timedelta(hours=6)),
        Job("ask_to_confirm", submissions.ask_later, timedelta(minutes=2)),
    )


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return overview.METRICS


@hookimpl
def register_portal_sections() -> Sequence[PortalSection]:
    return (
        PortalSection("preferences", "What we may send you", "/my/preferences", "preferences", "mail", 60),
    )


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return overview.HEALTH


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("campaigns", samples.add_samples, order=70),)


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    may = ctx.actor.may(f"{KEY}.read") or ctx.actor.may(facts.PERMISSION)
    return (overview.customer_panel(ctx, customer),) if may else ()


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    return (overview.home_panel(ctx),) if ctx.actor.scope(f"{KEY}.read") == Scope.ALL else ()


@hookimpl
def export_customer(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    return erasure.export(ctx, customer_id)


@hookimpl
def before_customer_erase(ctx: Context, customer_id: int) -> str:
    return erasure.erase(ctx, customer_id)
