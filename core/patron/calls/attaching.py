"""Saying whose number it is: its calls go to that customer, who has the number from then on."""

from __future__ import annotations

from sqlalchemy import select

from patron.context import Context
from patron.customers.contacts import attach
from patron.errors import Invalid, NotFound
from patron.interactions.models import Interaction, Participant
from patron.interactions.participants import attach_customer
from patron.records import table
from patron.resources import editing
from patron.resources.scope import row_scope

TOGETHER = 100


def attach_number(
    ctx: Context, participant_id: int, customer_id: int, *, keep: bool = True
) -> tuple[str, int]:
    """Attach every call of the same number that is nobody's yet. Returns the number and how many calls.

    ``keep`` makes the number one of the customer's, so that it is known next time. Who may was asked for the customer.
    """
    p, i = table(Participant), table(Interaction)
    readable = row_scope(ctx, ctx.assembly.resource("interactions"))
    joined = p.join(i, i.c.id == p.c.interaction_id)
    first = ctx.session.execute(
        select(p.c.address, p.c.customer_id).select_from(joined).where(p.c.id == participant_id, readable)
    ).first()
    if first is None:
        raise NotFound("There is no such caller.")
    if first.customer_id is not None:
        raise Invalid("Somebody has said meanwhile who that is.")
    same = p.c.id == participant_id
    if first.address:
        same = (p.c.address == first.address) & (p.c.part == "caller") & p.c.customer_id.is_(None)
    calls = ctx.session.execute(
        select(p.c.id, p.c.interaction_id)
        .select_from(joined)
        .where(same, i.c.channel == "phone", readable)
        .order_by(p.c.id.desc())
        .limit(TOGETHER)
    ).all()
    for call in calls:
        attach_customer(ctx, call.interaction_id, call.id, customer_id)
    if keep and first.address.startswith("+"):
        _keep(ctx, customer_id, first.address)
    return first.address, len(calls)


def _keep(ctx: Context, customer_id: int, number: str) -> None:
    rows = [{"id": str(customer_id)}]
    attach(ctx, rows)
    phones = list(rows[0]["phones"])
    if number not in phones:
        editing.change(ctx, ctx.assembly.resource("customers"), customer_id, {"phones": [*phones, number]})
