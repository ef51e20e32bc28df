"""Workflow's table of contents: what it contributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from patron import (
    Action,
    Context,
    Customer,
    Handler,
    Job,
    Panel,
    Resource,
    RoleGrant,
    Route,
    SampleData,
    Scope,
    SettingSpec,
    WorkflowAction,
    hookimpl,
)

from patron_workflow import tasks
from patron_workflow.automation.own_actions import ACTIONS
from patron_workflow.automation.pages import record_panel
from patron_workflow.automation.resource import AUTOMATIONS, RUNS
from patron_workflow.automation.running import on_event
from patron_workflow.automation.triggers import wanted
from patron_workflow.controllers import ROUTES
from patron_workflow.resources import CALENDARS, RULES
from patron_workflow.retention import RUN_DAYS, forget_runs
from patron_workflow.samples import SAMPLES


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (CALENDARS, RULES, AUTOMATIONS, RUNS, tasks.RESOURCE)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return ROUTES


@hookimpl
def register_permissions() -> Sequence[RoleGrant]:
    return (RoleGrant("user", {f"{tasks.TASKS}.delete": Scope.TEAM}),)


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    return (SettingSpec("run_days", "Days for which runs of rules are kept", "integer", RUN_DAYS),)


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return (Handler("run_rules", "*", on_event, wanted=wanted),)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (Job("forget_runs", forget_runs, timedelta(days=1)),)


@hookimpl
def register_workflow_actions() -> Sequence[WorkflowAction]:
    return ACTIONS


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return SAMPLES


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    found = [tasks.notices_panel(ctx)]
    if ctx.actor.may(f"{tasks.TASKS}.read"):
        found.append(tasks.today_panel(ctx))
    return [panel for panel in found if panel is not None]


@hookimpl
def record_panels(ctx: Context, resource: Resource, record: Any) -> Sequence[Panel]:
    return record_panel(ctx, resource, record)


@hookimpl
def customer_actions(ctx: Context, customer: Customer) -> Sequence[Action]:
    url = f"/workflow/tasks/new?customer={customer.key}&back=/customers/{customer.key}"
    return (Action("New task", url, f"{tasks.TASKS}.create", icon="list-checks"),)
