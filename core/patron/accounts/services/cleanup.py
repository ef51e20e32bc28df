"""What the worker throws away: sessions, links and counters that can matter no more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_

from patron.accounts.authentication import IDLE
from patron.accounts.models import RateLimit, SignIn, SignInLink
from patron.context import Context
from patron.records import table

KEPT = timedelta(days=1)


def clean_up(ctx: Context) -> None:
    """Delete sessions that have ended, links a month after their end, and counters whose window is long over."""
    sessions, links, limits = table(SignIn), table(SignInLink), table(RateLimit)
    ended = or_(sessions.c.expires_at <= ctx.now, sessions.c.seen_at <= ctx.now - IDLE)
    ctx.session.execute(delete(sessions).where(ended))
    ctx.session.execute(delete(links).where(links.c.expires_at <= ctx.now - timedelta(days=30)))
    ctx.session.execute(delete(limits).where(limits.c.window_start <= ctx.now - KEPT))
