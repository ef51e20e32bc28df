"""Clicks and opens: a link leads where the campaign's text said when it started, and nowhere else."""

from __future__ import annotations

import re
from datetime import timedelta

from patron import Context, NotFound, table, timeline
from sqlalchemy import insert, select, update

from patron_marketing.models import Campaign, Click, Link, Recipient
from patron_marketing.services import facts, tokens
from patron_marketing.services.campaigns import KEY

SOON = timedelta(seconds=3)  # nobody reads that fast; programs that look into mail do
_ROBOTS = re.compile(
    r"bot|crawl|spider|scan|proxy|preview|curl|wget|python|java|http-?client|monitor", re.IGNORECASE
)


def follow(ctx: Context, token: str) -> str:
    """Where a link of a mail leads, noting the click. NotFound for a token that is not ours, whatever else is asked."""
    recipient_id, link_id = tokens.read(ctx, "click", token, 2)
    r, link, c = table(Recipient), table(Link), table(Campaign)
    row = ctx.session.execute(
        select(
            link.c.url, r.c.customer_id, r.c.clicked_at, r.c.settled_at, c.c.id.label("campaign_id"), c.c.name
        )
        .select_from(r.join(c, c.c.id == r.c.campaign_id).join(link, link.c.campaign_id == c.c.id))
        .where(r.c.id == recipient_id, link.c.id == link_id)
    ).first()
    if row is None:
        raise NotFound()
    agent = ctx.web.headers.get("user-agent", "")[:200]
    robot = looks_like_a_program(agent) or (row.settled_at is not None and ctx.now - row.settled_at < SOON)
    ctx.session.execute(
        insert(table(Click)).values(
            recipient_id=recipient_id, link_id=link_id, at=ctx.now, agent=agent, robot=robot
        )
    )
    if not robot and row.clicked_at is None:
        ctx.session.execute(update(r).where(r.c.id == recipient_id).values(clicked_at=ctx.now))
        facts.note(ctx, row.customer_id, clicked=True)
        timeline.add(
            ctx, row.customer_id, "marketing.click", f"Followed a link of “{row.name}”", module="marketing",
            resource=KEY, record_id=row.campaign_id, snapshot={"url": row.url},
        )  # fmt: skip
    return str(row.url)


def looks_like_a_program(agent: str) -> bool:
    """Whether a User-Agent names a program, or nothing at all."""
    return not agent or bool(_ROBOTS.search(agent))


def opened(ctx: Context, token: str) -> None:
    """Note that a mail's picture was fetched, where the firm wants to know."""
    (recipient_id,) = tokens.read(ctx, "open", token)
    if ctx.assembly.setting("marketing", "track_opens"):
        t = table(Recipient)
        first = update(t).where(t.c.id == recipient_id, t.c.opened_at.is_(None))
        ctx.session.execute(first.values(opened_at=ctx.now))
