"""What every page of the shop has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from patron import ANYONE, Context, Face, FieldError, Invalid, Page

from patron_ecommerce.services import carts
from patron_ecommerce.services.common import RIGHT

OPEN = {"face": Face.PUBLIC, "permission": ANYONE, "visitors": Face.CUSTOMER}
MINE = {"face": Face.CUSTOMER, "permission": RIGHT}


def page(ctx: Context, template: str, data: Mapping[str, Any], status: int = 200, partial: str = "") -> Page:
    """A page of the shop: with what its head shows of the cart and of who has signed in."""
    head = {
        "pieces": carts.pieces_in(ctx, carts.find(ctx)),
        "customer": ctx.actor.name if ctx.actor.kind == "customer" else "",
        "staff": ctx.actor.kind == "user",
        "words": str(data.get("words", "")),
    }
    return Page(f"ecommerce/{template}", {"shop": head, **data}, status=status, partial=partial)


def faults(error: Invalid) -> dict[str, Any]:
    """What a form shows of an error: the list, and the sentences by field."""
    errors = list(error.errors) or [FieldError("", error.detail)]
    by_field: dict[str, list[str]] = {}
    for item in errors:
        by_field.setdefault(item.field, []).append(item.message)
    return {"errors": errors, "by_field": by_field}


@contextmanager
def writing(ctx: Context) -> Iterator[Context]:
    """The same request in a write transaction of its own: for routes that talk to a network beside it."""
    with ctx.assembly.database.write() as session:
        yield replace(ctx, session=session)


@contextmanager
def reading(ctx: Context) -> Iterator[Context]:
    """The same request in a read transaction of its own."""
    with ctx.assembly.database.read() as session:
        yield replace(ctx, session=session)
