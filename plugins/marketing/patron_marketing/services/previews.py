"""Looking before sending: the mail for a real member, a test to oneself, what a start would do, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from patron import Context, Customer, Invalid, NotFound, Origin, mailflow, row_scope, table
from sqlalchemy import Integer, cast, func, select

from patron_marketing.models import Campaign, Recipient
from patron_marketing.services import campaigns, content, segments
from patron_marketing.services.reasons import REASONS, Reader, judge

LOOKED_AT = 2000  # members that a plan judges
DAYS = 90


@dataclass(frozen=True)
class Shown:
    """A campaign as one member would get it; ``filled`` is None where the text cannot be read (``wrong``)."""

    reader: Reader | None
    filled: content.Filled | None
    wrong: str
    why_not: str
    next_id: int


def for_member(ctx: Context, campaign: Campaign, after: int = 0) -> Shown:
    """The mail for the first member of the segment beyond ``after``, of those the actor may read."""
    try:
        letter = content.letter_of(ctx, campaign)
        ids = _members(ctx, campaign, after, 2)
    except (Invalid, NotFound) as error:
        return Shown(None, None, error.detail, "", 0)
    if not ids:
        return Shown(None, None, "The segment has no member to show it for.", "", 0)
    reader = judge(ctx, campaign, ids[:1])[ids[0]]
    filled = content.fill(ctx, letter, reader, 0)
    return Shown(reader, filled, "", REASONS.get(reader.reason, ""), ids[0] if len(ids) > 1 else 0)


def body_for(ctx: Context, campaign: Campaign, customer_id: int) -> str:
    """The markup for one customer. NotFound for one who is no member, or may not be read."""
    ids = _members(ctx, campaign, customer_id - 1, 1)
    if ids != [customer_id]:
        raise NotFound()
    reader = judge(ctx, campaign, ids)[customer_id]
    return content.fill(ctx, content.letter_of(ctx, campaign), reader, 0).html


def _members(ctx: Context, campaign: Campaign, after: int, limit: int) -> list[int]:
    segment = segments.load_by_id(ctx, campaign.segment_id)
    t = table(Customer)
    statement = (
        select(t.c.id)
        .where(t.c.id > after, t.c.trashed_at.is_(None), row_scope(ctx, ctx.assembly.resource("customers")))
        .where(segments.clause(ctx, segment.condition))
        .order_by(t.c.id)
        .limit(limit)
    )
    return list(ctx.session.execute(statement).scalars())


def send_test(ctx: Context, campaign: Campaign, customer_id: int) -> None:
    """The mail to the acting user, as that member would read it (0: the first one). Invalid."""
    mailbox_id = campaigns.mailbox_of(ctx, campaign)
    if mailbox_id is None:
        raise Invalid("No mailbox sends: connect one under Administration, Mailboxes.")
    if not ctx.actor.email:
        raise Invalid("You have no address that a test could go to.")
    shown = for_member(ctx, campaign, max(customer_id - 1, 0))
    if shown.filled is None:
        raise Invalid(shown.wrong)
    to = mailflow.Address(ctx.actor.name, ctx.actor.email)
    subject = f"[Test] {shown.filled.subject}"
    mailflow.queue_mail(
        ctx, mailbox_id, (to,), subject, shown.filled.text, html=shown.filled.html, module="marketing"
    )


def plan(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """What a start would do now: how many get it and who does not, judged on the first 2,000 members."""
    try:
        ids = _members(ctx, campaign, 0, LOOKED_AT + 1)
        count = segments.count(ctx, segments.load_by_id(ctx, campaign.segment_id).condition)
    except (Invalid, NotFound) as error:
        return {"wrong": error.detail, "count": "0", "gets": 0, "reasons": [], "partly": False}
    found: Counter[str] = Counter()
    addresses: set[str] = set()
    for start in range(0, len(ids[:LOOKED_AT]), 500):
        for reader in judge(ctx, campaign, ids[start : start + 500]).values():
            twice = reader.address in addresses and not reader.reason
            found["duplicate" if twice else reader.reason] += 1
            addresses.add(reader.address)
    gets = found.pop("", 0)
    reasons = [{"id": key, "why": REASONS[key], "count": n} for key, n in found.most_common()]
    return {
        "wrong": "",
        "count": segments.said(count),
        "gets": gets,
        "reasons": reasons,
        "partly": len(ids) > LOOKED_AT,
    }


def results(ctx: Context) -> dict[str, Any]:
    """Campaigns of the last months with reach and click rate, and leads by source and campaign. Two statements."""
    t, c, o, who = table(Recipient), table(Campaign), table(Origin), table(Customer)
    since = ctx.now - timedelta(days=DAYS)
    handed = func.sum(cast(t.c.state == "handed", Integer))
    clicked = func.sum(cast(t.c.clicked_at.is_not(None), Integer))
    left = func.sum(cast(t.c.left_at.is_not(None), Integer))
    sent = ctx.session.execute(
        select(c.c.id, c.c.name, c.c.started_at, c.c.size, handed.label("sent"), clicked.label("clicked"))
        .add_columns(left.label("left"))
        .select_from(c.join(t, t.c.campaign_id == c.c.id))
        .where(
            row_scope(ctx, ctx.assembly.resource(campaigns.KEY)),
            c.c.started_at > since,
            c.c.trashed_at.is_(None),
        )
        .group_by(c.c.id, c.c.name, c.c.started_at, c.c.size)
        .order_by(c.c.started_at.desc())
        .limit(50)
    ).mappings()
    leads = ctx.session.execute(
        select(o.c.source, o.c.campaign, func.count().label("n"))
        .select_from(o.join(who, who.c.id == o.c.customer_id))
        .where(o.c.at > since, who.c.trashed_at.is_(None), row_scope(ctx, ctx.assembly.resource("customers")))
        .group_by(o.c.source, o.c.campaign)
        .order_by(func.count().desc(), o.c.source)
        .limit(50)
    ).mappings()
    return {
        "campaigns": [
            {**row, "url": f"/marketing/campaigns/{row['id']}",
             "rate": round(100 * (row["clicked"] or 0) / row["sent"], 1) if row["sent"] else 0.0}
            for row in sent
        ],
        "leads": [{**row, "id": n} for n, row in enumerate(leads)],
        "days": DAYS,
    }  # fmt: skip
