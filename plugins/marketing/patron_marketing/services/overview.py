"""What marketing shows elsewhere, what the firm watches of it, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from patron import Context, Customer, HealthCheck, Metric, Origin, Panel, table, together
from sqlalchemy import Integer, cast, func, select

from patron_marketing.models import Campaign, Form, Recipient, Segment, Submission
from patron_marketing.services import campaigns, segments

MONTH = timedelta(days=30)
STUCK = timedelta(minutes=15)


def customer_panel(ctx: Context, customer: Customer) -> Panel:
    """Campaigns a customer was in, segments that hold them, and how they came: two statements at most."""
    t, mailed = table(Origin), ctx.actor.may(f"{campaigns.KEY}.read")
    found = together(
        ctx.session,
        origin=select(t.c.source, t.c.campaign, t.c.at).where(t.c.customer_id == customer.key),
        received=campaigns.received_by(customer.key) if mailed else None,
        segments=segments.newest(ctx) if ctx.actor.may(f"{segments.KEY}.read") else None,
    )
    data = {
        "received": campaigns.said(found["received"]),
        "segments": segments.holding(ctx, customer.key, found["segments"]),
        "origin": found["origin"][0]._asdict() if found["origin"] else None,
        "mailed": mailed,
    }
    return Panel(
        "history", "Marketing", "marketing/customer_panel.html", data, "side", icon="megaphone", order=40
    )


def home_panel(ctx: Context) -> Panel:
    """The newest campaigns and how far they are. One statement."""
    c, t = table(Campaign), table(Recipient)
    waiting = func.sum(cast(t.c.state.in_(campaigns.WAITING), Integer))
    rows = ctx.session.execute(
        select(c.c.id, c.c.name, c.c.state, c.c.size, waiting.label("waiting"))
        .select_from(c.outerjoin(t, t.c.campaign_id == c.c.id))
        .where(c.c.trashed_at.is_(None), c.c.state != "draft")
        .group_by(c.c.id, c.c.name, c.c.state, c.c.size)
        .order_by(c.c.id.desc())
        .limit(4)
    ).mappings()
    data = {"campaigns": [dict(row) for row in rows], "may_create": ctx.actor.may(f"{campaigns.KEY}.create")}
    return Panel("campaigns", "Campaigns", "marketing/home_panel.html", data, icon="megaphone", order=50)


def _number(ctx: Context, statement: Any) -> int:
    return int(ctx.session.execute(statement).scalar_one() or 0)


def reach(ctx: Context) -> Mapping[str, int]:
    """Mails of campaigns that arrived in thirty days."""
    t = table(Recipient)
    handed = (
        select(func.count()).select_from(t).where(t.c.state == "handed", t.c.settled_at > ctx.now - MONTH)
    )
    return {"": _number(ctx, handed)}


def click_rate(ctx: Context) -> Mapping[str, int]:
    """Of the mails of thirty days, how many were clicked by a person: hundredths of a percent."""
    t = table(Recipient)
    sent = (t.c.state == "handed") & (t.c.settled_at > ctx.now - MONTH)
    row = ctx.session.execute(
        select(func.count(), func.sum(cast(t.c.clicked_at.is_not(None), Integer))).select_from(t).where(sent)
    ).one()
    return {"": round(10_000 * (row[1] or 0) / row[0]) if row[0] else 0}


def leads(ctx: Context) -> Mapping[str, int]:
    """People who sent in a form in thirty days."""
    t = table(Submission)
    people = select(func.count(t.c.customer_id.distinct())).where(t.c.at > ctx.now - MONTH)
    return {"": _number(ctx, people)}


METRICS = (
    Metric("reach", "Campaign mails that arrived in 30 days", reach, url="/marketing/campaigns"),
    Metric("click_rate", "Campaign mails clicked", click_rate, unit="percent", url="/marketing/campaigns"),
    Metric("leads", "Leads by forms in 30 days", leads, url="/marketing/forms"),
)


def _stuck(ctx: Context) -> str | None:
    c, t = table(Campaign), table(Recipient)
    late = (
        select(c.c.name)
        .select_from(c.join(t, t.c.campaign_id == c.c.id))
        .where(c.c.state == "sending", t.c.state == "queued", t.c.due_at < ctx.now - STUCK)
        .limit(1)
    )
    name = ctx.session.execute(late).scalar()
    return f"Campaign “{name}” waits: is the worker running (patron worker)?" if name else None


def _stopped(ctx: Context) -> str | None:
    c = table(Campaign)
    row = ctx.session.execute(
        select(c.c.name, c.c.problem)
        .where(c.c.state == "paused", c.c.problem != "", c.c.trashed_at.is_(None))
        .limit(1)
    ).first()
    return f"Campaign “{row.name}” has stopped: {row.problem}" if row else None


def _mailbox(ctx: Context) -> str | None:
    f = table(Form)
    asks = select(f.c.name).where(
        f.c.active.is_(True), f.c.double_opt_in.is_(True), f.c.purpose != "", f.c.trashed_at.is_(None)
    )
    name = ctx.session.execute(asks.limit(1)).scalar()
    if name is None or campaigns.mailbox_of(ctx) is not None:
        return None
    return f"The form “{name}” cannot ask for confirmation: connect a mailbox that sends at /admin/mailboxes."


def _broken(ctx: Context) -> str | None:
    t = table(Segment)
    found = select(t.c.name, t.c.broken).where(t.c.broken != "", t.c.trashed_at.is_(None)).limit(1)
    row = ctx.session.execute(found).first()
    return f"The segment “{row.name}” finds nobody: {row.broken}" if row else None


HEALTH: Sequence[HealthCheck] = (
    HealthCheck("campaigns_moving", _stuck),
    HealthCheck("campaigns_stopped", _stopped),
    HealthCheck("confirmation_mail", _mailbox),
    HealthCheck("segments_whole", _broken),
)
