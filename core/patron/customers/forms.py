"""What the controllers of the customer share: the customer that an address names, and days from forms."""

from __future__ import annotations

from datetime import date

from patron.context import Context
from patron.customers.models import Customer
from patron.errors import Invalid
from patron.resources import editing
from patron.resources.values import parse_date


def customer_of(ctx: Context, customer_id: int, verb: str = "read") -> Customer:
    """The customer within the scope of the verb. NotFound, Forbidden."""
    customer: Customer = editing.load(ctx, ctx.assembly.resource("customers"), customer_id, verb)
    return customer


def day_of(ctx: Context, name: str) -> date | None:
    """A day of the form, None when it is empty. Invalid."""
    try:
        return parse_date(ctx.web.value(name)) if ctx.web.value(name) else None
    except ValueError as error:
        raise Invalid.field(name, f"This {error}") from error
