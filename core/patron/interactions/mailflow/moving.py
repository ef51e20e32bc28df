"""A message that stands in the wrong thread, taken out of it or put into another: with its answers, and back again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.errors import Invalid
from patron.events import publish
from patron.interactions.models import Interaction, Mail, Mailbox, Thread, TimelineEntry
from patron.interactions.threads import thread_of
from patron.records import table
from patron.system.models import FileLink

MOST = 500  # messages of a thread that are looked through for answers


def take_out(ctx: Context, interaction_id: int) -> int:
    """Give a message, and what answers it, a thread of their own. Returns that thread's id. Invalid when it is alone.

    Modules hear of it as of a mail that was released (``mail.released``, with ``from_thread_id``).
    """
    first = _movable(ctx, interaction_id)
    ids = _with_answers(ctx, first)
    if not _others(ctx, first.thread_id, ids):
        raise Invalid("It is alone in its thread, with its answers.")
    t = table(Thread)
    made = ctx.session.execute(
        insert(t).values(subject=first.subject, created_at=ctx.now, last_at=first.at).returning(t.c.id)
    ).scalar_one()
    _move(ctx, first, ids, int(made), f"Taken out of another thread by {ctx.actor.name}.", new_thread=True)
    return int(made)


def put_into(ctx: Context, interaction_id: int, thread_id: int) -> int:
    """Put a message, and what answers it, into a thread that the actor may read. Returns it. Invalid, NotFound."""
    first = _movable(ctx, interaction_id)
    goal = int(thread_of(ctx, thread_id).id)
    if goal == first.thread_id:
        raise Invalid("It stands in that thread.")
    ids = _with_answers(ctx, first)
    _move(ctx, first, ids, goal, f"Put into this thread by {ctx.actor.name}.", new_thread=False)
    return goal


def _movable(ctx: Context, interaction_id: int) -> Interaction:
    i = table(Interaction)
    statement = select(Interaction).where(i.c.id == interaction_id).with_for_update()
    found: Interaction | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None or found.mail_id is None:
        raise Invalid("Only a mail stands in a thread by what it refers to.")
    if found.quarantined:
        raise Invalid("This message is held back: release it, or give it a thread of its own.")
    return found


def _with_answers(ctx: Context, first: Interaction) -> list[int]:
    """The message and those of its thread that answer it, or an answer to it."""
    i, m = table(Interaction), table(Mail)
    rows = ctx.session.execute(
        select(i.c.id, m.c.message_id, m.c.in_reply_to)
        .select_from(i.join(m, m.c.id == i.c.mail_id))
        .where(i.c.thread_id == first.thread_id)
        .order_by(i.c.id)
        .limit(MOST)
    ).all()
    moved = {row.message_id for row in rows if row.id == first.key}
    ids = [first.key]
    for _ in rows:  # answers may have come before what they answer
        more = [row for row in rows if row.id not in ids and moved & set(row.in_reply_to)]
        if not more:
            break
        ids += [row.id for row in more]
        moved |= {row.message_id for row in more}
    return ids


def _others(ctx: Context, thread_id: int, ids: Collection[int]) -> bool:
    i = table(Interaction)
    left = select(i.c.id).where(i.c.thread_id == thread_id, ~among(i.c.id, ids)).limit(1)
    return ctx.session.execute(left).first() is not None


def _move(
    ctx: Context, first: Interaction, ids: Sequence[int], goal: int, how: str, *, new_thread: bool
) -> None:
    i, line = table(Interaction), table(TimelineEntry)
    was = first.thread_id
    _unlink_files(ctx, ids, was)
    ctx.session.execute(
        update(i)
        .where(among(i.c.id, ids))
        .values(thread_id=goal, joined_because=how, version=i.c.version + 1, updated_at=ctx.now)
    )
    ctx.session.execute(update(line).where(among(line.c.interaction_id, ids)).values(thread_id=goal))
    for thread_id in (was, goal):
        newest = select(func.max(i.c.at)).where(i.c.thread_id == thread_id).scalar_subquery()
        t = table(Thread)
        ctx.session.execute(
            update(t).where(t.c.id == thread_id).values(last_at=func.coalesce(newest, t.c.last_at))
        )
    for interaction_id in ids:
        audit.record(ctx, "change", "interactions", interaction_id, {"thread": (was, goal)})
    ctx.session.refresh(first)
    if first.direction == "in":
        publish(ctx, "mail.released", {**_home(ctx, first), "new_thread": new_thread, "from_thread_id": was})


def _home(ctx: Context, mail: Interaction) -> dict[str, Any]:
    m, b = table(Mail), table(Mailbox)
    box = ctx.session.execute(
        select(b.c.id, b.c.module)
        .select_from(m.join(b, b.c.id == m.c.mailbox_id))
        .where(m.c.id == mail.mail_id)
    ).first()
    return {
        "interaction_id": mail.key, "thread_id": mail.thread_id, "mailbox_id": box.id if box else None,
        "module": box.module if box else "core",
    }  # fmt: skip


def _unlink_files(ctx: Context, ids: Sequence[int], thread_id: int) -> None:
    """What came with the messages is no longer shown at the record whose thread they leave (a ticket)."""
    link = table(FileLink)
    theirs = select(link.c.file_id).where(link.c.resource == "interactions", among(link.c.record_id, ids))
    rows = ctx.session.execute(
        select(link.c.id, link.c.resource, link.c.record_id).where(
            link.c.file_id.in_(theirs), link.c.resource != "interactions"
        )
    ).all()
    gone = []
    for key in {row.resource for row in rows} & ctx.assembly.resources.keys():
        t = table(ctx.assembly.resource(key).model)
        if "thread_id" not in t.c:
            continue
        linked = [row for row in rows if row.resource == key]
        records = {row.record_id for row in linked}
        left = set(
            ctx.session.execute(
                select(t.c.id).where(among(t.c.id, records), t.c.thread_id == thread_id)
            ).scalars()
        )
        gone += [row.id for row in linked if row.record_id in left]
    if gone:
        ctx.session.execute(delete(link).where(among(link.c.id, gone)))
