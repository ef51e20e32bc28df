"""Telephony: the webhook of telephone systems, calls and unknown callers, and rules for intents."""

from __future__ import annotations

from collections.abc import Sequence

from patron.calls.controllers import HOME, LOG, ROUTES
from patron.calls.models import PhoneLine
from patron.context import Context
from patron.contributions import HealthCheck, NavItem, Resource
from patron.hookspecs import hookimpl
from patron.interactions.intent_resource import INTENT_RULES
from patron.routing import Route
from patron.shell import ADMINISTRATION
from patron.system.failing import failed_last


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (INTENT_RULES,)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return ROUTES


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (
        NavItem("Calls", "/calls", LOG, "phone", "Customers", 55),
        NavItem("Telephony", HOME, ADMINISTRATION, "phone", "Administration", 61),
    )


def _telling(ctx: Context) -> str | None:
    """A telephone system whose last message could not be taken."""
    row = failed_last(ctx, PhoneLine)
    return (
        f"“{row.name}” tells of calls in a way that is not understood: {row.last_error} See {HOME}."
        if row
        else None
    )


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return (HealthCheck("telephony", _telling),)
