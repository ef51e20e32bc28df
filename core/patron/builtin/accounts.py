"""Accounts: signing in, one's own settings, and the administration of users, roles, teams, audit and modules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.accounts.controllers import ROUTES
from patron.accounts.letters import RESET_ASKED, send_reset
from patron.accounts.sealing import seal
from patron.accounts.services import clean_up
from patron.context import Context
from patron.contributions import Commands, EventType, Handler, Job, NavItem, Permission
from patron.hookspecs import hookimpl
from patron.routing import Route

ADMIN = "admin"
_GROUP = "Administration"


@hookimpl
def register_controllers() -> Sequence[Route]:
    return ROUTES


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return [Permission(ADMIN, "Administer users, roles, teams and modules")]


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return [
        NavItem("Company", "/admin/company", ADMIN, "building-2", _GROUP, 5),
        NavItem("Users", "/admin/users", ADMIN, "users", _GROUP, 10),
        NavItem("Teams", "/admin/teams", ADMIN, "user-round", _GROUP, 20),
        NavItem("Roles", "/admin/roles", ADMIN, "shield-check", _GROUP, 30),
        NavItem("Modules", "/admin/modules", ADMIN, "package", _GROUP, 40),
        NavItem("Audit", "/admin/audit", ADMIN, "history", _GROUP, 50),
        NavItem("Health", "/admin/health", ADMIN, "activity", _GROUP, 60),
    ]


def seal_audit(ctx: Context) -> None:
    """A batch at a time: a short transaction."""
    seal(ctx)


@hookimpl
def register_events() -> Sequence[EventType]:
    payload = {"face": "where", "email": "as it was typed"}
    verified = "An account has followed a link that was sent to its address."
    return [
        EventType(RESET_ASKED, "Someone asked for a new password.", payload),
        EventType("accounts.verified", verified, {"account": "id"}),
    ]


@hookimpl
def register_event_handlers() -> Sequence[Handler]:
    return [Handler("send_reset", RESET_ASKED, send_reset)]


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [
        Job("clean-up-sign-ins", clean_up, timedelta(hours=1)),
        Job("seal-audit", seal_audit, timedelta(minutes=1)),
    ]


@hookimpl
def register_commands() -> Commands:
    from patron.cli.auditing import audit

    return (audit,)
