"""Somebody about to be kept who looks like somebody known: weighed as the search for duplicates weighs pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, and_, or_, select

from patron.bulk import among
from patron.context import Context
from patron.customers import normalise
from patron.customers.contacts import find_points
from patron.customers.models import ContactHolder, Customer
from patron.customers.resource import CUSTOMERS
from patron.db import Database
from patron.duplicates.commonness import Commonness
from patron.duplicates.comparing import Comparison, compare
from patron.duplicates.profile import Profile
from patron.duplicates.saying import reason
from patron.duplicates.scanning import LEAST, profile_from, profiles_of, read_profiles
from patron.errors import Forbidden
from patron.records import table
from patron.resources.scope import row_scope

_TOGETHER = 100  # ranges that one statement asks for
_LETTERS, _LETTERS_ALONE = 3, 6  # of a name that must agree, with its city and without
_CANDIDATES = 5000
_TOLD = 3
_SAMPLED_FOR = timedelta(hours=1)
_SAMPLES: WeakKeyDictionary[Database, tuple[datetime, Commonness]] = WeakKeyDictionary()


class Newcomer(Protocol):
    """Who is about to be kept, with the keys of the name. ``points`` have kind, value, use and parts; of one who is
    ``nameless`` the name was made of an address."""

    kind: str
    name: str
    name_key: str
    match_key: str
    given_name: str
    family_name: str
    birth_date: date | None
    nameless: bool

    @property
    def points(self) -> Sequence[Any]: ...


class Alike(NamedTuple):
    """The known customer whom a row is most like, how likely they are one in percent, and why, in words."""

    customer_id: int
    percent: int
    reasons: str


def find_alike(ctx: Context, rows: Sequence[tuple[int, Newcomer]], verb: str = "edit") -> dict[int, Alike]:
    """By line, whom the row looks like, among the customers on whom the actor holds the verb."""
    ids = set(_candidates(ctx, [row for _, row in rows], verb))
    known = profiles_of(ctx.session, ids)
    if not known:
        return {}
    commonness, found = _sample(ctx), {}
    for line, row in rows:
        mine = _profile(row)
        pairs = (compare(mine, other, commonness, LEAST) for other in known if other.kind == row.kind)
        best = max((pair for pair in pairs if pair is not None), key=lambda pair: pair.score, default=None)
        if best is not None:
            found[line] = Alike(best.b, round(100 * best.score), _said(best))
    return found


def _sample(ctx: Context) -> Commonness:
    """What is common, told by a part of the base and kept for an hour."""
    at, commonness = _SAMPLES.get(ctx.assembly.database, (None, Commonness()))
    if at is None or ctx.now - at > _SAMPLED_FOR:
        commonness = Commonness()
        commonness.count(read_profiles(ctx.session, 0))
        _SAMPLES[ctx.assembly.database] = (ctx.now, commonness)
    return commonness


def _said(pair: Comparison) -> str:
    """What counts most, and whatever is not the same."""
    told = [item for place, item in enumerate(pair.reasons) if place < _TOLD or item[1] != "same"]
    return ", ".join(reason(field, level) for field, level in told)


def _profile(row: Newcomer) -> Profile:
    """The row as one that is older than all: its id comes first in a pair."""
    kept = SimpleNamespace(
        id=-1, kind=row.kind, name=row.name, given_name=row.given_name, family_name=row.family_name,
        birth_date=row.birth_date,
    )  # fmt: skip
    return profile_from(kept, row.points)


def _candidates(ctx: Context, rows: Sequence[Newcomer], verb: str) -> Iterator[int]:
    """Who shares an address, a number, a whole name, or the beginning of a name in a city."""
    c, h = table(Customer), table(ContactHolder)
    try:
        mine = row_scope(ctx, CUSTOMERS, verb)
    except Forbidden:
        return
    points = find_points(ctx, [point for row in rows for point in row.points])
    holders = select(h.c.customer_id).where(
        among(h.c.contact_point_id, list(points.values())), h.c.until.is_(None)
    )
    named = among(c.c.match_key, [row.match_key for row in rows if not row.nameless])
    same: list[ColumnElement[bool]] = [c.c.id.in_(holders), named]
    ranges = iter(dict.fromkeys(begin for row in rows for begin in _beginnings(row)))
    while some := list(islice(ranges, _TOGETHER)):
        near = [and_(*_within(c, city, begin)) for city, begin in some]
        yield from ctx.session.execute(select(c.c.id).where(or_(*near), mine).limit(_CANDIDATES)).scalars()
    for which in same:
        yield from ctx.session.execute(select(c.c.id).where(which, mine).limit(_CANDIDATES)).scalars()


def _beginnings(row: Newcomer) -> Iterator[tuple[str, str]]:
    """City and how the name begins there, as it is sorted; a name is looked for either way round."""
    postal = next((point for point in row.points if point.kind == "postal"), None)
    city = normalise.fold(postal.parts.get("city", "")) if postal is not None else ""
    length = _LETTERS if city else _LETTERS_ALONE
    names = [row.name_key]
    if row.kind == "person" and row.given_name and row.family_name:
        names.append(normalise.fold(row.given_name))
    yield from ((city, name[:length]) for name in names if len(name) >= _LETTERS and not row.nameless)


def _within(c: Any, city: str, begin: str) -> Iterator[ColumnElement[bool]]:
    yield c.c.name_key >= begin
    yield c.c.name_key < begin + "\U0010ffff"
    if city:
        yield c.c.city_key == city
