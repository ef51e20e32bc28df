"""Whether two customers are one: evidence field by field, weighed and told.

The weights follow Fellegi and Sunter, “A Theory for Record Linkage” (Journal of the American Statistical
Association 64, 1969): a field speaks by the logarithm of how much more often it looks so in pairs that are one than
in pairs that are two. Agreement counts by how rare the value is (Winkler,
“Using the EM Algorithm for Weight Computation”, 2000).
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
    level: str  # same | slip (one letter) | close | swapped | differs
    bits: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both ids in order, how likely they are one (0 to 1), and why."""

    a: int
    b: int
    score: float
    evidence: tuple[Evidence, ...]

    @property
    def reasons(self) -> list[list[str]]:
        """Field and level of what counts at all, the weightiest first."""
        weighty = sorted(self.evidence, key=lambda item: -abs(item.bits))
        return [[item.field, item.level] for item in weighty if abs(item.bits) >= 1]


# What a field says when it differs, and what a slip of the pen takes from its agreement.
_DIFFERS = {
    "given": -4.0, "family": -4.5, "organisation": -9.0, "birth": -6.0, "number": -2.5, "street": -3.5,
    "extra": -1.5, "city": -3.0, "postcode": -2.5, "region": -2.0,
}  # fmt: skip
_SLIP = 2.0
_REPEATED = 0.35
_CAP = {"number": 6.0, "extra": 10.0, "region": 2.5, "given": 9.0, "family": 12.0, "birth": 14.0}
_BELIEVED = ((1.0, 40.0), (0.45, 11.0), (0.12, 3.0))  # by how many of name, family and birth differ
_CONTACT, _OTHER_CONTACT = 16.0, -2.0
_SHARED = 6.0


def compare(one: Profile, other: Profile, commonness: Commonness, least: float = 0.0) -> Comparison | None:
    """The same whichever of the two comes first; None where the score is sure to be below ``least``."""
    a, b = (one, other) if one.id <= other.id else (other, one)
    needed = commonness.prior + (log2(least / (1 - least)) if least else -1000.0)
    found = _names(a, b, commonness)
    if a.birth and b.birth:
        found.append(_birth(a.birth, b.birth, commonness))
    contacts = _contacts(a, b)
    part, most = _trust(found)
    bits = _bits(found) + _bits(contacts)
    if bits + (most if a.places and b.places else 0) < needed:
        return None
    if a.places and b.places:
        place = _believed(_place(a.places, b.places, commonness), part, most)
        found += place
        bits += _bits(place)
    if bits < needed:
        return None
    return Comparison(a.id, b.id, _likelihood(bits - commonness.prior), tuple(found + contacts))


def _bits(found: Iterable[Evidence]) -> float:
    return sum(item.bits for item in found)


def _likelihood(bits: float) -> float:
    return float(1 / (1 + 2.0 ** -max(min(bits, 60.0), -60.0)))


def _trust(person: Sequence[Evidence]) -> tuple[float, float]:
    """Which part of what a shared address says is to be believed, and how many bits at most: little of people with
    other names, since families, flats and colleagues share one; more where the day of birth agrees."""
    differ = min(sum(item.level == "differs" for item in person), 2)
    part, most = _BELIEVED[differ]
    if differ and any(item.field == "birth" and item.level == "same" for item in person):
        return part + 0.4, most + 12.0
    return part, most


def _believed(place: list[Evidence], part: float, most: float) -> list[Evidence]:
    total = _bits(place)
    if total <= 0 or part == 1:
        return place
    share = min(total * part, most) / total
    return [item._replace(bits=item.bits * share) for item in place]


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
        Evidence(name, "swapped" if item.level == "same" else item.level, item.bits - 1.0)
        for name, x, y in (("given", a.given, b.family), ("family", a.family, b.given))
        for item in _least_of(x, y, commonness)
    ]
    return max(straight, crossed, key=_bits)


def _least_of(x: str, y: str, commonness: Commonness) -> list[Evidence]:
    """A given and a family name beside each other: by which of the two it says less."""
    return min((_text(name, x, y, commonness) for name in ("given", "family")), key=_bits)


