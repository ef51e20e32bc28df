"""Which pairs are compared at all: those that share one of several keys, each made of other parts than the next.

What shares no key is never found, so the keys bound how many are found at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from patron.duplicates.profile import Place, Profile

LARGEST = 60
"""Customers that may share a key; a key that more share says too little, and those that are one share another."""
_CODES = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556", "aeiouyhw")


def sound(text: str) -> str:
    """How a word is heard, roughly: its first letter and the groups of its next consonants (after Soundex)."""
    if not text:
        return ""
    code = text[1:].translate(_CODES)
    kept = [c for place, c in enumerate(code) if place == 0 or code[place - 1] != c]
    return text[0] + "".join(kept)[:4]


def _keys(one: Profile) -> Iterator[str]:
    yield from (f"@{value}" for value in one.emails | one.shared)
    yield from (f"#{value}" for value in one.phones)
    yield from _organisation_keys(one) if one.kind != "person" else _person_keys(one)
    for place in one.places:
        yield from _place_keys(one.given, one.family, place)


def _organisation_keys(one: Profile) -> Iterator[str]:
    yield f"o{one.family[:6]}"
    yield f"p{one.family[-6:]}"
    yield f"q{sound(one.family)}"


def _person_keys(one: Profile) -> Iterator[str]:
    given, family, birth = one.given, one.family, one.birth
    if family:
        yield f"f{family}"
        yield f"r{family[-4:]}{given[:1]}"
    if given and family:
        yield f"n{min(given, family)[:4]} {max(given, family)[:4]}"
        first, last = sorted((sound(given), sound(family)))
        yield f"s{first} {last}"
    if birth:
        yield f"b{birth.isoformat()}"
        for name, word in (("g", given), ("h", family)):
            if word:
                yield f"1{name}{birth.year}{birth.month}{word[:2]}"
                yield f"2{name}{birth.year}{birth.day}{word[:2]}"
                yield f"3{name}{birth:%m%d}{word[:2]}"
                yield f"4{name}{birth.year}{word[:4]}"


def _place_keys(given: str, family: str, place: Place) -> Iterator[str]:
    """Each two parts of an address, and each part with the beginning of a name."""
    parts = {
        "n": place.number, "s": place.street[:5], "t": place.street[-9:-4], "e": place.extra[:5],
        "c": place.city[:5], "p": place.postcode,
    }  # fmt: skip
    said = {name: part for name, part in parts.items() if part}
    for name, part in said.items():
        for other, more in said.items():
            if name < other:
                yield f"{name}{other}{part} {more}"
        if given:
            yield f"g{name}{part} {given[:3]}"
        if family:
            yield f"f{name}{part} {family[:3]}"


def pairs(profiles: Mapping[int, Profile]) -> Iterator[tuple[Profile, Profile]]:
    """Each pair that shares a key, once."""
    shared: dict[str, list[int]] = {}
    for one in profiles.values():
        for key in set(_keys(one)):
            shared.setdefault(one.kind[:1] + key, []).append(one.id)
    blocks = {key: ids for key, ids in shared.items() if 1 < len(ids) <= LARGEST}
    del shared
    mine: dict[int, list[str]] = {}
    for key, ids in blocks.items():
        for identity in ids:
            mine.setdefault(identity, []).append(key)
    known = {identity: frozenset(keys) for identity, keys in mine.items()}
    for key, ids in blocks.items():
        for place, a in enumerate(ids):
            for b in ids[place + 1 :]:
                if key == min(known[a] & known[b]):
                    yield profiles[a], profiles[b]
