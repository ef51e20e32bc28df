"""Who took part in a touch: shown, said of an unknown party, and corrected where it was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import false, or_, select, update

from patron.accounts import audit
from patron.accounts.models import User
from patron.context import Context
from patron.customers.models import Customer
from patron.errors import Invalid, NotFound
from patron.interactions.lines import settle_timeline
from patron.interactions.models import Interaction, Mailbox, Participant
from patron.records import table
from patron.resources.scope import row_scope, scope_clause

LIKELY = 50
OURS = "one of our mailboxes"  # why a party needs nobody to say who it is


def participants_of(ctx: Context, interaction_id: int) -> list[dict[str, Any]]:
    """The parties of a touch; a customer out of the actor's scope is shown by the address alone.

    ``resolved`` says whether someone is named for the party, also one that the actor may not see.
    """
    t, c = table(Participant), table(Customer)
    customers = ctx.assembly.resource("customers")
    scope = ctx.actor.scope(customers.permission("read"))
    seen = scope_clause(ctx, customers, scope) if scope else false()
    statement = (
        select(
            t.c.id,
            t.c.part,
            t.c.address,
            t.c.name,
            t.c.resolved_because.label("because"),
            or_(t.c.customer_id.is_not(None), t.c.resolved_because == OURS).label("resolved"),
            c.c.id.label("customer_id"),
            c.c.name.label("customer_name"),
        )
        .select_from(t.outerjoin(c, (c.c.id == t.c.customer_id) & seen))
        .where(t.c.interaction_id == interaction_id)
        .order_by(t.c.id)
    )
    rows = [dict(row) for row in ctx.session.execute(statement).mappings()]
    return [
        {**row, "name": ""}
        if row["resolved"] and row["customer_id"] is None and row["because"] != OURS
        else row
        for row in rows
    ]


def likely_customers(ctx: Context) -> list[tuple[int, str]]:
    """Customers that the actor may see and that were changed last: what a form offers without scripts."""
    t = table(Customer)
    seen = row_scope(ctx, ctx.assembly.resource("customers"))
    statement = select(t.c.id, t.c.name).where(t.c.trashed_at.is_(None), seen)
    newest = statement.order_by(t.c.updated_at.desc(), t.c.id.desc()).limit(LIKELY)
    return [(row.id, row.name) for row in ctx.session.execute(newest)]


def attach_customer(
    ctx: Context, interaction_id: int, participant_id: int, customer_id: int | None, reason: str = ""
) -> None:
    """Say who a party is, None for nobody known; timelines, unless the touch is held back, follow.

    Where someone else was named before, it needs the reason, which the page of the touch shows. Invalid.
    """
    t = table(Participant)
    party = ctx.session.execute(
        select(t.c.customer_id).where(t.c.id == participant_id, t.c.interaction_id == interaction_id)
    ).first()
    if party is None:
        raise Invalid("There is no such party.")
    if party.customer_id == customer_id:
        raise Invalid.field("customer", "That is who is named already.")
    if party.customer_id is not None and not reason.strip():
        raise Invalid.field("reason", "Say why it was wrong.")
    because = f"{'set' if customer_id else 'cleared'} by {ctx.actor.name}"
    because += f": {reason.strip()[:500]}" if reason.strip() else ""
    ctx.session.execute(
        update(t).where(t.c.id == participant_id).values(customer_id=customer_id, resolved_because=because)
    )
    said = {"participant": (party.customer_id, customer_id), "reason": ("", reason.strip()[:500])}
    audit.record(
        ctx,
        "attribute",
        "interactions",
        interaction_id,
        said if reason.strip() else {"participant": said["participant"]},
        customer_id=party.customer_id or customer_id,
    )
    interaction = ctx.session.get_one(Interaction, interaction_id)
    if not interaction.quarantined:
        named = select(t.c.customer_id).where(
            t.c.interaction_id == interaction_id, t.c.customer_id.is_not(None)
        )
        settle_timeline(ctx, interaction, ctx.session.execute(named.order_by(t.c.id)).scalars().all())


def named_party(ctx: Context, interaction_id: int, participant_id: int) -> int | None:
    """The customer that a party is said to be, None for nobody. NotFound when the actor may not see who it is."""
    for party in participants_of(ctx, interaction_id):
        if party["id"] == participant_id:
            if party["resolved"] and party["customer_id"] is None:
                break
            named: int | None = party["customer_id"]
            return named
    raise NotFound("There is no such party.")


def outside(ctx: Context, parties: Iterable[tuple[int | None, str]]) -> int:
    """How many parties (customer, address) are outside the firm: not its mailboxes, not the addresses of its people."""
    m, u = table(Mailbox), table(User)
    ours = ctx.session.execute(select(m.c.address).union(select(u.c.email))).scalars()
    own = {address.lower() for address in ours}
    found = {
        customer_id or address.lower() or -place for place, (customer_id, address) in enumerate(parties, 1)
    }
    return len(found - own)