def _text(name: str, x: str, y: str, commonness: Commonness) -> list[Evidence]:
    if not x or not y:
        return []
    if x == y:
        return [Evidence(name, "same", min(commonness.bits(name, x), _CAP.get(name, 12.0)))]
    lost = _lost(x, y)
    if lost is None:
        return [Evidence(name, "differs", _DIFFERS[name])]
    bits = min(commonness.bits(name, x, y), _CAP.get(name, 12.0)) - lost
    return [Evidence(name, "slip" if lost == _SLIP else "close", max(bits, _DIFFERS[name]))]


def _lost(x: str, y: str) -> float | None:
    """Bits that are lost when a word is not quite the same: few for a slip of the pen, more for more; None when it is
    another word."""
    longest = max(len(x), len(y))
    if longest < 3:
        return None
    slips = OSA.distance(x, y, score_cutoff=3)
    if slips == 1:
        return _SLIP if longest > 3 else 2 * _SLIP
    if slips <= 3 and longest > 3 * slips - 1:
        return 2 * _SLIP
    shorter, longer = (x, y) if len(x) < len(y) else (y, x)
    if len(shorter) >= 4 and longer.startswith(shorter):
        return 2 * _SLIP
    return 3 * _SLIP if JaroWinkler.similarity(x, y) >= 0.93 else None


def _birth(x: date, y: date, commonness: Commonness) -> Evidence:
    if x == y:
        return Evidence("birth", "same", min(commonness.bits("birth", x), _CAP["birth"]))
    slips = OSA.distance(x.isoformat(), y.isoformat())
    exchanged = x.year == y.year and x.day == y.month and x.month == y.day
    if slips == 1 or exchanged:
        return Evidence("birth", "close", 7.0)
    if slips == 2:
        return Evidence("birth", "close", -1.0)
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
        yield _number(x.number, y.number, commonness)
    lines = [*_text("street", x.street, y.street, commonness), *_text("extra", x.extra, y.extra, commonness)]
    if x.extra[:2] == y.street[:2] != "" or x.street[:2] == y.extra[:2] != "":
        crossed = [
            *_text("street", x.street, y.extra, commonness),
            *_text("extra", x.extra, y.street, commonness),
        ]
        lines = max(lines, [item._replace(bits=item.bits - 1) for item in crossed], key=_bits)
    yield from lines
    yield from _town(x, y, commonness)


def _number(x: str, y: str, commonness: Commonness) -> Evidence:
    if x == y:
        return Evidence("number", "same", min(commonness.bits("number", x), _CAP["number"]))
    if OSA.distance(x, y) == 1:
        return Evidence("number", "close", 0.5)
    return Evidence("number", "differs", _DIFFERS["number"])


def _town(x: Place, y: Place, commonness: Commonness) -> list[Evidence]:
    """City, postal code and region say nearly the same: what agrees beside the one that says most counts little."""
    found = [
        *_text("city", x.city, y.city, commonness),
        *_code(x.postcode, y.postcode, commonness),
        *_text("region", x.region, y.region, commonness),
    ]
    most = max(found, key=lambda item: item.bits, default=None)
    return [
        item if item is most or item.bits < 0 else item._replace(bits=item.bits * _REPEATED) for item in found
    ]


def _code(x: str, y: str, commonness: Commonness) -> list[Evidence]:
    """Of codes a neighbour's is as near as a slip of the pen."""
    if x and y and x != y:
        near = OSA.distance(x, y) == 1
        return [Evidence("postcode", "close" if near else "differs", 1.0 if near else _DIFFERS["postcode"])]
    return _text("postcode", x, y, commonness)


def _contacts(a: Profile, b: Profile) -> list[Evidence]:
    found = []
    for name, ours, theirs in (("email", a.emails, b.emails), ("phone", a.phones, b.phones)):
        if ours & theirs:
            found.append(Evidence(name, "same", _CONTACT))
        elif ours and theirs:
            found.append(Evidence(name, "differs", _OTHER_CONTACT))
    if a.shared & b.shared:
        found.append(Evidence("shared", "same", _SHARED))
    return found
