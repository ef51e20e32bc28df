"""The worker's part of a campaign: a row for each member, then one mail after the other, never two to one address.

A row goes queued → claimed → in_doubt → handed, deferred or bounced. It is ``in_doubt`` in the database before the
first byte of its mail goes out, and until the server's answer is stored: a worker that dies in between leaves it so,
and promotion is never repeated. What a dead worker had only claimed is claimed again once its lease is over.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from patron import (
    SYSTEM,
    Actor,
    Assembly,
    Context,
    Customer,
    Invalid,
    MailLedger,
    Participant,
    PatronError,
    interactions,
    job_actor,
    mailflow,
    publish,
    row_scope,
    table,
    timeline,
    user_actor,
    utc_now,
)
from sqlalchemy import exists, func, insert, or_, select, update

from patron_marketing.models import Campaign, Recipient
from patron_marketing.services import content, facts, segments
from patron_marketing.services.campaigns import KEY, WAITING
from patron_marketing.services.reasons import Reader, judge

log = logging.getLogger("patron.marketing")
CHUNK = 500  # members that get their rows in one transaction
BATCH = 25  # rows claimed at a time
LEASE = timedelta(minutes=5)  # a claim older than this belonged to a worker that is gone
BACK_OFF = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720))
MOST = 3000  # mails of one campaign in one run of the job, so that others get their turn


def send_due(assembly: Assembly, lease: timedelta = LEASE) -> int:
    """Give members their rows, then hand over what is due, campaign by campaign. Returns how many got an answer."""
    for campaign_id in _in_state(assembly, "preparing"):
        while _prepare(assembly, campaign_id):
            pass
    return sum(_send(assembly, campaign_id, lease) for campaign_id in _in_state(assembly, "sending"))


def _in_state(assembly: Assembly, state: str) -> list[int]:
    t = table(Campaign)
    with assembly.database.read() as session:
        found = select(t.c.id).where(t.c.state == state, t.c.trashed_at.is_(None)).order_by(t.c.id)
        return list(session.execute(found).scalars())


# A row for each member


def _prepare(assembly: Assembly, campaign_id: int) -> bool:
    """The next members' rows, each with the reason where nothing may go out. False when there are no more."""
    with assembly.database.write() as session:
        campaign = _locked(session, campaign_id)
        if campaign is None or campaign.state != "preparing":
            return False
        ctx = Context(session, assembly, _starter(session, assembly, campaign))
        try:
            customer_ids = _members(ctx, campaign)
        except PatronError as error:
            _stop(ctx, campaign, error.detail)
            return False
        if not customer_ids:
            _begin(ctx, campaign)
            return False
        _insert(ctx, campaign, customer_ids)
        campaign.prepared_to = customer_ids[-1]
        session.add(campaign)
    return True


def _locked(session: Any, campaign_id: int) -> Campaign | None:
    t = table(Campaign)
    statement = select(Campaign).where(t.c.id == campaign_id).with_for_update()
    found: Campaign | None = session.execute(statement).scalar_one_or_none()
    return found


def _starter(session: Any, assembly: Assembly, campaign: Campaign) -> Actor:
    """Whoever started it, with the rights they have now; nobody's rights once they have left."""
    return SYSTEM if campaign.started_by_id is None else user_actor(session, assembly, campaign.started_by_id)


def _members(ctx: Context, campaign: Campaign) -> list[int]:
    segment = segments.load_by_id(ctx, campaign.segment_id)
    t = table(Customer)
    customers = ctx.assembly.resource("customers")
    statement = (
        select(t.c.id)
        .where(t.c.id > campaign.prepared_to, t.c.trashed_at.is_(None), row_scope(ctx, customers))
        .where(segments.clause(ctx, segment.condition))
        .order_by(t.c.id)
        .limit(CHUNK)
    )
    return list(ctx.session.execute(statement).scalars())


def _insert(ctx: Context, campaign: Campaign, customer_ids: Sequence[int]) -> None:
    t = table(Recipient)
    readers = judge(ctx, campaign, customer_ids)
    wanted = [reader.address for reader in readers.values() if not reader.reason]
    known = select(t.c.send_to).where(t.c.campaign_id == campaign.key, t.c.send_to.in_(wanted))
    taken = set(ctx.session.execute(known).scalars())
    rows = []
    for customer_id in customer_ids:
        reader = readers[customer_id]
        reason = reader.reason or ("duplicate" if reader.address in taken else "")
        taken |= set() if reason else {reader.address}
        rows.append(
            {
                "campaign_id": campaign.key, "customer_id": customer_id, "address": reader.address,
                "send_to": None if reason else reader.address, "state": "suppressed" if reason else "queued",
                "reason": reason, "answer": "", "message_id": "", "attempts": 0, "due_at": ctx.now,
                "settled_at": ctx.now if reason else None,
            }
        )  # fmt: skip
    ctx.session.execute(insert(t), rows)


