"""Campaigns: what one is made of, started, paused, resumed and cancelled, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from patron import Conflict, Context, Invalid, audit, editing, mailflow, publish, row_scope, table
from sqlalchemy import ColumnElement, Integer, Select, cast, func, or_, select, update

from patron_marketing.models import Campaign, Click, Link, Recipient
from patron_marketing.services import wording
from patron_marketing.services.reasons import REASONS

KEY = "marketing.campaigns"
SEND = "marketing.campaigns.send"
WAITING = ("queued", "claimed", "deferred")
STATES = {
    "queued": "Waiting", "claimed": "Waiting", "deferred": "Put off", "in_doubt": "In doubt", "handed": "Sent",
    "bounced": "Bounced", "suppressed": "Not sent",
}  # fmt: skip
_SAID = {
    "draft": "a draft", "preparing": "finding its recipients", "sending": "being sent", "paused": "paused",
    "sent": "sent", "cancelled": "cancelled",
}  # fmt: skip


def purposes(ctx: Context) -> list[str]:
    """The purposes that customers can choose, as the firm has set them."""
    text = str(ctx.assembly.setting("marketing", "purposes"))
    return list(dict.fromkeys(part.strip()[:100] for part in text.split(",") if part.strip()))


def load(ctx: Context, campaign_id: int, verb: str = "read") -> Campaign:
    """The campaign within the scope of the verb; NotFound."""
    found: Campaign = editing.load(ctx, ctx.assembly.resource(KEY), campaign_id, verb)
    return found


def _held(ctx: Context, campaign_id: int) -> Campaign:
    """The campaign to be moved, locked: neither the worker nor another user moves it meanwhile. NotFound."""
    ctx.actor.require(SEND)
    load(ctx, campaign_id, "edit")
    statement = select(Campaign).where(table(Campaign).c.id == campaign_id).with_for_update()
    found: Campaign = ctx.session.execute(statement.execution_options(populate_existing=True)).scalar_one()
    return found


def missing(ctx: Context, campaign: Campaign) -> list[str]:
    """What the campaign still needs before it can go out, in sentences."""
    told = []
    if campaign.segment_id is None:
        told.append("Choose the segment that gets it.")
    if not campaign.subject.strip():
        told.append("Write a subject.")
    if not campaign.body.strip():
        told.append("Write the text.")
    if mailbox_of(ctx, campaign) is None:
        told.append("No mailbox sends: connect one under Administration, Mailboxes.")
    return told


def mailbox_of(ctx: Context, campaign: Campaign | None = None) -> int | None:
    """Where it goes out: the campaign's own mailbox, else marketing's, else any that sends."""
    options = [mailbox_id for mailbox_id, _ in mailflow.mailbox_options(ctx, "marketing")]
    if campaign is not None and campaign.mailbox_id is not None:
        return campaign.mailbox_id if campaign.mailbox_id in options else None
    return options[0] if options else None


def start(ctx: Context, campaign_id: int) -> Campaign:
    """Begin: the worker then finds the segment's members with the rights of who started it, and sends."""
    campaign = _held(ctx, campaign_id)
    _expect(campaign, "draft")
    if told := missing(ctx, campaign):
        raise Invalid(told[0])
    campaign.mailbox_id = mailbox_of(ctx, campaign)
    campaign.started_by_id, campaign.started_at = ctx.actor.user_id, ctx.now
    links = [{"campaign_id": campaign.key, "url": url} for url in wording.links(wording.parse(campaign.body))]
    if links:
        ctx.session.execute(table(Link).insert(), links)
    return _move(ctx, campaign, "preparing")


def pause(ctx: Context, campaign_id: int) -> Campaign:
    """Stop for now: what is being handed over this moment still goes, nothing after it."""
    campaign = _held(ctx, campaign_id)
    _expect(campaign, "preparing", "sending")
    return _move(ctx, campaign, "paused")


def resume(ctx: Context, campaign_id: int) -> Campaign:
    """Go on where it stopped. Nobody gets it twice; what is in doubt stays so."""
    campaign = _held(ctx, campaign_id)
    _expect(campaign, "paused")
    campaign.problem = ""
    return _move(ctx, campaign, "sending" if campaign.size else "preparing")


def cancel(ctx: Context, campaign_id: int) -> Campaign:
    """End it for good: who still waits gets nothing, with that as the reason."""
    campaign = _held(ctx, campaign_id)
    _expect(campaign, "preparing", "sending", "paused")
    t = table(Recipient)
    ctx.session.execute(
        update(t)
        .where(t.c.campaign_id == campaign.key, t.c.state.in_(WAITING))
        .values(state="suppressed", reason="cancelled", send_to=None, settled_at=ctx.now)
    )
    campaign.size = _count(ctx, campaign.key)
    campaign.finished_at = ctx.now
    return _move(ctx, campaign, "cancelled")


def _expect(campaign: Campaign, *states: str) -> None:
    if campaign.state not in states:
        raise Conflict(f"This campaign is {_SAID[campaign.state]} now.")


def _move(ctx: Context, campaign: Campaign, state: str) -> Campaign:
    was, campaign.state = campaign.state, state
    campaign.version += 1
    campaign.updated_at = ctx.now
    ctx.session.add(campaign)
    ctx.session.flush()
    audit.record(ctx, state, KEY, campaign.key, {"state": (was, state)})
    publish(ctx, f"marketing.campaign.{state}", {"id": campaign.key, "name": campaign.name})
    return campaign


