"""Who looks after a customer, and what the customer prefers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import insert, select, update

from patron.accounts import audit
from patron.context import Context
from patron.customers.models import Assignment, Preference
from patron.customers.preferring import check_preference
from patron.errors import Invalid, NotFound
from patron.records import table
from patron.resources import search

PREFERENCES = ("channel", "language", "hours", "time_zone", "salutation")


def assign(
    ctx: Context,
    customer_id: int,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
    role: str = "",
    since: date | None = None,
    until: date | None = None,
) -> None:
    """Put a user or a team on the account team: from then on they see the customer as their own."""
    if (user_id is None) == (team_id is None):
        raise Invalid.field("user", "Choose a user or a team.")
    ctx.session.execute(
        insert(table(Assignment)).values(
            customer_id=customer_id,
            user_id=user_id,
            team_id=team_id,
            role=role[:100] or "account manager",
            since=since or ctx.now.date(),
            until=until,
        )
    )
    audit.record(
        ctx, "assign", "customers", customer_id, {"team": (None, user_id or team_id)}, customer_id=customer_id
    )
    search.rescope(ctx, [customer_id])


def end_assignment(ctx: Context, customer_id: int, assignment_id: int) -> None:
    """They are on the team no longer; that they were stays on record."""
    t = table(Assignment)
    ended = (
        update(t)
        .where(t.c.id == assignment_id, t.c.customer_id == customer_id, t.c.until.is_(None))
        .values(until=date.fromordinal(ctx.now.date().toordinal() - 1))
    )
    if ctx.session.execute(ended.returning(t.c.id)).first() is None:
        raise NotFound("There is no such member of the account team.")
    audit.record(
        ctx, "unassign", "customers", customer_id, {"team": (assignment_id, None)}, customer_id=customer_id
    )
    search.rescope(ctx, [customer_id])


def set_preference(ctx: Context, customer_id: int, values: Mapping[str, str]) -> None:
    """Set some preferences; the others stay. Invalid for what nobody could obey."""
    t = table(Preference)
    given = {name: values[name].strip()[:100] for name in PREFERENCES if name in values}
    if not given:
        raise Invalid("Name a preference to set.")
    check_preference(given)
    before = ctx.session.execute(select(t).where(t.c.customer_id == customer_id)).mappings().first()
    if before is None:
        ctx.session.execute(
            insert(t).values({**dict.fromkeys(PREFERENCES, ""), **given, "customer_id": customer_id})
        )
    else:
        ctx.session.execute(update(t).where(t.c.customer_id == customer_id).values(given))
    changed = {name: (before[name] if before else "", value) for name, value in given.items()}
    audit.record(ctx, "prefer", "customers", customer_id, changed, customer_id=customer_id)
