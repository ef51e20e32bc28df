"""When it is reckoned: soon after a customer was changed, called or bought, and every day for all.

A change costs nothing for it: the worker looks every minute for customers that were written since it looked last. What
happens to a customer without a change of its row, such as a call or an order, is followed by its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, tuple_
from sqlmodel import Session

from patron.assembly import Assembly
from patron.bulk import among
from patron.context import Context
from patron.customers.models import Customer
from patron.events import Event
from patron.interactions.models import Participant
from patron.permissions import job_actor
from patron.reckoning import quality, stages
from patron.records import table, utc_now
from patron.resources.values import parse_instant
from patron.system.stored import store_setting, stored_setting

PAGE = 500
LOGGED = "interactions.logged"
SEEN = "customers.reckoned_until"
"""Under this name is kept when the newest change was made that has been looked at."""
OVERLAP = timedelta(seconds=30)
"""A transaction that began earlier may end later: so much is looked at once more."""


def wanted(ctx: Context, event: str) -> bool:
    """Touches, and events by which a module's facts of a customer change; not those of the customer's own row."""
    if event == LOGGED:
        return True
    sources, resource = ctx.assembly.fact_sources, event.rpartition(".")[0]
    return resource != "customers" and (event in sources or resource in sources)


def follow(ctx: Context, events: Sequence[Event]) -> None:
    """Reckon those whom the events were about. A fixed number of statements."""
    ids = {event.customer_id for event in events if event.customer_id is not None}
    touches = [event.payload["id"] for event in events if event.name == LOGGED]
    if touches:
        p = table(Participant)
        named = select(p.c.customer_id).where(
            among(p.c.interaction_id, touches), p.c.customer_id.is_not(None)
        )
        ids.update(ctx.session.execute(named).scalars())
    _reckon(ctx, ids)


def _reckon(ctx: Context, ids: set[int]) -> None:
    stages.reckon(ctx, ids)
    quality.reckon(ctx, ids)


def reckon_recent(assembly: Assembly) -> None:
    """Those whose row was written since the last time, by whichever way: a page in a transaction of its own."""
    c = table(Customer)
    until = utc_now() - OVERLAP
    with assembly.database.read() as session:
        seen = stored_setting(session, SEEN)
    edge = (parse_instant(seen) if seen else until, 0)
    while True:
        with assembly.database.read() as session:
            later = tuple_(c.c.updated_at, c.c.id) > tuple_(*edge)
            page = select(c.c.id, c.c.updated_at).where(later).order_by(c.c.updated_at, c.c.id).limit(PAGE)
            rows = session.execute(page).all()
        if rows:
            edge = (rows[-1].updated_at, rows[-1].id)
        with assembly.database.write() as session:
            _reckon(_at_work(session, assembly), {row.id for row in rows})
            if len(rows) < PAGE:
                store_setting(session, SEEN, until.isoformat())
                return
            store_setting(session, SEEN, min(edge[0], until).isoformat())


def reckon_all(assembly: Assembly) -> None:
    """Every customer, a page in a transaction of its own, then the base."""
    after = 0
    while True:
        with assembly.database.write() as session:
            ctx = _at_work(session, assembly)
            c = table(Customer)
            page = select(c.c.id).where(c.c.id > after).order_by(c.c.id).limit(PAGE)
            ids = list(session.execute(page).scalars())
            _reckon(ctx, set(ids))
            if len(ids) < PAGE:
                quality.reckon_base(ctx)
                return
            after = ids[-1]


def _at_work(session: Session, assembly: Assembly) -> Context:
    return Context(session, assembly, job_actor(stages.JOB))