def _count(ctx: Context, campaign_id: int, *clauses: ColumnElement[bool]) -> int:
    t = table(Recipient)
    statement = select(func.count()).select_from(t).where(t.c.campaign_id == campaign_id, *clauses)
    return int(ctx.session.execute(statement).scalar_one())


# How it stands


def outcome(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """Counts by state and by reason, the rates, and clicks by link. Three statements.

    The rows of ``table`` add up to the segment's size: sent, in doubt, waiting, and each reason.
    """
    t = table(Recipient)
    clicked = func.sum(cast(t.c.clicked_at.is_not(None), Integer))
    left = func.sum(cast(t.c.left_at.is_not(None), Integer))
    rows = ctx.session.execute(
        select(t.c.state, t.c.reason, func.count().label("n"), clicked.label("clicked"), left.label("left"))
        .where(t.c.campaign_id == campaign.key)
        .group_by(t.c.state, t.c.reason)
    ).all()
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        state = "queued" if row.state == "claimed" else row.state
        lines[state, row.reason] = lines.get((state, row.reason), 0) + row.n
    total = sum(lines.values())
    sent = sum(n for (state, _), n in lines.items() if state == "handed")
    waiting = sum(n for (state, _), n in lines.items() if state in WAITING)
    order = list(STATES)
    shown = [
        {
            "id": f"{state}-{reason}" if reason else state, "state": state, "reason": reason, "count": n,
            "label": STATES[state], "why": REASONS.get(reason, reason),
            "url": f"/marketing/campaigns/{campaign.key}/recipients?state={state}&reason={reason}",
        }
        for (state, reason), n in sorted(lines.items(), key=lambda x: (order.index(x[0][0]), -x[1]))
    ]  # fmt: skip
    clicks = sum(row.clicked or 0 for row in rows)
    return {
        "table": shown, "total": total, "sent": sent, "waiting": waiting, "done": total - waiting,
        "clicked": clicks, "left": sum(row.left or 0 for row in rows),
        "click_rate": round(100 * clicks / sent, 1) if sent else 0.0, "links": _links(ctx, campaign),
        "robots": _robots(ctx, campaign),
    }  # fmt: skip


def _links(ctx: Context, campaign: Campaign) -> list[dict[str, Any]]:
    """Each link, with how many people followed it."""
    link, click = table(Link), table(Click)
    people = func.count(click.c.recipient_id.distinct())
    joined = link.outerjoin(click, (click.c.link_id == link.c.id) & click.c.robot.is_(False))
    rows = ctx.session.execute(
        select(link.c.id, link.c.url, people.label("people"))
        .select_from(joined)
        .where(link.c.campaign_id == campaign.key)
        .group_by(link.c.id, link.c.url)
        .order_by(people.desc(), link.c.id)
    )
    return [{"id": row.id, "link": row.url, "people": row.people} for row in rows]


def _robots(ctx: Context, campaign: Campaign) -> list[dict[str, Any]]:
    """What was taken for a program, by what it called itself: the newest ten names."""
    link, click = table(Link), table(Click)
    rows = ctx.session.execute(
        select(click.c.agent, func.count().label("n"))
        .select_from(click.join(link, link.c.id == click.c.link_id))
        .where(link.c.campaign_id == campaign.key, click.c.robot.is_(True))
        .group_by(click.c.agent)
        .order_by(func.count().desc(), click.c.agent)
        .limit(10)
    )
    return [{"id": n, "agent": row.agent or "–", "count": row.n} for n, row in enumerate(rows)]


def recipients(
    ctx: Context,
    campaign: Campaign,
    *,
    state: str = "",
    reason: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Recipients of one line of the table, by id: those whose customer the actor may read, with their names."""
    from patron import Customer

    t, c = table(Recipient), table(Customer)
    statement = (
        select(t.c.id, t.c.customer_id, t.c.address, t.c.state, t.c.reason, t.c.answer, t.c.settled_at)
        .add_columns(t.c.clicked_at, t.c.attempts, c.c.name)
        .select_from(t.join(c, c.c.id == t.c.customer_id))
        .where(
            t.c.campaign_id == campaign.key,
            t.c.id > after,
            row_scope(ctx, ctx.assembly.resource("customers")),
        )
        .order_by(t.c.id)
        .limit(limit)
    )
    if state:
        same = ("queued", "claimed") if state == "queued" else (state,)
        statement = statement.where(t.c.state.in_(same))
    if reason is not None:
        statement = statement.where(t.c.reason == reason)
    return [
        {**row, "url": f"/customers/{row['customer_id']}", "why": REASONS.get(row["reason"], row["reason"])}
        for row in ctx.session.execute(statement).mappings()
    ]


def received_by(customer_id: int, limit: int = 5) -> Select[Any]:
    """Selects the newest campaigns that a customer was in, and what became of the mail."""
    t, campaign = table(Recipient), table(Campaign)
    return (
        select(campaign.c.id, campaign.c.name, t.c.state, t.c.reason, t.c.settled_at, t.c.clicked_at)
        .select_from(t.join(campaign, campaign.c.id == t.c.campaign_id))
        .where(t.c.customer_id == customer_id, or_(t.c.state != "queued", campaign.c.state != "preparing"))
        .order_by(t.c.id.desc())
        .limit(limit)
    )


def said(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """What became of the mails, of rows that ``received_by`` selects."""
    return [
        {**row._asdict(), "label": STATES[row.state], "why": REASONS.get(row.reason, row.reason)}
        for row in rows
    ]
