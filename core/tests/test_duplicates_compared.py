"""How well duplicates are found: made-up people with slips, swaps, gaps and moves, and those who are truly two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patron.duplicates.blocking import pairs
from patron.duplicates.commonness import Commonness
from patron.duplicates.comparing import Comparison, compare
from patron.duplicates.profile import Place, Profile, letters, name_parts, place_of
from patron.duplicates.saying import reason
from patron.duplicates.scanning import LEAST

SYLLABLES = (
    "ma",
    "re",
    "lo",
    "ti",
    "an",
    "ber",
    "kel",
    "san",
    "dro",
    "vi",
    "ne",
    "fur",
    "gal",
    "hol",
    "jas",
    "wen",
)
TOWNS = 120


@dataclass(frozen=True)
class Person:
    """As somebody typed them in."""

    given: str
    family: str
    birth: date
    number: str
    street: str
    extra: str
    city: str
    postcode: str


def word(numbers: Random, least: int = 2) -> str:
    return "".join(numbers.choice(SYLLABLES) for _ in range(numbers.randint(least, 4)))


def people(numbers: Random, many: int) -> list[Person]:
    given, family = [word(numbers) for _ in range(150)], [word(numbers) for _ in range(900)]
    towns = [(word(numbers, 3), str(numbers.randint(1000, 9999))) for _ in range(TOWNS)]
    streets = [f"{word(numbers)} street" for _ in range(1200)]
    made = []
    for _ in range(many):
        city, postcode = numbers.choice(towns)
        born = date(1930, 1, 1) + timedelta(days=numbers.randrange(28_000))
        made.append(
            Person(
                given[int(numbers.triangular(0, 150, 0))], family[int(numbers.triangular(0, 900, 0))], born,
                str(numbers.randint(1, 180)), numbers.choice(streets),
                word(numbers) if numbers.random() < 0.5 else "", city, postcode,
            )
        )  # fmt: skip
    return made


def mistyped(numbers: Random, person: Person) -> Person:
    """The same person once more, with one to four mistakes."""
    for _ in range(numbers.randint(1, 4)):
        name = numbers.choice(
            ("given", "family", "number", "street", "extra", "city", "postcode", "swap", "birth")
        )
        if name == "swap":
            person = replace(person, given=person.family, family=person.given)
        elif name == "birth":
            person = replace(person, birth=person.birth.replace(day=1 + (person.birth.day + 9) % 28))
        else:
            person = replace(person, **{name: slip(numbers, getattr(person, name))})
    return person


def slip(numbers: Random, text: str) -> str:
    if not text or numbers.random() < 0.08:
        return ""
    place = numbers.randrange(len(text))
    letter = numbers.choice("0123456789" if text[place].isdigit() else "aeionrst")
    kind = numbers.random()
    if kind < 0.35:
        return text[:place] + letter + text[place + 1 :]
    if kind < 0.6:
        return text[:place] + text[place + 1 :]
    if kind < 0.8:
        return text[:place] + letter + text[place:]
    return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]


def profile(number: int, person: Person, *, born: bool = True) -> Profile:
    given_name, family = name_parts("person", "", person.given, person.family)
    place = place_of(
        {"line1": f"{person.number} {person.street}", "line2": person.extra, "city": person.city,
         "postcode": person.postcode}
    )  # fmt: skip
    return Profile(number, "person", given_name, family, person.birth if born else None, (place,))


def found_among(profiles: Mapping[int, Profile]) -> list[Comparison]:
    known = Commonness()
    known.count(profiles.values())
    compared = (compare(one, other, known, LEAST) for one, other in pairs(profiles))
    return [pair for pair in compared if pair is not None]


@pytest.mark.parametrize(("born", "precision", "recall"), [(True, 0.99, 0.98), (False, 0.97, 0.92)])
def test_nearly_all_are_found_and_hardly_any_wrongly(born: bool, precision: float, recall: float) -> None:
    numbers = Random(20)
    once = people(numbers, 3000)
    twice = [mistyped(numbers, person) for person in once[:800]]
    profiles = {
        number: profile(number, person, born=born) for number, person in enumerate([*once, *twice], 1)
    }
    true = {(number, 3000 + number) for number in range(1, 801)}
    found = {(pair.a, pair.b) for pair in found_among(profiles)}
    assert len(found & true) / len(found) >= precision
    assert len(found & true) / len(true) >= recall


def test_families_and_colleagues_are_not_one() -> None:
    """The same address, and at most the name in common: two, where the day of birth tells them apart."""
    numbers = Random(8)
    once = people(numbers, 2000)
    others = people(numbers, 200)
    family = [replace(p, given=o.given, birth=o.birth) for p, o in zip(once, others[:100], strict=False)]
    colleagues = [
        replace(p, given=o.given, family=o.family, birth=o.birth)
        for p, o in zip(once[100:], others[100:], strict=False)
    ]
    profiles = {n: profile(n, person) for n, person in enumerate([*once, *family, *colleagues], 1)}
    beside = [pair for pair in found_among(profiles) if pair.b > 2000]
    assert len(beside) <= 10, [(pair.score, pair.reasons) for pair in beside]


def test_a_rare_name_says_more_than_a_common_one() -> None:
    known = Commonness()
    known.count([profile(n, p) for n, p in enumerate(people(Random(1), 2000), 1)])
    known.counts["family"]["smith"] = 200
    known.counts["family"]["zwaanshoek"] = 1
    common, rare = (
        [Profile(n, "person", "anna", name, None, (Place(city="bern"),)) for n in (1, 2)]
        for name in ("smith", "zwaanshoek")
    )
    scores = [compare(*two, known) for two in (common, rare)]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[0].score < scores[1].score


def test_why_is_said_in_words() -> None:
    one = Profile(1, "person", "anna", "miller", date(1980, 3, 1), phones=frozenset({"+41441234567"}))
    other = replace(one, id=2, family="muller", birth=None)
    pair = compare(other, one, Commonness())
    assert pair is not None
    assert (pair.a, pair.b) == (1, 2)
    said = [reason(field, level) for field, level in pair.reasons]
    assert said == ["same phone number", "family name one letter apart", "same given name"]


NAMES = st.text("abcdeé -", max_size=8)
PLACES = st.builds(Place, number=st.sampled_from(["", "1", "12"]), street=NAMES, city=NAMES, postcode=NAMES)


def made(number: int) -> st.SearchStrategy[Profile]:
    return st.builds(
        Profile, st.just(number), st.just("person"), NAMES.map(letters), NAMES.map(letters),
        st.none() | st.dates(), st.lists(PLACES, max_size=2).map(tuple),
        st.frozensets(st.sampled_from(["a@b.example", "c@d.example"])),
    )  # fmt: skip


@given(made(1), made(2), st.lists(made(3), max_size=3))
def test_it_does_not_matter_who_comes_first(one: Profile, other: Profile, base: Sequence[Profile]) -> None:
    known = Commonness()
    known.count([one, other, *base])
    swapped = replace(other, id=1), replace(one, id=2)
    there, back, turned = compare(one, other, known), compare(other, one, known), compare(*swapped, known)
    assert there == back
    assert there is not None
    assert turned is not None
    assert turned.score == pytest.approx(there.score)
    assert 0 <= there.score <= 1
    low = compare(one, other, known, 0.3)
    assert (low is not None) == (there.score >= 0.3)
    least = {(a.id, b.id) for a, b in pairs({1: one, 2: other})}
    assert len(least) <= 1
