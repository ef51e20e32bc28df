"""What is allowed: an append-only ledger of purposes granted and withdrawn; the newest act per purpose counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, insert, select

from patron.accounts import audit
from patron.bulk import among
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
    """Add one act to the ledger; of the firm's own brand where none is named."""
    if not purpose.strip():
        raise Invalid.field("purpose", "Say for what.")
    ctx.session.execute(
        insert(table(Consent)).values(
            customer_id=customer_id,
            brand_id=brand_id or ctx.assembly.company.brand_id,
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


def decided(
    ctx: Context,
    customer_ids: Collection[int],
    purpose: str,
    *,
    channel: str = "email",
    brand_id: int | None = None,
) -> dict[int, bool]:
    """Who has granted (True) or withdrawn (False) a purpose on a channel, by their newest act. Who never said
    anything is not in it. Asked for the firm's own brand where none is named. One statement."""
    t = table(Consent)
    of_brand = t.c.brand_id == (brand_id or ctx.assembly.company.brand_id)
    place = func.row_number().over(partition_by=t.c.customer_id, order_by=(t.c.at.desc(), t.c.id.desc()))
    acts = (
        select(t.c.customer_id, t.c.granted, place.label("place"))
        .where(among(t.c.customer_id, customer_ids), t.c.purpose == purpose, t.c.channel == channel, of_brand)
        .subquery()
    )
    rows = ctx.session.execute(select(acts.c.customer_id, acts.c.granted).where(acts.c.place == 1))
    return {int(row.customer_id): bool(row.granted) for row in rows}


def restrict(ctx: Context, survivor_id: int, merged_id: int) -> list[int]:
    """Before two become one: what either has withdrawn last is withdrawn, though the other granted it later.

    Written as acts of the survivor that a split takes back. Returns their ids.
    """
    t = table(Consent)
    acts = select(t).where(t.c.customer_id.in_((survivor_id, merged_id))).order_by(t.c.at, t.c.id)
    newest: dict[tuple[int | None, str, str], dict[int, RowMapping]] = {}
    for act in ctx.session.execute(acts).mappings():
        key = (act["brand_id"], act["purpose"], act["channel"])
        newest.setdefault(key, {})[act["customer_id"]] = act
    written = []
    for (brand_id, purpose, channel), sides in newest.items():
        if len({bool(act["granted"]) for act in sides.values()}) < 2:
            continue
        refusal = next(act for act in sides.values() if not act["granted"])
        values = {
            "customer_id": survivor_id, "brand_id": brand_id, "purpose": purpose, "channel": channel, "granted": False,
            "wording": refusal["wording"], "source": "merge", "at": ctx.now, "by": ctx.actor.name,
            "proof": f"Withdrawn by customer {refusal['customer_id']}",
        }  # fmt: skip
        written.append(int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one()))
        payload = {"purpose": purpose, "channel": channel, "granted": False}
        publish(ctx, "customers.consent", payload, customer_id=survivor_id)
    return written
