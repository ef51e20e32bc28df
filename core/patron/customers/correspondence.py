"""Erasure of what was said and written: mails, their sources and attachments, touches, and the lines they left."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import String, case, cast, literal, or_, select, update

from patron.accounts.models import Audit, AuditValue, User
from patron.bulk import among
from patron.context import Context
from patron.customers.naming import ERASED, Words, take_out, write
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

_SETTLED = ("handed", "bounced", "suppressed", "recalled")


def forget_correspondence(ctx: Context, ids: Sequence[int], words: Words) -> None:
    """A touch in which they are the only outside party loses its texts and files; any other, their words alone.

    The source of a mail goes in both cases: its head names them.
    """
    part = table(Participant)
    theirs = or_(part.c.customer_id.in_(ids), among(part.c.address, words.addresses))
    touched = set(ctx.session.execute(select(part.c.interaction_id).where(theirs)).scalars())
    alone = touched - _shared(ctx, touched, ids, words)
    _blank_touches(ctx, alone)
    _clean_touches(ctx, touched - alone, words)
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
    detach(ctx, "interactions", *alone)


def _clean_touches(ctx: Context, shared: Collection[int], words: Words) -> None:
    """What the audit keeps of them is sealed as a whole, so of that a value with their words goes entirely."""
    touch, thread, values, noted = table(Interaction), table(Thread), table(AuditValue), table(Audit)
    threads = select(touch.c.thread_id).where(among(touch.c.id, shared))
    take_out(ctx, words, thread, ("subject",), thread.c.id.in_(threads))
    take_out(ctx, words, touch, ("subject", "body"), among(touch.c.id, shared))
    about = select(noted.c.id).where(noted.c.resource == "interactions", among(noted.c.record_id, shared))
    said = select(values.c.id, values.c.was, values.c.became).where(values.c.audit_id.in_(about))
    theirs = [
        row.id for row in ctx.session.execute(said) if words.stand_in(row.was) or words.stand_in(row.became)
    ]
    ctx.session.execute(update(values).where(among(values.c.id, theirs)).values(was={}, became={}))
    ctx.session.expire_all()


def _forget_mails(ctx: Context, touched: Collection[int], alone: Collection[int], words: Words) -> None:
    """``raw_sha256`` stays, so that the same message is not taken in again; it tells nothing of whom it was."""
    t, touch = table(Mail), table(Interaction)
    columns = (t.c.id, t.c.message_id, t.c.raw_file_id, touch.c.id.label("touch_id"))
    joined = t.join(touch, touch.c.mail_id == t.c.id)
    rows = ctx.session.execute(select(*columns).select_from(joined).where(among(touch.c.id, touched))).all()
    blank = {"in_reply_to": [], "reference_ids": [], "html": "", "visible_text": ""}
    theirs = [row for row in rows if row.touch_id in alone]
    write(ctx, t, [{"id": row.id, "message_id": _disguised(row.message_id), **blank} for row in theirs])
    others = {row.id for row in rows} - {row.id for row in theirs}
    take_out(ctx, words, t, ("html", "visible_text"), among(t.c.id, others))
    ctx.session.execute(update(t).where(among(t.c.id, [row.id for row in rows])).values(raw_file_id=None))
    sent = table(MailLedger)
    mine = among(sent.c.interaction_id, touched)
    sources = {row.raw_file_id for row in rows}
    sources |= set(ctx.session.execute(select(sent.c.raw_file_id).where(mine)).scalars())
    settled = sent.c.state.in_(_SETTLED)  # what others are still to be sent keeps its source until then
    ctx.session.execute(
        update(sent).where(mine, or_(settled, among(sent.c.interaction_id, alone))).values(raw_file_id=None)
    )
    discard(ctx, sources - {None})


def _disguised(message_id: str) -> str:
    return f"<{hashlib.sha256(message_id.encode()).hexdigest()[:32]}@erased.invalid>"


def _forget_ledger(ctx: Context, alone: Collection[int], words: Words) -> None:
    """Nothing more is sent to them, and who was written to is not said."""
    t = table(MailLedger)
    mine = or_(among(t.c.interaction_id, alone), among(t.c.recipient, words.addresses))
    state = case((t.c.state.in_(_SETTLED), t.c.state), else_="suppressed")
    nobody = literal("erased-") + cast(t.c.id, String)
    blank = {"recipient": nobody, "answer": "", "envelope_from": "", "state": state}
    ctx.session.execute(update(t).where(mine).values(blank))


def _forget_lines(ctx: Context, touched: Collection[int], alone: Collection[int], words: Words) -> None:
    """The lines that the touches left on the timelines of others, such as their organisations'."""
    t = table(TimelineEntry)
    blank = {"title": t.c.kind, "body": "", "snapshot": {}}
    ctx.session.execute(update(t).where(among(t.c.interaction_id, alone)).values(blank))
    others = among(t.c.interaction_id, set(touched) - set(alone))
    take_out(ctx, words, t, ("title", "body", "snapshot"), others)
