"""What a customer is to the firm: roles with dates, given by the core or a module."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from patron.accounts import audit
from patron.context import Context
from patron.customers.models import CustomerRole
from patron.records import table


def roles_of(ctx: Context, customer_id: int) -> set[str]:
    """The roles that the customer has now."""
    t = table(CustomerRole)
    held = select(t.c.role).where(t.c.customer_id == customer_id, t.c.until.is_(None))
    return set(ctx.session.execute(held).scalars())


def give_role(ctx: Context, customer_id: int, role: str, module: str = "core") -> bool:
    """Give a role from now on; False when the customer has it already."""
    t = table(CustomerRole)
    held = select(t.c.id).where(t.c.customer_id == customer_id, t.c.role == role, t.c.until.is_(None))
    if ctx.session.execute(held).first() is not None:
        return False
    ctx.session.execute(
        insert(t).values(customer_id=customer_id, role=role, module=module, since=ctx.now, until=None)
    )
    audit.record(ctx, "give role", "customers", customer_id, {"role": (None, role)}, customer_id=customer_id)
    return True


def end_role(ctx: Context, customer_id: int, role: str) -> None:
    """The customer has the role no longer; that it had stays on record."""
    t = table(CustomerRole)
    held = t.c.customer_id == customer_id, t.c.role == role, t.c.until.is_(None)
    if ctx.session.execute(update(t).where(*held).values(until=ctx.now).returning(t.c.id)).all():
        audit.record(
            ctx, "end role", "customers", customer_id, {"role": (role, None)}, customer_id=customer_id
        )
