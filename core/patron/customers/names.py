"""Dated names by kind: legal, trading, birth, former, nick. A hidden one is matched, never shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from patron.accounts import audit
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import Customer, CustomerName
from patron.errors import Invalid, NotFound
from patron.records import table
from patron.resources import search

HIDDEN = "a hidden name"
KINDS = {
    "legal": "Legal name",
    "trading": "Trading name",
    "birth": "Birth name",
    "former": "Former name",
    "nick": "Nickname",
}


def add_name(
    ctx: Context,
    customer_id: int,
    kind: str,
    name: str,
    *,
    since: date | None = None,
    until: date | None = None,
    hidden: bool = False,
) -> None:
    """Keep another name of the customer, who is found by it from now on; NotFound."""
    if kind not in KINDS:
        raise Invalid.field("kind", f"A name is one of: {', '.join(KINDS)}.")
    if not name.strip() or len(name) > 300:
        raise Invalid.field("name", "Write the name, in at most 300 characters.")
    if since and until and until < since:
        raise Invalid.field("until", "It cannot end before it begins.")
    customer = _customer(ctx, customer_id)
    values = {
        "customer_id": customer_id,
        "kind": kind,
        "name": name.strip(),
        "match_key": match_key(customer.kind, name),
    }
    ctx.session.execute(
        insert(table(CustomerName)).values(values | {"since": since, "until": until, "hidden": hidden})
    )
    shown = HIDDEN if hidden else name.strip()
    audit.record(ctx, "name", "customers", customer_id, {kind: (None, shown)}, customer_id=customer_id)
    search.index(ctx, ctx.assembly.resource("customers"), customer)


def match_key(kind: str, name: str) -> str:
    """By what names are compared: a person's folded, an organisation's or a household's without its legal form."""
    return normalise.fold(name) if kind == "person" else normalise.organisation_key(name)


def _customer(ctx: Context, customer_id: int) -> Customer:
    found = ctx.session.get(Customer, customer_id)
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def remove_name(ctx: Context, customer_id: int, name_id: int) -> None:
    """Remove a name that was a mistake; one that is no longer used gets an end date instead."""
    t = table(CustomerName)
    mine = delete(t).where(t.c.id == name_id, t.c.customer_id == customer_id)
    row = ctx.session.execute(mine.returning(t.c.kind, t.c.name, t.c.hidden)).first()
    if row is None:
        raise NotFound("There is no such name.")
    shown = HIDDEN if row.hidden else row.name
    audit.record(ctx, "name", "customers", customer_id, {row.kind: (shown, None)}, customer_id=customer_id)
    search.index(ctx, ctx.assembly.resource("customers"), _customer(ctx, customer_id))


def names_of(ctx: Context, customer_id: int) -> Sequence[dict[str, Any]]:
    """The dated names of a customer as they may be shown, in the order in which they were kept: hidden ones blank."""
    t = table(CustomerName)
    rows = ctx.session.execute(select(t).where(t.c.customer_id == customer_id).order_by(t.c.id)).mappings()
    return [dict(row) | ({"name": "", "match_key": ""} if row["hidden"] else {}) for row in rows]
