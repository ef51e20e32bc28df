"""The daily snapshot of every metric: history that is not kept can never be had."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.context import Context
from patron.contributions import HealthCheck, Job
from patron.hookspecs import hookimpl
from patron.metrics import services


def keep_snapshot(ctx: Context) -> None:
    """Keep today's values."""
    services.snapshot(ctx)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (Job("metrics", keep_snapshot, timedelta(days=1)),)


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return (HealthCheck("metrics", services.failing),)
