"""How a customer came to the firm: source, medium and campaign, kept from the first time on."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from patron.context import Context
from patron.contributions import CustomerFields, Field
from patron.customers.models import Origin
from patron.records import table

FIELDS = CustomerFields(
    model=Origin,
    fields=(
        Field("campaign", "Came by campaign", default=""),
        Field("medium", "Came by medium", default=""),
        Field("came_at", "Came first", "instant", column="at"),
    ),
    permission="customers.read",
)


def record_origin(
    ctx: Context, customer_id: int, *, source: str = "", medium: str = "", campaign: str = ""
) -> bool:
    """Note how the customer came, unless that is known already. Returns whether it was new."""
    t = table(Origin)
    values = {"source": source[:200], "medium": medium[:100], "campaign": campaign[:200]}
    insert = postgresql.insert if ctx.assembly.database.dialect != "sqlite" else sqlite.insert
    made = insert(t).values(customer_id=customer_id, at=ctx.now, **values)
    first = made.on_conflict_do_nothing(index_elements=["customer_id"]).returning(t.c.id)
    return ctx.session.execute(first).first() is not None


def origin_of(ctx: Context, customer_id: int) -> Origin | None:
    """How the customer came, where that is known."""
    t = table(Origin)
    found: Origin | None = ctx.session.execute(
        select(Origin).where(t.c.customer_id == customer_id)
    ).scalar_one_or_none()
    return found
