"""Keeps the ledger of events short, and tells the doctor of deliveries that need a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.context import Context
from patron.contributions import HealthCheck, Job
from patron.events import DEAD, backlog, purge
from patron.hookspecs import hookimpl

KEEP = timedelta(days=90)


def forget_old_events(ctx: Context) -> None:
    """A thousand at a time, every few minutes: short transactions."""
    purge(ctx, ctx.now - KEEP)


def dead_letters(ctx: Context) -> str | None:
    dead = backlog(ctx)[DEAD]
    return f"{dead} deliveries have failed for good. See: patron events dead" if dead else None


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [Job("forget_old_events", forget_old_events, every=timedelta(minutes=10))]


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return [HealthCheck("dead_letters", dead_letters)]
