"""Comparing the whole base, in the background: read once, compared outside of any transaction, written in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from patron.assembly import Assembly
from patron.bulk import among
from patron.customers.models import ContactHolder, ContactPoint, Customer
from patron.duplicates.blocking import pairs
from patron.duplicates.commonness import Commonness
from patron.duplicates.comparing import Comparison, compare
from patron.duplicates.models import Duplicate
from patron.duplicates.profile import Profile, name_parts, places_of
from patron.records import table, utc_now

LEAST = 0.3
"""How likely two must be one to be shown to a person."""
_PAGE = 2_000
_WRITTEN = 500
_OF_A_PERSON = "personal"
_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def scan(assembly: Assembly, least: float = LEAST) -> Iterator[Comparison]:
    """Every pair of living customers that is at least so likely one, whichever was looked at before.

    Holds the base in memory, about four kilobytes a customer.
    """
    profiles: dict[int, Profile] = {}
    commonness = Commonness()
    after: int | None = 0
    while after is not None:
        with assembly.database.read() as session:
            page = read_profiles(session, after)
        commonness.count(page)
        profiles.update((one.id, one) for one in page)
        after = page[-1].id if page else None
    for one, other in pairs(profiles):
        if (found := compare(one, other, commonness, least)) is not None:
            yield found


def scan_and_keep(assembly: Assembly) -> None:
    """The job: the queue then holds what is found now, less what a person decided."""
    keep(assembly, scan(assembly))


def read_profiles(session: Session, after: int) -> Sequence[Profile]:
    """The next customers by id, with their contact points. Two statements."""
    c = table(Customer)
    rows = session.execute(_living().where(c.c.id > after).order_by(c.c.id).limit(_PAGE)).all()
    if not rows:
        return ()
    return _with_points(session, rows, table(ContactHolder).c.customer_id.between(rows[0].id, rows[-1].id))


def profiles_of(session: Session, ids: Collection[int]) -> Sequence[Profile]:
    """These customers, as far as they live. Two statements."""
    c, wanted = table(Customer), sorted(ids)
    rows = session.execute(_living().where(among(c.c.id, wanted))).all() if wanted else ()
    return _with_points(session, rows, among(table(ContactHolder).c.customer_id, wanted)) if rows else ()


def _living() -> Select[Any]:
    c = table(Customer)
    names = ("id", "kind", "name", "given_name", "family_name", "birth_date")
    return select(*(c.c[name] for name in names)).where(c.c.trashed_at.is_(None), c.c.erased_at.is_(None))


def _with_points(session: Session, rows: Sequence[Any], which: ColumnElement[bool]) -> Sequence[Profile]:
    h, p = table(ContactHolder), table(ContactPoint)
    held = (
        select(h.c.customer_id, h.c.use, p.c.kind, p.c.value, p.c.parts)
        .join(p, p.c.id == h.c.contact_point_id)
        .where(which, h.c.until.is_(None))
    )
    points: dict[int, list[Any]] = {}
    for point in session.execute(held.order_by(h.c.id)):
        points.setdefault(point.customer_id, []).append(point)
    return [profile_from(row, points.get(row.id, ())) for row in rows]


def profile_from(row: Any, points: Sequence[Any]) -> Profile:
    """A customer, or a row that may become one, with what it is reached at (kind, value, use, parts)."""
    given, family = name_parts(row.kind, row.name, row.given_name, row.family_name)
    own = [point for point in points if point.use == _OF_A_PERSON]
    return Profile(
        id=row.id,
        kind=row.kind,
        given=given,
        family=family,
        birth=row.birth_date,
        places=places_of([point.parts for point in points if point.kind == "postal"]),
        emails=frozenset(point.value for point in own if point.kind == "email"),
        phones=frozenset(point.value for point in own if point.kind == "phone"),
        shared=frozenset(
            point.value
            for point in points
            if point.use != _OF_A_PERSON and point.kind in ("email", "phone", "web")
        ),
    )


def keep(assembly: Assembly, found: Iterable[Comparison], *, complete: bool = True) -> None:
    """Write the pairs: new ones, and those that look otherwise now; where these are all, other open ones go."""
    t = table(Duplicate)
    with assembly.database.read() as session:
        known = {(row.first_id, row.second_id): row for row in session.execute(select(t))}
    seen: set[tuple[int, int]] = set()
    for some in _batches(found):
        seen.update((pair.a, pair.b) for pair in some)
        with assembly.database.write() as session:
            _write(session, some, known, assembly.database.dialect)
    gone = [row.id for pair, row in known.items() if complete and row.state == "open" and pair not in seen]
    for ids in _batches(gone):
        with assembly.database.write() as session:
            session.execute(delete(t).where(t.c.id.in_(ids), t.c.state == "open"))


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while some := list(islice(rest, _WRITTEN)):
        yield some


def _write(
    session: Session, found: Sequence[Comparison], known: dict[tuple[int, int], Any], dialect: str
) -> None:
    t, now = table(Duplicate), utc_now()
    fresh: list[dict[str, Any]] = []
    anew: list[dict[str, Any]] = []
    for pair in found:
        said = {"score": round(1000 * pair.score), "reasons": pair.reasons}
        before = known.get((pair.a, pair.b))
        if before is None:
            fresh.append({"first_id": pair.a, "second_id": pair.b, "state": "open", "found_at": now,
                          "decided_by": "", **said})  # fmt: skip
        elif (before.score, before.reasons) != (said["score"], said["reasons"]):
            anew.append({"pair": before.id, "now": said["score"], "because": said["reasons"]})
    if anew:
        values = {"score": bindparam("now"), "reasons": bindparam("because", type_=t.c.reasons.type)}
        session.execute(update(t).where(t.c.id == bindparam("pair")).values(values), anew)
    if fresh:
        session.execute(_INSERT[dialect](t).on_conflict_do_nothing(), fresh)  # by a scan beside this one
