"""When two descriptions mean the same end customer."""

from __future__ import annotations

import pytest
from patron import normalise
from patron_prm.services.matching import LIKE, SAME, Description, compare, domain_of, is_same


def described(name: str, **more: str) -> Description:
    return Description(normalise.organisation_key(name), **more)


@pytest.mark.parametrize(
    ("website", "email", "domain"),
    [
        ("https://www.Acme.de/shop", "", "acme.de"),
        ("acme.de", "x@other.de", "acme.de"),
        ("", "ada@acme.de", "acme.de"),
        ("", "ada@gmail.com", ""),
        ("gmx.de", "", ""),
        ("not a site", "", ""),
    ],
)
def test_the_domain_that_stands_for_a_firm(website: str, email: str, domain: str) -> None:
    assert domain_of(website, email) == domain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lighthouse Ltd", "Lighthouse GmbH"),
        ("Lighthouse Optics", "Light-House Optics AG"),
        ("Müller Bau", "Muller Bau"),
    ],
)
def test_the_same_name_is_the_same(one: str, other: str) -> None:
    assert is_same(compare(described(one), described(other)))


def test_a_typing_error_is_alike_and_another_name_is_not() -> None:
    [alike] = compare(described("Lighthouse Optics"), described("Lighthuose Optics"))
    assert alike.score >= LIKE
    assert compare(described("Lighthouse Optics"), described("Harbour Foods")) == []


def test_what_speaks_against_a_name_counts() -> None:
    one = described("Lighthouse", country="DE", domain="lighthouse.de")
    other = described("Lighthouse", country="FR", domain="lighthouse.fr")
    assert not is_same(compare(one, other))


def test_one_who_works_at_a_domain_is_not_the_firm() -> None:
    firm = described("Acme", domain="acme.de")
    assert is_same(compare(firm, described("Other", domain="acme.de")))
    person = Description("ada lovelace", domain="acme.de", one_person=True)
    [alike] = compare(firm, person)
    assert alike.score < SAME
