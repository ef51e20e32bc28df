"""What of a customer is compared: every part folded once, so that a pair costs only the comparing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from patron.customers.normalise import fold, organisation_key

_NUMBER = re.compile(r"\d+")
_NOT_WORD = re.compile(r"[\W_]+")
_STREET = re.compile(
    r"\b(?:street|str|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|place|pl|close|crescent|circuit|way|square|"
    r"rue|boulevard|bd|allee|chemin|calle|avenida|paseo|plaza|via|viale|piazza|weg|platz|gasse)\b|(?<=\w{3})str(?:asse|\b)"
)
"""What streets are called in general: that two are one says nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address in parts: the house number, the street without it, the rest of the lines, and the town."""

    number: str = ""
    street: str = ""
    extra: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer to compare. Of an organisation ``family`` holds its name without legal form, ``given`` nothing."""

    id: int
    kind: str
    given: str = ""
    family: str = ""
    birth: date | None = None
    places: tuple[Place, ...] = ()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    """Addresses and numbers that stand for a place or a role, not for one person."""


def letters(text: str) -> str:
    """Letters and digits alone, folded: what a slip of the space bar leaves the same."""
    return _NOT_WORD.sub("", fold(text))


def name_parts(kind: str, name: str, given: str, family: str) -> tuple[str, str]:
    """Given and family name to compare; a person named in one line is compared by its first and its other words."""
    if kind != "person":
        return "", letters(organisation_key(name))
    if not (given or family):
        given, _, family = name.partition(" ")
    return letters(given), letters(family)


def place_of(parts: Mapping[str, str]) -> Place:
    """The parts of a postal contact point (line1, line2, postcode, city, region) to compare."""
    line = parts.get("line1", "")
    numbers = _NUMBER.findall(line)
    return Place(
        number=numbers[0] if line[:1].isdigit() else numbers[-1] if numbers else "",
        street=_street(_NUMBER.sub("", line)),
        extra=letters(parts.get("line2", "")),
        city=letters(parts.get("city", "")),
        postcode=letters(parts.get("postcode", "")),
        region=letters(parts.get("region", "")),
    )


def _street(text: str) -> str:
    """The street's own name, as far as it has one beside “street” and the like."""
    folded = fold(text)
    return letters(_STREET.sub(" ", folded)) or letters(folded)


def places_of(addresses: Sequence[Mapping[str, str]]) -> tuple[Place, ...]:
    """The different places among these addresses, in their order."""
    return tuple(dict.fromkeys(place_of(parts) for parts in addresses))
