"""Who of a segment must not, or cannot, get a campaign's mail, and why: asked at the start and again before it goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patron import ContactPoint, Context, Customer, Invalid, Preference, consents, preferring, table
from sqlalchemy import or_, select

from patron_marketing.models import Campaign, Recipient, Suppression

REASONS: Mapping[str, str] = {
    "no_address": "No e-mail address",
    "deceased": "Deceased",
    "dissolved": "Dissolved",
    "insolvent": "Insolvent",
    "gone": "No longer a customer record",
    "dead_address": "Address is known to be dead",
    "suppressed": "On the suppression list",
    "withdrawn": "Consent withdrawn",
    "no_consent": "Never consented to this purpose",
    "other_channel": "Prefers another channel",
    "unclear_hours": "Prefers hours that cannot be read",
    "other_hours": "Waits for the hours they prefer",
    "recent": "Had a campaign mail lately",
    "duplicate": "Same address as another member",
    "cancelled": "Campaign was cancelled",
    "erased": "Erased",
    "refused": "The mail server refused it",
    "bounced": "Came back undelivered",
    "given_up": "Deferred too often",
}


@dataclass(frozen=True)
class Reader:
    """A customer as a mail sees them, the reason why nothing may go there, and until when it has to wait."""

    id: int
    address: str
    row: Any
    salutation: str
    reason: str
    wait_until: datetime | None


def judge(
    ctx: Context,
    campaign: Campaign,
    customer_ids: Collection[int],
    addresses: Mapping[int, str] | None = None,
) -> dict[int, Reader]:
    """What stands against a mail to each of these customers: five statements, however many there are.

    ``addresses`` says where the mail would go, where that is not today's primary address.
    """
    c = table(Customer)
    rows = {row.id: row for row in ctx.session.execute(select(c).where(c.c.id.in_(list(customer_ids))))}
    where = {
        key: (addresses or {}).get(key, row.primary_email) if row.primary_email else ""
        for key, row in rows.items()
    }
    asked = consents.decided(ctx, customer_ids, campaign.purpose, brand_id=campaign.brand_id)
    p = table(Preference)
    preferred: dict[int, Mapping[str, Any]] = {
        row["customer_id"]: dict(row)
        for row in ctx.session.execute(select(p).where(p.c.customer_id.in_(list(customer_ids)))).mappings()
    }
    dead, silent = _dead(ctx, where.values()), suppressed(ctx, where.values(), campaign.purpose)
    recent = _recent(ctx, campaign, customer_ids)
    found = {}
    for key, row in rows.items():
        preference: Mapping[str, Any] = preferred.get(key, {})
        try:
            hours, clear = preferring.hours_of(ctx, preference), True
        except Invalid:
            hours, clear = None, False
        address = where[key]
        reason = (
            "gone" if row.trashed_at is not None or row.merged_into_id is not None
            else row.life_state if row.life_state != "active"
            else "no_address" if not address
            else "suppressed" if address in silent
            else "withdrawn" if asked.get(key) is False
            else "no_consent" if key not in asked
            else "dead_address" if address in dead
            else "other_channel" if preference.get("channel", "") not in ("", "email")
            else "unclear_hours" if not clear
            else "recent" if key in recent
            else ""
        )  # fmt: skip
        wait = hours.waits_until(ctx.now) if hours else None
        found[key] = Reader(key, address, row, preference.get("salutation", ""), reason, wait)
    return found


def suppressed(ctx: Context, addresses: Collection[str], purpose: str) -> set[str]:
    """Those of the addresses that nothing is sent to for this purpose."""
    t = table(Suppression)
    statement = select(t.c.address).where(
        t.c.address.in_([address for address in addresses if address]),
        or_(t.c.purpose == "", t.c.purpose == purpose),
        t.c.trashed_at.is_(None),
    )
    return set(ctx.session.execute(statement).scalars())


def _dead(ctx: Context, addresses: Collection[str]) -> set[str]:
    t = table(ContactPoint)
    statement = select(t.c.value).where(
        t.c.kind == "email", t.c.value.in_([a for a in addresses if a]), t.c.deliverability == "dead"
    )
    return set(ctx.session.execute(statement).scalars())


def _recent(ctx: Context, campaign: Campaign, customer_ids: Collection[int]) -> set[int]:
    """Who had a mail of another campaign within the firm's quiet days."""
    days = int(ctx.assembly.setting("marketing", "quiet_days") or 0)
    if days <= 0:
        return set()
    t = table(Recipient)
    statement = select(t.c.customer_id).where(
        t.c.customer_id.in_(list(customer_ids)), t.c.campaign_id != campaign.key,
        t.c.state.in_(("handed", "in_doubt")), t.c.settled_at > ctx.now - timedelta(days=days),
    )  # fmt: skip
    return set(ctx.session.execute(statement).scalars())
