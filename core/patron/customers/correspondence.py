"""Erasure of what was said and written: mails, their sources and attachments, touches, and the lines they left."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import or_, select, update

from patron.accounts.models import Audit, AuditValue, User
from patron.bulk import among
from patron.context import Context
from patron.customers.naming import ERASED, Words
from patron.files.services import detach, discard
from patron.interactions.models import (
    Interaction,
    Mail,
    Mailbox,
    MailLedger,
    Participant,
    Thread,
    TimelineEntry,
)
from patron.records import table
from patron.resources import search

_SETTLED = ("handed", "bounced", "suppressed")


def forget_correspondence(ctx: Context, ids: Sequence[int], words: Words) -> None:
    """A touch in which they are the only outside party loses its texts and files; any other, their words alone.

    The source of a mail goes in both cases: its head names them.
    """
    part = table(Participant)
    theirs = or_(part.c.customer_id.in_(ids), among(part.c.address, words.addresses))
    touched = set(ctx.session.execute(select(part.c.interaction_id).where(theirs)).scalars())
    alone = touched - _shared(ctx, touched, ids, words)
    _blank_touches(ctx, alone)
    for touch in _touches(ctx, touched - alone):
        touch.subject, touch.body = words.without(touch.subject), words.without(touch.body)
        ctx.session.add(touch)
    ctx.session.flush()
    _forget_mails(ctx, touched, alone, words)
    _forget_ledger(ctx, alone, words)
    _forget_lines(ctx, touched, alone, words)
    ctx.session.execute(update(part).where(theirs).values(address="", name="", resolved_because=""))
    resource = ctx.assembly.resource("interactions")
    search.index_many(ctx, resource, _touches(ctx, touched))


def _shared(ctx: Context, touched: Collection[int], ids: Sequence[int], words: Words) -> set[int]:
    """The touches in which somebody else from outside the firm took part."""
    part, m, u = table(Participant), table(Mailbox), table(User)
    ours = ctx.session.execute(select(m.c.address).union(select(u.c.email))).scalars()
    known = {address.lower() for address in ours} | {address.lower() for address in words.addresses}
    columns = (part.c.interaction_id, part.c.customer_id, part.c.address)
    others = part.c.user_id.is_(None) & or_(part.c.customer_id.is_(None), part.c.customer_id.not_in(ids))
    rows = ctx.session.execute(select(*columns).where(among(part.c.interaction_id, touched), others))
    return {
        row.interaction_id
        for row in rows
        if row.customer_id is not None or (row.address and row.address.lower() not in known)
    }


def _touches(ctx: Context, touch_ids: Collection[int]) -> list[Interaction]:
    t = table(Interaction)
    found = ctx.session.execute(select(Interaction).where(among(t.c.id, touch_ids)))
    return list(found.scalars())


def _blank_touches(ctx: Context, alone: Collection[int]) -> None:
    touch, thread, values, noted = table(Interaction), table(Thread), table(AuditValue), table(Audit)
    mine = among(touch.c.id, alone)
    threads = select(touch.c.thread_id).where(mine)
    ctx.session.execute(update(thread).where(thread.c.id.in_(threads)).values(subject=ERASED))
    ctx.session.execute(update(touch).where(mine).values(subject=ERASED, body=""))
    about = select(noted.c.id).where(noted.c.resource == "interactions", among(noted.c.record_id, alone))
    ctx.session.execute(update(values).where(values.c.audit_id.in_(about)).values(was={}, became={}))
    ctx.session.expire_all()
    for touch_id in alone:
        detach(ctx, "interactions", touch_id)


def _forget_mails(ctx: Context, touched: Collection[int], alone: Collection[int], words: Words) -> None:
    """``raw_sha256`` stays, so that the same message is not taken in again; it tells nothing of whom it was."""
    t, touch = table(Mail), table(Interaction)
    columns = (
        t.c.id,
        t.c.message_id,
        t.c.raw_file_id,
        t.c.html,
        t.c.visible_text,
        touch.c.id.label("touch_id"),
    )
    joined = t.join(touch, touch.c.mail_id == t.c.id)
    rows = ctx.session.execute(select(*columns).select_from(joined).where(among(touch.c.id, touched))).all()
    for row in rows:
        values: dict[str, Any] = {"raw_file_id": None}
        if row.touch_id in alone:
            digest = hashlib.sha256(row.message_id.encode()).hexdigest()[:32]
            values |= {"message_id": f"<{digest}@erased.invalid>", "in_reply_to": [], "reference_ids": []}
            values |= {"html": "", "visible_text": ""}
        else:
            values |= {"html": words.without(row.html), "visible_text": words.without(row.visible_text)}
        ctx.session.execute(update(t).where(t.c.id == row.id).values(values))
    sent = table(MailLedger)
    mine = among(sent.c.interaction_id, touched)
    sources = {row.raw_file_id for row in rows}
    sources |= set(ctx.session.execute(select(sent.c.raw_file_id).where(mine)).scalars())
    settled = sent.c.state.in_(_SETTLED)  # what others are still to be sent keeps its source until then
    ctx.session.execute(
        update(sent).where(mine, or_(settled, among(sent.c.interaction_id, alone))).values(raw_file_id=None)
    )
    discard(ctx, sources - {None})


def _forget_ledger(ctx: Context, alone: Collection[int], words: Words) -> None:
    """Nothing more is sent to them, and who was written to is not said."""
    t = table(MailLedger)
    mine = or_(among(t.c.interaction_id, alone), among(t.c.recipient, words.addresses))
    for row in ctx.session.execute(select(t.c.id, t.c.state, t.c.message_id).where(mine)).all():
        state = row.state if row.state in _SETTLED else "suppressed"
        blank = {"recipient": f"erased-{row.id}", "answer": "", "envelope_from": "", "state": state}
        ctx.session.execute(update(t).where(t.c.id == row.id).values(blank))


def _forget_lines(ctx: Context, touched: Collection[int], alone: Collection[int], words: Words) -> None:
    """The lines that the touches left on the timelines of others, such as their organisations'."""
    t = table(TimelineEntry)
    blank = {"title": t.c.kind, "body": "", "snapshot": {}}
    ctx.session.execute(update(t).where(among(t.c.interaction_id, alone)).values(blank))
    others = among(t.c.interaction_id, set(touched) - set(alone))
    for row in ctx.session.execute(select(t.c.id, t.c.title, t.c.body, t.c.snapshot).where(others)).all():
        values = {"title": words.without(row.title), "body": words.without(row.body)}
        values["snapshot"] = words.without(row.snapshot)
        ctx.session.execute(update(t).where(t.c.id == row.id).values(values))
