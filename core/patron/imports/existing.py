"""Customers as an import compares its rows with: the row, its contact points, ids and employers, loaded for many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from patron.bulk import among, update_rows
from patron.context import Context
from patron.customers.models import (
    ContactHolder,
    ContactPoint,
    Customer,
    CustomerName,
    ExternalId,
    Relationship,
)
from patron.customers.names import match_key
from patron.customers.provenance import IMPORT
from patron.customers.survivorship import held_against
from patron.records import table


@dataclass
class Existing:
    """One customer. ``points``: (kind, value) to the holder's id, ``ended`` likewise of those that hold no more;
    ``employers``: name key to (relation, title); ``other_names``: the keys of dated names."""

    row: dict[str, Any]
    points: dict[tuple[str, str], int] = field(default_factory=dict)
    external_ids: set[str] = field(default_factory=set)
    employers: dict[str, tuple[int, str]] = field(default_factory=dict)
    other_names: set[str] = field(default_factory=set)
    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    held: frozenset[str] = frozenset()  # columns that a better source has set

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def kind(self) -> str:
        return str(self.row["kind"])

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def match_key(self) -> str:
        return str(self.row["match_key"])

    def is_called(self, match_key: str) -> bool:
        """Whether that is the key of its name, or of one that it has or had beside it."""
        return match_key == self.match_key or match_key in self.other_names

    @property
    def given_name(self) -> str:
        return str(self.row["given_name"])

    @property
    def family_name(self) -> str:
        return str(self.row["family_name"])

    @property
    def website(self) -> str:
        return str(self.row["website"])

    @property
    def birth_date(self) -> date | None:
        found: date | None = self.row["birth_date"]
        return found

    def points_of(self, kind: str) -> list[str]:
        return [value for held, value in self.points if held == kind]


def load_existing(ctx: Context, ids: Collection[int], source: str) -> dict[int, Existing]:
    """The customers of these ids that are not in the trash, in five statements, with the external ids of ``source``."""
    if not ids:
        return {}
    wanted = sorted(ids)
    c = table(Customer)
    statement = select(c).where(among(c.c.id, wanted), c.c.trashed_at.is_(None)).order_by(c.c.id)
    found = {row["id"]: Existing(dict(row)) for row in ctx.session.execute(statement).mappings()}
    _add_points(ctx, found)
    if source:
        t = table(ExternalId)
        theirs = select(t.c.customer_id, t.c.value).where(t.c.source == source, among(t.c.customer_id, found))
        for row in ctx.session.execute(theirs):
            found[row.customer_id].external_ids.add(row.value)
    _add_employers(ctx, found)
    _add_other_names(ctx, found)
    for customer_id, names in held_against(ctx, found.keys(), f"{IMPORT}{source}").items():
        found[customer_id].held = names
    return found


def _add_other_names(ctx: Context, found: dict[int, Existing]) -> None:
    t = table(CustomerName)
    for row in ctx.session.execute(
        select(t.c.customer_id, t.c.match_key).where(among(t.c.customer_id, found))
    ):
        found[row.customer_id].other_names.add(row.match_key)


def renew_name_keys(ctx: Context) -> None:
    """Keep other names under the keys that rows are compared by today, whatever they were when a name was kept."""
    t, c = table(CustomerName), table(Customer)
    kept = select(t.c.id, t.c.name, t.c.match_key, c.c.kind).join_from(t, c, c.c.id == t.c.customer_id)
    found = ((row, match_key(row.kind, row.name)) for row in ctx.session.execute(kept).all())
    stale = [{"id": row.id, "match_key": key} for row, key in found if key != row.match_key]
    update_rows(ctx.session, t, stale)


def _add_points(ctx: Context, found: dict[int, Existing]) -> None:
    p, h = table(ContactPoint), table(ContactHolder)
    statement = (
        select(h.c.id, h.c.customer_id, h.c.until, p.c.kind, p.c.value)
        .select_from(h.join(p, p.c.id == h.c.contact_point_id))
        .where(among(h.c.customer_id, found))
        .order_by(h.c.id)
    )
    for row in ctx.session.execute(statement):
        known = found[row.customer_id]
        held = known.points if row.until is None else known.ended
        held[row.kind, row.value] = row.id


def _add_employers(ctx: Context, found: dict[int, Existing]) -> None:
    r, c = table(Relationship), table(Customer)
    statement = (
        select(r.c.id, r.c.from_id, r.c.role, c.c.match_key)
        .select_from(r.join(c, c.c.id == r.c.to_id))
        .where(among(r.c.from_id, found), r.c.kind == "works_at", r.c.until.is_(None))
        .order_by(r.c.id.desc())
    )
    for row in ctx.session.execute(statement):
        found[row.from_id].employers[row.match_key] = (row.id, row.role)
