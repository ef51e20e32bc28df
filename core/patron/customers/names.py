"""Dated names by kind: legal, trading, birth, former, nick. A hidden one is matched, never shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from patron.accounts import audit
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import CustomerName
from patron.errors import Invalid, NotFound
from patron.records import table

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
    """Keep another name of the customer."""
    if kind not in KINDS:
        raise Invalid.field("kind", f"A name is one of: {', '.join(KINDS)}.")
    if not name.strip() or len(name) > 300:
        raise Invalid.field("name", "Write the name, in at most 300 characters.")
    if since and until and until < since:
        raise Invalid.field("until", "It cannot end before it begins.")
    values = {
        "customer_id": customer_id,
        "kind": kind,
        "name": name.strip(),
        "match_key": normalise.fold(name),
    }
    ctx.session.execute(
        insert(table(CustomerName)).values(values | {"since": since, "until": until, "hidden": hidden})
    )
    audit.record(ctx, "name", "customers", customer_id, {kind: (None, name.strip())}, customer_id=customer_id)


def remove_name(ctx: Context, customer_id: int, name_id: int) -> None:
    """Remove a name that was a mistake; one that is no longer used gets an end date instead."""
    t = table(CustomerName)
    gone = delete(t).where(t.c.id == name_id, t.c.customer_id == customer_id).returning(t.c.kind, t.c.name)
    row = ctx.session.execute(gone).first()
    if row is None:
        raise NotFound("There is no such name.")
    audit.record(ctx, "name", "customers", customer_id, {row.kind: (row.name, None)}, customer_id=customer_id)


def names_of(ctx: Context, customer_id: int) -> Sequence[dict[str, Any]]:
    """The dated names of a customer, in the order in which they were kept."""
    t = table(CustomerName)
    rows = ctx.session.execute(select(t).where(t.c.customer_id == customer_id).order_by(t.c.id)).mappings()
    return [dict(row) for row in rows]
