"""Whether two customers are one: evidence field by field, weighed and told.

The weights follow Fellegi and Sunter, “A Theory for Record Linkage” (Journal of the American Statistical Association 64,
1969): a field speaks by the logarithm of how much more often it looks so in pairs that are one than in pairs that are two.
Agreement counts by how rare the value is (Winkler, “Using the EM Algorithm for Weight Computation”, 2000).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import log2
from typing import NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from patron.duplicates.commonness import Commonness
from patron.duplicates.profile import Place, Profile


class Evidence(NamedTuple):
    """What one field says: ``bits`` for (or, below zero, against) the two being one."""

    field: str
    level: str  # same | close | differs
    bits: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both ids in order, how likely they are one (0 to 1), and why."""

    a: int
    b: int
    score: float
    evidence: tuple[Evidence, ...]


# What a field says when it differs, and what a slip of the pen takes from its agreement.
_DIFFERS = {
    "given": -4.0, "family": -4.5, "organisation": -9.0, "birth": -6.0, "number": -2.5, "street": -3.5,
    "extra": -1.5, "city": -3.0, "postcode": -2.5, "region": -2.0,
}  # fmt: skip
_SLIP = 2.0
_CAP = {"number": 6.0, "extra": 10.0, "region": 2.5, "given": 9.0, "family": 12.0, "birth": 14.0}
_SHARED_PLACE = (40.0, 11.0, 3.0)  # bits at most, by how many of name, family and birth differ
_BORN_ALIKE = 12.0
_CONTACT = 16.0
_SHARED = 6.0


def compare(one: Profile, other: Profile, commonness: Commonness, least: float = 0.0) -> Comparison | None:
    """The same whichever of the two comes first; None where the score is sure to be below ``least``."""
    a, b = (one, other) if one.id <= other.id else (other, one)
    needed = commonness.prior + (log2(least / (1 - least)) if least else -1000.0)
    found = _names(a, b, commonness)
    if a.birth and b.birth:
        found.append(_birth(a.birth, b.birth, commonness))
    contacts = _contacts(a, b)
    most = _most_of_place(found)
    bits = _bits(found) + _bits(contacts)
    if bits + (most if a.places and b.places else 0) < needed:
        return None
    if a.places and b.places:
        place = _believed(_place(a.places, b.places, commonness), most)
        found += place
        bits += _bits(place)
    if bits < needed:
        return None
    return Comparison(a.id, b.id, _likelihood(bits - commonness.prior), tuple(found + contacts))


def _bits(found: Iterable[Evidence]) -> float:
    return sum(item.bits for item in found)


def _likelihood(bits: float) -> float:
    return 1 / (1 + 2.0 ** -max(min(bits, 60.0), -60.0))


def _most_of_place(person: Sequence[Evidence]) -> float:
    """How much a shared address may say of these two: little of people with other names, since families, flats and
    colleagues share one. More where the day of birth agrees."""
    differ = sum(item.level == "differs" for item in person)
    born_alike = any(item.field == "birth" and item.level == "same" for item in person)
    return _SHARED_PLACE[min(differ, 2)] + (_BORN_ALIKE if born_alike else 0)


def _believed(place: list[Evidence], most: float) -> list[Evidence]:
    total = _bits(place)
    return place if total <= most else [item._replace(bits=item.bits * most / total) for item in place]


def _names(a: Profile, b: Profile, commonness: Commonness) -> list[Evidence]:
    if a.kind != "person":
        return _text("organisation", a.family, b.family, commonness)
    straight = [
        *_text("given", a.given, b.given, commonness),
        *_text("family", a.family, b.family, commonness),
    ]
    if a.given[:1] != b.family[:1] and a.family[:1] != b.given[:1]:
        return straight
    crossed = [
        Evidence(item.field, "swapped" if item.level == "same" else item.level, item.bits - 1.0)
        for item in (
            *_text("given", a.given, b.family, commonness),
            *_text("family", a.family, b.given, commonness),
        )
    ]
    return max(straight, crossed, key=_bits)


