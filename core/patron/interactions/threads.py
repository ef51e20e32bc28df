"""The threads that a touch can be logged into: those of which the actor may read something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from patron.context import Context
from patron.customers.models import Customer
from patron.errors import NotFound
from patron.interactions.models import Interaction, Participant, Thread
from patron.records import table
from patron.resources.scope import row_scope

OFFERED = 30


def thread_of(ctx: Context, thread_id: int) -> Any:
    """A thread (id, subject), or the one it was joined to. NotFound unless the actor may read a touch in it."""
    t, i = table(Thread), table(Interaction)
    readable = row_scope(ctx, ctx.assembly.resource("interactions"))
    statement = (
        select(func.coalesce(t.c.merged_into_id, t.c.id).label("id"), t.c.subject)
        .select_from(t.join(i, i.c.thread_id == t.c.id))
        .where(t.c.id == thread_id, readable)
    )
    found = ctx.session.execute(statement.limit(1)).first()
    if found is None:
        raise NotFound(f"There is no thread {thread_id}.")
    return found


def threads_with(ctx: Context, customer_id: int) -> Sequence[Any]:
    """Threads in which the customer took part (id, subject, last_at), the newest first."""
    t, i, p = table(Thread), table(Interaction), table(Participant)
    readable = row_scope(ctx, ctx.assembly.resource("interactions"))
    took_part = (
        select(i.c.thread_id)
        .select_from(i.join(p, p.c.interaction_id == i.c.id))
        .where(p.c.customer_id == customer_id, readable)
    )
    statement = (
        select(t.c.id, t.c.subject, t.c.last_at)
        .where(t.c.id.in_(took_part), t.c.merged_into_id.is_(None))
        .order_by(t.c.last_at.desc(), t.c.id.desc())
        .limit(OFFERED)
    )
    return ctx.session.execute(statement).all()


def people_in(ctx: Context, thread_id: int) -> list[tuple[int, str]]:
    """The customers (id, name) that took part in a thread and that the actor may see."""
    i, p, c = table(Interaction), table(Participant), table(Customer)
    seen = row_scope(ctx, ctx.assembly.resource("customers"))
    statement = (
        select(c.c.id, c.c.name)
        .select_from(i.join(p, p.c.interaction_id == i.c.id).join(c, c.c.id == p.c.customer_id))
        .where(i.c.thread_id == thread_id, c.c.trashed_at.is_(None), seen)
        .distinct()
        .order_by(c.c.name, c.c.id)
        .limit(OFFERED)
    )
    return [(row.id, row.name) for row in ctx.session.execute(statement)]