def _begin(ctx: Context, campaign: Campaign) -> None:
    """All members have their row: the touch that the mails belong to, and the size that they must add up to."""
    t = table(Recipient)
    working = ctx.acting_as(job_actor(f"Campaign {campaign.name}"))
    touch = interactions.log(
        working, "email", [], direction="out", subject=campaign.subject, body=campaign.body, module="marketing",
        resource=KEY, record_id=campaign.key,
    )  # fmt: skip
    touch.bulk = True
    campaign.interaction_id = touch.key
    counted = select(func.count()).select_from(t).where(t.c.campaign_id == campaign.key)
    campaign.size = int(ctx.session.execute(counted).scalar_one())
    campaign.state = "sending"
    ctx.session.add(touch)
    ctx.session.add(campaign)
    publish(working, "marketing.campaign.sending", {"id": campaign.key, "name": campaign.name})
    _finish_if_done(working, campaign)


def _stop(ctx: Context, campaign: Campaign, problem: str) -> None:
    campaign.state, campaign.problem = "paused", problem[:500]
    ctx.session.add(campaign)
    publish(ctx, "marketing.campaign.paused", {"id": campaign.key, "name": campaign.name})


def _finish_if_done(ctx: Context, campaign: Campaign) -> None:
    t = table(Recipient)
    left = select(t.c.id).where(t.c.campaign_id == campaign.key, t.c.state.in_(WAITING)).limit(1)
    if campaign.state == "sending" and ctx.session.execute(left).first() is None:
        campaign.state, campaign.finished_at = "sent", ctx.now
        ctx.session.add(campaign)
        publish(ctx, "marketing.campaign.sent", {"id": campaign.key, "name": campaign.name})


# One mail after the other


@dataclass(frozen=True)
class _Due:
    """A claimed row and its reader."""

    id: int
    attempts: int
    reader: Reader


@dataclass(frozen=True)
class _Answer:
    """What the server said to a row's mail."""

    due: _Due
    message_id: str
    result: mailflow.RecipientResult


def _send(assembly: Assembly, campaign_id: int, lease: timedelta) -> int:
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        campaign = session.get(Campaign, campaign_id)
        try:
            letter = content.letter_of(ctx, campaign) if campaign is not None else None
        except Invalid as error:
            letter, problem = None, error.detail
        else:
            problem = ""
    if campaign is None:
        return 0
    try:
        if letter is None:
            raise Invalid(problem)
        with mailflow.outgoing(assembly, campaign.mailbox_id or 0) as sender:
            return _send_all(assembly, campaign, letter, sender, lease)
    except Invalid as error:
        with assembly.database.write() as session:
            found = _locked(session, campaign_id)
            if found is not None and found.state == "sending":
                _stop(Context(session, assembly, job_actor("Campaigns")), found, error.detail)
        return 0


def _send_all(
    assembly: Assembly, campaign: Campaign, letter: content.Letter, sender: mailflow.Sender, lease: timedelta
) -> int:
    answered = 0
    while answered < MOST:
        claimed = _claim(assembly, campaign.key, lease)
        if claimed is None:
            break
        last: _Answer | None = None
        for due in claimed:
            message_id = mailflow.make_message_id(f"campaign:{due.id}", sender.domain)
            if not _step(assembly, campaign, last, due, message_id):
                last = None
                continue
            last = _Answer(due, message_id, _hand_over(assembly, letter, sender, due, message_id))
            answered += 1
        _step(assembly, campaign, last, None, "")
    with assembly.database.write() as session:
        found = _locked(session, campaign.key)
        if found is not None:
            _finish_if_done(Context(session, assembly, job_actor(f"Campaign {found.name}")), found)
    return answered


def _hand_over(
    assembly: Assembly, letter: content.Letter, sender: mailflow.Sender, due: _Due, message_id: str
) -> mailflow.RecipientResult:
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        try:
            raw = content.raw_mail(
                ctx, sender, content.fill(ctx, letter, due.reader, due.id), due.reader, message_id
            )
        except Invalid as error:
            return mailflow.RecipientResult(mailflow.Outcome.REFUSED, 0, error.detail)
    return sender.send([due.reader.address], raw)[due.reader.address]


