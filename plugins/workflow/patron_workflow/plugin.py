"""Workflow's table of contents: what it contributes."""

from __future__ import annotations

from collections.abc import Sequence

from patron import Resource, RoleGrant, SampleData, Scope, hookimpl

from patron_workflow.resources import CALENDARS, RULES
from patron_workflow.samples import SAMPLES


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (CALENDARS, RULES)


@hookimpl
def register_permissions() -> Sequence[RoleGrant]:
    read = {f"workflow.{name}.read": Scope.ALL for name in ("calendars", "rules")}
    write = {
        f"workflow.{name}.{verb}": Scope.ALL
        for name in ("calendars", "rules")
        for verb in ("create", "edit", "delete", "export", "import")
    }
    return (RoleGrant("manager", {**read, **write}), RoleGrant("user", read), RoleGrant("reader", read))


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return SAMPLES
