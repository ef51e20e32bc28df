"""All of a batch that can be made ready before the lock is taken: what to do, and rows as they will be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import select

from patron.accounts.audit import Sealed, last_id, sealed
from patron.bulk import among
from patron.context import Context
from patron.customers.contacts import find_points
from patron.customers.models import Customer, ExternalId
from patron.customers.resource import CUSTOMERS
from patron.imports.changes import place_of
from patron.imports.decisions import Changed, Decisions, New, decide
from patron.imports.matching import Rules
from patron.imports.outcomes import Waiting
from patron.imports.staged import StagedCustomer, StagedPoint, employer_name_key
from patron.permissions import Actor
from patron.records import table
from patron.resources import search
from patron.resources.scope import row_scope

_EMPTY: Mapping[str, Any] = {
    "version": 1, "trashed_at": None, "standing": "known", "life_state": "active", "life_state_since": None,
    "team_id": None, "merged_into_id": None, "erased_at": None, "last_contact_at": None,
}  # fmt: skip
_PLAIN = (
    "kind",
    "name",
    "given_name",
    "family_name",
    "prefix",
    "suffix",
    "birth_date",
    "language",
    "website",
    "note",
)
_LISTS = {"email": "emails", "phone": "phones", "postal": "addresses"}


@dataclass
class Prepared:
    """What to write. ``customers``, ``entries`` and ``audit`` are those of ``decisions.new``, without their ids.

    ``points`` are the contact points that there are, by kind and value; ``external_ids`` those not taken yet.
    It holds for as long as the actor may do the same and ``last_change`` is the newest one.
    """

    actor: Actor
    now: datetime
    last_change: int
    decisions: Decisions
    customers: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    audit: list[Sealed]
    points: dict[tuple[str, str], int]
    external_ids: dict[str, New | Changed]

    def parts(self, size: int) -> Iterator[Prepared]:
        """The same in parts of about ``size`` rows, to be written in this order and with none left out between.

        Nobody comes before their employer. What needs no writing is in the first.
        """
        places = _employers_first(self.decisions.new)
        new = [self.decisions.new[place] for place in places]
        changed, done = self.decisions.changed, self.decisions.done
        owners = {id(one): value for value, one in self.external_ids.items()}
        for start in range(0, max(len(new) + len(changed), 1), size):
            here = slice(start, start + size)
            after = slice(max(0, start - len(new)), max(0, start + size - len(new)))
            part = Decisions(new[here], changed[after], done if start == 0 else [])
            people: list[New | Changed] = [*part.new, *part.changed]
            held = {owners[id(one)]: one for one in people if id(one) in owners}
            taken = places[here]
            yield Prepared(
                self.actor, self.now, self.last_change, part, [self.customers[place] for place in taken],
                [self.entries[place] for place in taken], [self.audit[place] for place in taken], self.points, held,
            )  # fmt: skip

    @property
    def people(self) -> list[New | Changed]:
        return [*self.decisions.new, *self.decisions.changed]

    def holds(self, ctx: Context) -> bool:
        """Whether the same would be decided now. Locks the customers to be changed, where the engine can."""
        if self.actor != ctx.actor or self.last_change != last_id(ctx.session):
            return False
        versions = {one.id: one.known.row["version"] for one in self.decisions.changed}
        if not versions:
            return True
        t = table(Customer)
        held = select(t.c.id, t.c.version).where(among(t.c.id, sorted(versions)), t.c.trashed_at.is_(None))
        rows = ctx.session.execute(held.order_by(t.c.id).with_for_update())
        return versions == {row.id: row.version for row in rows}


def _employers_first(new: Sequence[New]) -> list[int]:
    """Their places, an employer that is to be made itself just before the first who works there."""
    place_of_one = {id(one): place for place, one in enumerate(new)}
    places: dict[int, None] = {}
    for place, one in enumerate(new):
        if isinstance(one.employer, New):
            places.setdefault(place_of_one[id(one.employer)])
        places.setdefault(place)
    return list(places)


def prepare(ctx: Context, rules: Rules, rows: Sequence[Waiting]) -> Prepared:
    """Decide rows and make what they become. Reads only."""
    last_change = last_id(ctx.session)
    decisions = decide(ctx, rules, rows)
    _find_employers(ctx, decisions)
    customers = [_customer(ctx, rules, one) for one in decisions.new]
    people: list[New | Changed] = [*decisions.new, *decisions.changed]
    return Prepared(
        ctx.actor, ctx.now, last_change, decisions, customers, search.new_entries(CUSTOMERS, customers),
        [sealed(_created(rules, one)) for one in decisions.new],
        find_points(ctx, [point for one in people for point in points_of(one)]), _external_ids(ctx, rules, people),
    )  # fmt: skip


def points_of(one: New | Changed) -> Sequence[StagedPoint]:
    """The contact points to be held."""
    return one.row.points if isinstance(one, New) else one.changes.points


def _find_employers(ctx: Context, decisions: Decisions) -> None:
    """Give each person the organisation of that name: one there is, one of this batch, or one to be made."""
    people: list[New | Changed] = [
        *(new for new in decisions.new if new.row.employer_key),
        *(one for one in decisions.changed if one.changes.employer),
    ]
    if not people:
        return
    known: dict[str, New | int] = dict(_organisations(ctx, {one.row.employer_key for one in people}))
    for new in decisions.new:
        if new.row.kind == "organisation":
            known.setdefault(new.row.match_key, new)
    locale = ctx.assembly.settings.locale
    for one in people:
        key, name = one.row.employer_key, one.row.employer
        if key not in known:
            row = StagedCustomer("organisation", name, employer_name_key(name, locale), key)
            owner_id = one.owner_id if isinstance(one, New) else ctx.actor.user_id
            known[key] = made = New(0, row, owner_id)
            decisions.new.append(made)
        one.employer = known[key]


def _organisations(ctx: Context, keys: set[str]) -> dict[str, int]:
    """The organisations of these names that the actor may see, the oldest of each."""
    t = table(Customer)
    statement = (
        select(t.c.match_key, t.c.id)
        .where(
            among(t.c.match_key, keys), t.c.kind == "organisation", t.c.trashed_at.is_(None),
            row_scope(ctx, CUSTOMERS),
        )
        .order_by(t.c.id.desc())
    )  # fmt: skip
    return {row.match_key: row.id for row in ctx.session.execute(statement)}


def _customer(ctx: Context, rules: Rules, new: New) -> dict[str, Any]:
    row = new.row
    firsts = {point.kind: point for point in reversed(row.points)}
    email, phone, postal = firsts.get("email"), firsts.get("phone"), firsts.get("postal")
    created = ctx.now
    if row.created_on is not None:
        created = min(created, datetime.combine(row.created_on, time(), UTC))
    return {
        **_EMPTY,
        **{name: getattr(row, name) for name in _PLAIN},
        **place_of(postal.parts if postal else {}),
        "created_at": created,
        "updated_at": ctx.now,
        "name_key": row.name_key,
        "match_key": row.match_key,
        "source": rules.source,
        "primary_email": email.value if email else "",
        "primary_phone": phone.value if phone else "",
        "owner_id": new.owner_id,
    }


def _created(rules: Rules, new: New) -> dict[str, tuple[Any, Any]]:
    row = new.row
    given: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    for point in row.points:
        if point.kind in _LISTS:
            given.setdefault(_LISTS[point.kind], []).append(point.display)
    if rules.source and row.external_id:
        given["external_ids"] = [{"source": rules.source, "id": row.external_id}]
    if row.employer_key:
        given["works_at"] = f"{row.employer}: {row.job_title}".strip(": ")
    given["owner"] = new.owner_id
    return {name: (None, value) for name, value in given.items() if value not in (None, "")}


def _external_ids(ctx: Context, rules: Rules, people: Sequence[New | Changed]) -> dict[str, New | Changed]:
    """Whose the ids of the source become; one that is somebody's stays theirs."""
    wanted: dict[str, New | Changed] = {}
    for one in people:
        value = one.row.external_id if isinstance(one, New) else one.changes.external_id
        if value and rules.source:
            wanted.setdefault(value, one)
    if not wanted:
        return wanted
    t = table(ExternalId)
    held = select(t.c.value).where(t.c.source == rules.source, among(t.c.value, wanted))
    for value in ctx.session.execute(held).scalars():
        del wanted[value]
    return wanted
