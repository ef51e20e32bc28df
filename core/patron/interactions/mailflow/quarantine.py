"""What a person does with mail that was held back: let it into the thread it names, or give it one of its own."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from patron.accounts import audit
from patron.context import Context
from patron.errors import Invalid
from patron.events import publish
from patron.interactions import services as interactions
from patron.interactions.models import Interaction, Mail, Mailbox, Participant, Thread
from patron.records import table


def release(ctx: Context, interaction_id: int) -> Interaction:
    """Let a held-back mail into the thread it names: its sender takes part from now on. Invalid for any other."""
    held = _held(ctx, interaction_id)
    return _let_in(ctx, held, f"Released by {ctx.actor.name}.", new_thread=False)


def start_thread(ctx: Context, interaction_id: int) -> Interaction:
    """Give a held-back mail a thread of its own: it has nothing to do with the one that it names."""
    held = _held(ctx, interaction_id)
    t = table(Thread)
    held.thread_id = ctx.session.execute(
        insert(t).values(subject=held.subject, created_at=ctx.now, last_at=held.at).returning(t.c.id)
    ).scalar_one()
    return _let_in(ctx, held, f"Given a thread of its own by {ctx.actor.name}.", new_thread=True)


def _held(ctx: Context, interaction_id: int) -> Interaction:
    t = table(Interaction)
    statement = select(Interaction).where(t.c.id == interaction_id).with_for_update()
    found: Interaction | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None or not found.quarantined:
        raise Invalid("This message is not held back.")
    return found


def _let_in(ctx: Context, held: Interaction, how: str, *, new_thread: bool) -> Interaction:
    held.quarantined = False
    held.joined_because = f"{held.joined_because} {how}".strip()
    held.version += 1
    held.updated_at = ctx.now
    ctx.session.add(held)
    ctx.session.flush()
    p, m, b, t = table(Participant), table(Mail), table(Mailbox), table(Thread)
    ctx.session.execute(
        update(t).where(t.c.id == held.thread_id, t.c.last_at < held.at).values(last_at=held.at)
    )
    customers = ctx.session.execute(
        select(p.c.customer_id).where(p.c.interaction_id == held.key, p.c.customer_id.is_not(None))
    ).scalars()
    interactions.write_timeline(ctx, held, list(customers))
    box = ctx.session.execute(
        select(b.c.id, b.c.module)
        .select_from(m.join(b, b.c.id == m.c.mailbox_id))
        .where(m.c.id == held.mail_id)
    ).first()
    audit.record(ctx, "release", "interactions", held.key, {"quarantined": (True, False)})
    publish(
        ctx, "mail.released",
        {
            "interaction_id": held.key, "thread_id": held.thread_id, "mailbox_id": box.id if box else None,
            "module": box.module if box else "core", "new_thread": new_thread,
        },
    )  # fmt: skip
    return held
