"""Service's table of contents: what it contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Action,
    Context,
    Customer,
    CustomerFields,
    EventType,
    Handler,
    Metric,
    OpenCase,
    Panel,
    PortalSection,
    Resource,
    RoleGrant,
    Route,
    SampleData,
    Scope,
    SettingSpec,
    WorkflowAction,
    WorkflowTrigger,
    hookimpl,
)

from patron_service import controllers, controllers_portal, controllers_survey, with_workflow
from patron_service.facts import FACTS
from patron_service.resource import QUEUES, SURVEYS, TICKETS
from patron_service.sample import add_samples
from patron_service.services import duties, intake, panels, surveys
from patron_service.services.clock import DEFAULT_MINUTES
from patron_service.services.tickets import KEY

TITLE = "Service desk"


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (QUEUES, TICKETS, SURVEYS)


@hookimpl
def register_customer_fields() -> Sequence[CustomerFields]:
    return (FACTS,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*controllers.ROUTES, *controllers_portal.ROUTES, *controllers_survey.ROUTES)


@hookimpl
def register_permissions() -> Sequence[RoleGrant]:
    # A queue's team is whom it gives its tickets to: whoever works with tickets may see what all are called.
    queues = {"service.queues.read": Scope.ALL}
    return (RoleGrant("user", queues), RoleGrant("reader", queues))


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    label = "First answer within, for tickets in no queue"
    help_text = "Minutes of working time at normal priority."
    ask = "Ask how satisfied they are, once a ticket is solved"
    return (
        SettingSpec("first_response_minutes", label, "integer", DEFAULT_MINUTES, help=help_text),
        SettingSpec(surveys.ASK, ask, "bool", True, help="By mail, nobody more often than every fortnight."),
    )


@hookimpl
def register_events() -> Sequence[EventType]:
    payload = {"id": "ticket", "number": "its number"}
    said = {
        "opened": "A ticket was opened.", "answered": "A ticket got its first answer.",
        "solved": "A ticket was solved.", "reopened": "A solved ticket was opened again.",
    }  # fmt: skip
    answered = {"id": "survey", "ticket": "ticket", "score": "from 1 to 5"}
    return (
        *(EventType(f"service.ticket.{name}", text, payload) for name, text in said.items()),
        EventType("service.survey.answered", "A customer said how satisfied they are.", answered),
    )


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return (
        Handler("take_mail", "mail.received", intake.on_mail_received),
        Handler("take_released_mail", "mail.released", intake.on_mail_released),
        Handler("ask_satisfaction", "service.ticket.solved", surveys.on_ticket_solved),
        Handler("reopen_bounced", "mail.bounced", intake.on_mail_bounced),
    )


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return (*panels.METRICS, *surveys.METRICS)


@hookimpl
def register_portal_sections() -> Sequence[PortalSection]:
    return (
        PortalSection(
            "tickets",
            "Tickets",
            "/my/tickets",
            controllers_portal.RIGHT,
            "ticket",
            30,
            hint="Ask us something, and follow what becomes of it.",
            contact="/my/tickets/new",
        ),
    )


@hookimpl
def register_workflow_triggers() -> Sequence[WorkflowTrigger]:
    return with_workflow.TRIGGERS


@hookimpl
def register_workflow_actions() -> Sequence[WorkflowAction]:
    return with_workflow.ACTIONS


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("tickets", add_samples, order=60),)


@hookimpl
def find_open_cases(ctx: Context, customers: Sequence[int]) -> Sequence[OpenCase]:
    return panels.open_cases(ctx, customers)


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    return (panels.customer_panel(ctx, customer),) if ctx.actor.may(f"{KEY}.read") else ()


@hookimpl
def customer_actions(ctx: Context, customer: Customer) -> Sequence[Action]:
    link = "contact" if customer.kind == "person" else "customer"
    url = f"/service/tickets/new?{link}={customer.key}&channel=phone"
    return (
        (Action("New ticket", url, f"{KEY}.create", icon="ticket"),) if ctx.actor.may(f"{KEY}.create") else ()
    )


@hookimpl
def export_customer(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    return duties.report(ctx, customer_id)


@hookimpl
def plugin_disabled(ctx: Context) -> None:
    duties.pause_mailboxes(ctx)


@hookimpl
def plugin_enabled(ctx: Context) -> None:
    duties.resume_mailboxes(ctx)


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    return (panels.home_panel(ctx),) if ctx.actor.may(f"{KEY}.read") else ()