def _text(name: str, x: str, y: str, commonness: Commonness) -> list[Evidence]:
    if not x or not y:
        return []
    if x == y:
        return [Evidence(name, "same", min(commonness.bits(name, x), _CAP.get(name, 12.0)))]
    near = _nearness(x, y)
    if near:
        bits = min(commonness.bits(name, x, y), _CAP.get(name, 12.0)) - _SLIP / near
        return [Evidence(name, "close", bits)]
    return [Evidence(name, "differs", _DIFFERS[name])]


def _nearness(x: str, y: str) -> float:
    """1 for a slip of the pen, less for more of them, 0 for another word."""
    longest = max(len(x), len(y))
    if longest < 3:
        return 0.0
    slips = OSA.distance(x, y, score_cutoff=3)
    if slips == 1:
        return 1.0 if longest > 3 else 0.6
    if slips == 2 and longest > 5:
        return 0.6
    if slips == 3 and longest > 9:
        return 0.45
    shorter, longer = (x, y) if len(x) < len(y) else (y, x)
    if len(shorter) >= 4 and longer.startswith(shorter):
        return 0.6
    return 0.4 if JaroWinkler.similarity(x, y) >= 0.93 else 0.0


def _birth(x: date, y: date, commonness: Commonness) -> Evidence:
    if x == y:
        return Evidence("birth", "same", min(commonness.bits("birth", x), _CAP["birth"]))
    slips = OSA.distance(x.isoformat(), y.isoformat())
    exchanged = x.year == y.year and x.day == y.month and x.month == y.day
    if slips == 1 or exchanged:
        return Evidence("birth", "close", 7.0)
    if slips == 2:
        return Evidence("birth", "close", 1.0)
    return Evidence("birth", "differs", _DIFFERS["birth"])


def _place(ours: tuple[Place, ...], theirs: tuple[Place, ...], commonness: Commonness) -> list[Evidence]:
    """Of all their places the two that are most alike; people move, so places that differ say little together."""
    found = max(([*_at(x, y, commonness)] for x in ours for y in theirs), key=_bits)
    worst = -7.0
    total = sum(item.bits for item in found)
    if total >= worst:
        return found
    return [Evidence(item.field, item.level, item.bits * worst / total) for item in found]


def _at(x: Place, y: Place, commonness: Commonness) -> Iterator[Evidence]:
    if x.number and y.number:
        same = x.number == y.number
        near = not same and OSA.distance(x.number, y.number) == 1
        yield (
            Evidence("number", "same", min(commonness.bits("number", x.number), 6.0))
            if same
            else Evidence("number", "close" if near else "differs", 0.5 if near else _DIFFERS["number"])
        )
    lines = [*_text("street", x.street, y.street, commonness), *_text("extra", x.extra, y.extra, commonness)]
    if x.extra[:2] == y.street[:2] != "" or x.street[:2] == y.extra[:2] != "":
        crossed = [
            *_text("street", x.street, y.extra, commonness),
            *_text("extra", x.extra, y.street, commonness),
        ]
        lines = max(lines, [item._replace(bits=item.bits - 1) for item in crossed], key=_bits)
    yield from lines
    yield from _text("city", x.city, y.city, commonness)
    yield from _code(x.postcode, y.postcode, commonness)
    yield from _text("region", x.region, y.region, commonness)


def _code(x: str, y: str, commonness: Commonness) -> list[Evidence]:
    """Of postal codes a neighbour's is as near as a slip of the pen."""
    if x and y and x != y and OSA.distance(x, y) == 1:
        return [Evidence("postcode", "close", 1.5)]
    return (
        _text("postcode", x, y, commonness)
        if x == y or not (x and y)
        else [Evidence("postcode", "differs", -2.5)]
    )


def _contacts(a: Profile, b: Profile) -> list[Evidence]:
    found = []
    for name, ours, theirs in (("email", a.emails, b.emails), ("phone", a.phones, b.phones)):
        if ours & theirs:
            found.append(Evidence(name, "same", _CONTACT))
        elif ours and theirs:
            found.append(Evidence(name, "differs", -1.0))
    if a.shared & b.shared:
        found.append(Evidence("shared", "same", _SHARED))
    clash = [s for s, value in a.externals.items() if b.externals.get(s, value) != value]
    if clash:
        found.append(Evidence("external", "differs", -3.0))
    return found
