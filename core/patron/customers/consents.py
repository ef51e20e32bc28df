"""What is allowed: an append-only ledger of purposes granted and withdrawn; the newest act per purpose counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from patron.accounts import audit
from patron.context import Context
from patron.customers.models import Consent
from patron.errors import Invalid
from patron.events import publish
from patron.interactions import timeline
from patron.records import table


@dataclass(frozen=True)
class Standing:
    """What counts now for one purpose on one channel, and since when, by which act."""

    purpose: str
    channel: str
    granted: bool
    at: datetime
    source: str
    by: str


def record_consent(
    ctx: Context,
    customer_id: int,
    purpose: str,
    *,
    granted: bool,
    channel: str = "email",
    source: str = "",
    wording: str = "",
    proof: str = "",
    brand_id: int | None = None,
) -> None:
    """Add one act to the ledger."""
    if not purpose.strip():
        raise Invalid.field("purpose", "Say for what.")
    ctx.session.execute(
        insert(table(Consent)).values(
            customer_id=customer_id,
            brand_id=brand_id,
            purpose=purpose.strip()[:100],
            channel=channel,
            granted=granted,
            wording=wording,
            source=source,
            proof=proof,
            at=ctx.now,
            by=ctx.actor.name,
        )
    )
    audit.record(
        ctx,
        "consent",
        "customers",
        customer_id,
        {f"{purpose} by {channel}": (None, granted)},
        customer_id=customer_id,
    )
    word = "granted" if granted else "withdrawn"
    timeline.add(
        ctx,
        customer_id,
        "core.consent",
        f"Consent {word}: {purpose} by {channel}",
        snapshot={"source": source},
    )
    publish(
        ctx,
        "customers.consent",
        {"purpose": purpose, "channel": channel, "granted": granted},
        customer_id=customer_id,
    )
