"""Runs of rules are kept for a time."""

from __future__ import annotations

from datetime import timedelta

from patron import Context, table
from sqlalchemy import delete, select

from patron_workflow.models import Run

RUN_DAYS = 90
AT_ONCE = 5_000


def forget_runs(ctx: Context) -> None:
    """Delete runs older than the setting ``run_days``, the oldest first, so many at a time."""
    t = table(Run)
    edge = ctx.now - timedelta(days=int(ctx.assembly.setting("workflow", "run_days")))
    old = select(t.c.id).where(t.c.created_at < edge).order_by(t.c.created_at).limit(AT_ONCE)
    ctx.session.execute(delete(t).where(t.c.id.in_(old)))
