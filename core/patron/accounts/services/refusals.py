"""Sign-ins that were refused: noted in the audit for known and unknown addresses alike, counted per account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from patron.accounts.audit import record
from patron.accounts.models import Audit
from patron.accounts.services.people import Person
from patron.context import Context
from patron.permissions import Face
from patron.records import table

ACTION = "sign-in refused"
LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Refusals:
    """How often a sign-in of one account was refused of late, and when the last time."""

    count: int
    last_at: datetime


def note_refusal(ctx: Context, face: Face, person: Person | None) -> None:
    """One row, whether there is such an account or not. What was typed is not kept: it may be a password."""
    resource = "users" if face == Face.STAFF else "accounts"
    record(ctx, ACTION, resource, person.id if person else None)


def refusals_of(ctx: Context, resource: str, ids: Sequence[int]) -> Mapping[int, Refusals]:
    """Refused sign-ins of the last thirty days by user or account; those with none are left out. One statement."""
    t = table(Audit)
    statement = (
        select(t.c.record_id, func.count().label("number"), func.max(t.c.at).label("last_at"))
        .where(
            t.c.resource == resource,
            t.c.record_id.in_(ids),
            t.c.action == ACTION,
            t.c.at > ctx.now - LOOKED_BACK,
        )
        .group_by(t.c.record_id)
    )
    return {row.record_id: Refusals(row.number, row.last_at) for row in ctx.session.execute(statement)}
