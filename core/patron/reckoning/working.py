"""When it is reckoned: after changes, by the worker; and every day for all, a page of customers at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from patron.assembly import Assembly
from patron.bulk import among
from patron.context import Context
from patron.customers.models import Customer
from patron.events import Event
from patron.interactions.models import Participant
from patron.permissions import job_actor
from patron.reckoning import quality, stages
from patron.records import table
from patron.system.models import JobRun

PAGE = 500
LOGGED = "interactions.logged"
_TOUCHING = frozenset(
    (
        LOGGED,
        *(f"customers.{what}" for what in ("created", "changed", "restored", "merged", "split", "imported")),
    )
)


def wanted(ctx: Context, event: str) -> bool:
    """Events of customers, and those by which a module's facts of them change."""
    if event in _TOUCHING:
        return True
    sources = ctx.assembly.fact_sources
    return event in sources or event.rpartition(".")[0] in sources


def follow(ctx: Context, events: Sequence[Event]) -> None:
    """Reckon those whom the events were about; after an import all, in the job."""
    ids = {event.customer_id for event in events if event.customer_id is not None}
    for event in events:
        if event.name in ("customers.merged", "customers.split"):
            ids |= {int(event.payload["survivor"]), int(event.payload["merged"])}
    ids |= _took_part(ctx, [event.payload["id"] for event in events if event.name == LOGGED])
    if ids:
        stages.reckon(ctx, ids)
        quality.reckon(ctx, ids)
    if any(event.name == "customers.imported" for event in events):
        jobs = table(JobRun)
        ctx.session.execute(update(jobs).where(jobs.c.name == stages.JOB).values(due_at=ctx.now))


def _took_part(ctx: Context, interactions: Sequence[int]) -> set[int]:
    if not interactions:
        return set()
    p = table(Participant)
    named = select(p.c.customer_id).where(
        among(p.c.interaction_id, interactions), p.c.customer_id.is_not(None)
    )
    return set(ctx.session.execute(named).scalars())


def reckon_all(assembly: Assembly) -> None:
    """Every customer, a page in a transaction of its own, then the base."""
    after = 0
    while True:
        with assembly.database.write() as session:
            ctx = Context(session, assembly, job_actor(stages.JOB))
            c = table(Customer)
            page = select(c.c.id).where(c.c.id > after).order_by(c.c.id).limit(PAGE)
            ids = list(session.execute(page).scalars())
            stages.reckon(ctx, ids)
            quality.reckon(ctx, ids)
            if len(ids) < PAGE:
                quality.reckon_base(ctx)
                return
            after = ids[-1]
