"""What the page of a customer shows of the core's own: history, relationships, roles, consents, team."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from patron.accounts.models import Team, User
from patron.context import Context
from patron.customers.consents import standing_consents
from patron.customers.erasing import ERASE
from patron.customers.merging import MERGE
from patron.customers.models import Assignment, Customer, CustomerRole, Preference
from patron.customers.relationships import KINDS, related_to
from patron.interactions import timeline
from patron.interactions.services import CHANNEL_ICONS, CHANNELS
from patron.records import table
from patron.resources.people import people_options


def customer_data(ctx: Context, customer: Customer) -> dict[str, Any]:
    """Data of the customer page: a fixed number of statements."""
    entries, older = timeline.read(ctx, customer.key)
    return {
        "customer": customer,
        "timeline": entries,
        "older_url": f"/customers/{customer.key}/timeline?cursor={older}" if older else "",
        "related": related_to(ctx, customer.key),
        "relationship_kinds": [(kind.name, kind.label) for kind in KINDS.values()],
        "roles": roles_of(ctx, customer.key),
        "consents": standing_consents(ctx, customer.key),
        "team": account_team(ctx, customer.key),
        "preference": preference_of(ctx, customer.key),
        "people": {"user": people_options(ctx, "user"), "team": people_options(ctx, "team")},
        "channels": [(name, label, CHANNEL_ICONS[name]) for name, label in CHANNELS.items()],
        "channel_options": list(CHANNELS.items()),
        "may_log": ctx.actor.may("interactions.log"),
        "may_merge": ctx.actor.may(MERGE),
        "may_erase": ctx.actor.may(ERASE),
        "intents": [(intent.name, intent.label) for intent in ctx.assembly.intents.values()],
    }


def roles_of(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """Roles, those that have ended last."""
    t = table(CustomerRole)
    statement = select(t.c.role, t.c.since, t.c.until, t.c.module).where(t.c.customer_id == customer_id)
    rows = ctx.session.execute(statement.order_by(t.c.until.is_not(None), t.c.id)).mappings()
    return [dict(row) for row in rows]


def account_team(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """Who looks after the customer: users and teams with their role."""
    t, users, teams = table(Assignment), table(User), table(Team)
    statement = (
        select(t.c.id, t.c.role, t.c.since, t.c.until, users.c.name.label("user"), teams.c.name.label("team"))
        .select_from(
            t.outerjoin(users, users.c.id == t.c.user_id).outerjoin(teams, teams.c.id == t.c.team_id)
        )
        .where(t.c.customer_id == customer_id)
        .order_by(t.c.until.is_not(None), t.c.id)
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def preference_of(ctx: Context, customer_id: int) -> dict[str, Any]:
    """What the customer prefers; empty when nothing is known."""
    t = table(Preference)
    row = ctx.session.execute(select(t).where(t.c.customer_id == customer_id)).mappings().first()
    return dict(row) if row else {}
