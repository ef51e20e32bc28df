"""Rate limits: one counter per bucket and window, shared by every process; counting is one statement."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import timedelta

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from patron.accounts.models import RateLimit
from patron.errors import TooManyRequests
from patron.records import table, utc_now


def rate_limit(session: Session, bucket: str, limit: int, window: timedelta) -> None:
    """Count one attempt; TooManyRequests once ``limit`` is passed within ``window``. Needs a write transaction.

    A refused attempt is rolled back with its transaction: the counter then stands at the limit until the window ends.
    """
    now = utc_now()
    t = table(RateLimit)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    over = t.c.window_start <= now - window
    statement = (
        insert(t)
        .values(bucket=bucket, window_start=now, hits=1)
        .on_conflict_do_update(
            index_elements=[t.c.bucket],
            set_={
                "hits": case((over, 1), else_=t.c.hits + 1),
                "window_start": case((over, now), else_=t.c.window_start),
            },
        )
        .returning(t.c.hits, t.c.window_start)
    )
    hits, began = session.execute(statement).one()
    if hits > limit:
        left = (began + window - now).total_seconds()
        raise TooManyRequests(
            "There were too many attempts. Please wait a while.", retry_after=max(1, round(left))
        )


def forget_limit(session: Session, bucket: str) -> None:
    """Start a bucket anew: whoever signs in has proven that the earlier attempts were theirs."""
    t = table(RateLimit)
    session.execute(t.delete().where(t.c.bucket == bucket))


def account_bucket(purpose: str, email_key: str) -> str:
    """The bucket of one account, known or not; the address itself is not kept."""
    return f"{purpose}:account:{hashlib.sha256(email_key.encode()).hexdigest()[:32]}"


def address_bucket(purpose: str, address: str) -> str:
    """The bucket of one network address; of IPv6 the whole /64, which one subscriber holds."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"{purpose}:address:{address[:64]}"
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False).network_address
    return f"{purpose}:address:{parsed}"
