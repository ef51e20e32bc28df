"""A candidate as it waits in the database: everything derived that needs no look at other rows."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec

from patron.customers import normalise
from patron.customers.contacts import POSTAL_FIELDS, Point
from patron.customers.names import match_key, name_key
from patron.imports.candidates import Candidate


class StagedPoint(msgspec.Struct, omit_defaults=True, array_like=True, frozen=True):
    """A contact point of the row, normalised; see ``customers.contacts.Point``."""

    kind: str
    value: str
    display: str = ""
    label: str = ""
    use: str = "personal"
    parts: dict[str, str] = {}

    def point(self) -> Point:
        return Point(self.kind, self.value, self.display, self.label, self.use, self.parts)


class StagedCustomer(msgspec.Struct, omit_defaults=True):
    """One row of a customers import. ``name_key`` orders and ``match_key`` compares the name."""

    kind: str
    name: str
    name_key: str
    match_key: str
    given_name: str = ""
    family_name: str = ""
    prefix: str = ""
    suffix: str = ""
    external_id: str = ""
    points: list[StagedPoint] = []
    website: str = ""
    employer: str = ""
    employer_key: str = ""
    job_title: str = ""
    birth_date: date | None = None
    language: str = ""
    note: str = ""
    owner: str = ""
    created_on: date | None = None
    nameless: bool = False  # the name was made of an address: it says nothing about who this is

    def of(self, kind: str) -> list[StagedPoint]:
        """The points of a kind, the first the most preferred."""
        return [point for point in self.points if point.kind == kind]

    def first(self, kind: str) -> StagedPoint | None:
        return next((point for point in self.points if point.kind == kind), None)


def staged(candidate: Candidate, locale: str) -> StagedCustomer:
    """The candidate with its keys and contact points, as forms of the application would store them."""
    person = candidate.person
    given, family = (person.given, person.family) if person is not None else ("", "")
    return StagedCustomer(
        kind=candidate.kind,
        name=candidate.name[:300],
        name_key=name_key(
            candidate.kind, candidate.name, given, family, candidate.language or locale, locale
        ),
        match_key=match_key(candidate.kind, candidate.name),
        given_name=given[:200],
        family_name=family[:200],
        prefix=person.prefix[:100] if person is not None else "",
        suffix=person.suffix if person is not None else "",
        external_id=candidate.external_id[:200],
        points=_points(candidate),
        website=candidate.websites[0] if candidate.websites else "",
        employer=candidate.organisation[:300],
        employer_key=normalise.organisation_key(candidate.organisation) if candidate.organisation else "",
        job_title=candidate.job_title[:200],
        birth_date=candidate.birthday,
        language=candidate.language[:20],
        note=_note(candidate),
        owner=candidate.owner,
        created_on=candidate.created_on,
        nameless=candidate.kind == "person" and person is None,
    )


def _points(candidate: Candidate) -> list[StagedPoint]:
    person = candidate.kind == "person"
    points = [
        StagedPoint("email", mail.normalised, mail.display, "", _email_use(mail.is_role, person))
        for mail in candidate.emails
    ]
    use = "personal" if person else "switchboard"
    points += [StagedPoint("phone", phone.number, phone.number, phone.use, use) for phone in candidate.phones]
    for address in candidate.addresses:
        shown = ", ".join(normalise.format_address(address))
        parts = {name: part for name in POSTAL_FIELDS if (part := getattr(address, name))}
        points.append(StagedPoint("postal", normalise.fold(shown), shown, "", "shared", parts))
    points += [StagedPoint("web", site, site) for site in candidate.websites[1:]]
    return points


def _email_use(is_role: bool, person: bool) -> str:
    return "role" if is_role else "personal" if person else "shared"


def _note(candidate: Candidate) -> str:
    """The row's notes, and what has no field of its own."""
    lines = [candidate.notes] if candidate.notes else []
    if candidate.tags:
        lines.append(f"Tags: {', '.join(candidate.tags)}")
    if candidate.job_title and not candidate.organisation:
        lines.append(f"Job title: {candidate.job_title}")
    return "\n".join(lines)


@lru_cache(maxsize=4096)
def employer_name_key(name: str, locale: str) -> str:
    """The sort key of an organisation that is known by its name only."""
    return normalise.sort_key(name, locale)


_STORED = msgspec.json.Decoder(StagedCustomer)


def unpack(text: str) -> StagedCustomer:
    """What was stored in ``core_import_row.values``, from its JSON text."""
    return _STORED.decode(text)
