"""Whom a new customer looks like while the form is being filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from patron.context import Context
from patron.customers.contacts import Point, read_points
from patron.customers.models import Customer
from patron.customers.resource import CUSTOMERS, derive_names
from patron.duplicates.likeness import Alike, find_alike
from patron.errors import Invalid
from patron.records import table
from patron.resources import forms
from patron.resources.values import parse_date

_LISTS = ("emails", "phones", "addresses")


@dataclass(frozen=True)
class Known:
    """A known customer whom the typed one looks like."""

    id: int
    name: str
    hint: str
    percent: int
    reasons: str


def looks_like(ctx: Context) -> Known | None:
    """The customer whom the form's values look like most, of those that the actor may read; None for a form that says
    too little. What is only half typed is left out, never refused."""
    values = forms.values_of(ctx.web, CUSTOMERS)
    typed = _newcomer(ctx, values)
    found = find_alike(ctx, [(0, typed)], "read").get(0) if typed.name or typed.points else None
    return None if found is None else _known(ctx, found)


class _Typed:
    """A customer as far as it is typed."""

    def __init__(self, record: Customer, points: list[Point]) -> None:
        self.kind, self.name = record.kind, record.name
        self.given_name, self.family_name = record.given_name, record.family_name
        self.name_key, self.match_key = record.name_key, record.match_key
        self.birth_date = record.birth_date
        self.points = points
        self.nameless = not record.name


def _newcomer(ctx: Context, values: dict[str, Any]) -> _Typed:
    kind = str(values.get("kind") or "person")
    record = Customer(kind=kind, name="", name_key="", match_key="")
    for name in ("name", "given_name", "family_name"):
        setattr(record, name, str(values.get(name) or "").strip()[:200])
    if record.name or record.given_name or record.family_name:
        derive_names(record, named=bool(record.name), locale=ctx.assembly.settings.locale)
    try:
        record.birth_date = parse_date(values.get("birth_date"))
    except ValueError:
        record.birth_date = None
    points: list[Point] = []
    for name in _LISTS:
        for entry in values.get(name) or ():
            try:
                country = ctx.assembly.settings.country
                points += read_points(name, [entry], country=country, organisation=kind != "person")
            except Invalid:
                continue
    return _Typed(record, points)


def _known(ctx: Context, found: Alike) -> Known:
    c = table(Customer)
    wanted = select(c.c.name, c.c.primary_email, c.c.city).where(c.c.id == found.customer_id)
    row = ctx.session.execute(wanted).one()
    hint = " · ".join(part for part in (row.primary_email, row.city) if part)
    return Known(found.customer_id, row.name, hint, found.percent, found.reasons)