def _claim(assembly: Assembly, campaign_id: int, lease: timedelta) -> list[_Due] | None:
    """Take what is due; who has said no, or died, since the start is left out now. None when nothing is due."""
    t = table(Recipient)
    with assembly.database.write() as session:
        ctx = Context(session, assembly, job_actor("Campaigns"))
        campaign = session.get(Campaign, campaign_id)
        if campaign is None or campaign.state != "sending":
            return None
        rows = session.execute(
            select(t.c.id, t.c.customer_id, t.c.send_to, t.c.attempts)
            .where(t.c.campaign_id == campaign_id, t.c.state.in_(WAITING), t.c.due_at <= ctx.now)
            .order_by(t.c.due_at, t.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if not rows:
            return None
        readers = judge(
            ctx,
            campaign,
            [row.customer_id for row in rows],
            {row.customer_id: row.send_to or "" for row in rows},
        )
        claimed = []
        for row in rows:
            reader = readers[row.customer_id]
            values: dict[str, Any] = {"state": "claimed", "reason": "", "due_at": ctx.now + lease}
            if reader.reason or not row.send_to:
                values = {"state": "suppressed", "reason": reader.reason or "no_address", "send_to": None}
                values["settled_at"] = ctx.now
            elif reader.wait_until is not None:
                values = {
                    "state": "deferred",
                    "reason": "other_hours",
                    "due_at": reader.wait_until,
                    "answer": "Waits for the customer's hours.",
                }
            else:
                claimed.append(_Due(row.id, row.attempts, reader))
            session.execute(update(t).where(t.c.id == row.id).values(values))
    return claimed


def _step(
    assembly: Assembly, campaign: Campaign, last: _Answer | None, due: _Due | None, message_id: str
) -> bool:
    """One transaction between two mails: store the last answer, and mark the next row as in doubt.

    False when the next one must not go: the campaign was paused, or another worker has the row.
    """
    if last is None and due is None:
        return False
    t, c = table(Recipient), table(Campaign)
    with assembly.database.write() as session:
        ctx = Context(session, assembly, job_actor(f"Campaign {campaign.name}"))
        if last is not None:
            _settle(ctx, campaign, last)
        if due is None:
            return False
        goes = exists().where(c.c.id == campaign.key, c.c.state == "sending")
        marked = session.execute(
            update(t)
            .where(t.c.id == due.id, t.c.state == "claimed", goes)
            .values(state="in_doubt", message_id=message_id, settled_at=ctx.now,
                    answer="It was being handed over when the worker ended.")
            .returning(t.c.id)
        ).first()  # fmt: skip
        if marked is None:
            session.execute(
                update(t)
                .where(t.c.id == due.id, t.c.state == "claimed")
                .values(state="queued", due_at=ctx.now)
            )
        return marked is not None


def _settle(ctx: Context, campaign: Campaign, last: _Answer) -> None:
    t = table(Recipient)
    outcome, attempts = last.result.outcome, last.due.attempts + 1
    answer = f"{last.result.code or ''} {last.result.text}".strip()[:500]
    values: dict[str, Any] = {"attempts": attempts, "answer": answer, "settled_at": ctx.now}
    if outcome is mailflow.Outcome.ACCEPTED:
        values["state"] = "handed"
        _tell(ctx, campaign, last)
    elif outcome is mailflow.Outcome.IN_DOUBT:
        values["state"] = "in_doubt"
    elif outcome is mailflow.Outcome.DEFERRED and attempts <= len(BACK_OFF):
        values |= {"state": "deferred", "due_at": utc_now() + BACK_OFF[attempts - 1], "settled_at": None}
    else:
        if last.result.code:
            mailflow.note_refusal(ctx, last.due.reader.address, last.result)
        refused = outcome is mailflow.Outcome.REFUSED
        values |= {"state": "bounced", "reason": "refused" if refused else "given_up"}
    ctx.session.execute(update(t).where(t.c.id == last.due.id).values(values))


def _tell(ctx: Context, campaign: Campaign, last: _Answer) -> None:
    """A mail that went out: on the customer's timeline (no touch of a person), and where a bounce finds it."""
    reader = last.due.reader
    timeline.add(
        ctx, reader.id, "marketing.mail", f"Campaign mail: {campaign.name}", module="marketing", resource=KEY,
        record_id=campaign.key, interaction_id=campaign.interaction_id, snapshot={"bulk": True},
    )  # fmt: skip
    ctx.session.execute(
        insert(table(MailLedger)).values(
            message_id=last.message_id, recipient=reader.address, purpose="promotion", state="handed",
            due_at=ctx.now, attempts=1, answer="", mailbox_id=campaign.mailbox_id,
            interaction_id=campaign.interaction_id, envelope_from="",
        )
    )  # fmt: skip
    if campaign.interaction_id is not None:
        ctx.session.execute(
            insert(table(Participant)).values(
                interaction_id=campaign.interaction_id, part="to", address=reader.address, name=reader.row.name,
                customer_id=reader.id, resolved_because="a member of the segment",
            )
        )  # fmt: skip
    facts.note(ctx, reader.id, mailed=True)


def note_bounce(ctx: Context, interaction_id: int | None, recipient: str, reason: str) -> None:
    """A report came back that a campaign's mail did not arrive."""
    if interaction_id is None:
        return
    t, c = table(Recipient), table(Campaign)
    campaigns = select(c.c.id).where(c.c.interaction_id == interaction_id)
    there = or_(t.c.send_to == recipient.strip(), func.lower(t.c.send_to) == recipient.strip().lower())
    ctx.session.execute(
        update(t)
        .where(t.c.campaign_id.in_(campaigns), there)
        .values(state="bounced", reason="bounced", answer=reason.replace("_", " ")[:500])
    )
