"""When two descriptions of an end customer may mean the same one: pure functions over normalised values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patron import Invalid, normalise
from rapidfuzz import fuzz

LIKE = 80  # from here on a person should look
SAME = 95  # from here on it is the same end customer
_FREE_MAIL = frozenset(
    {
        "aol.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com",
        "icloud.com", "libero.it", "live.com", "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com",
        "proton.me", "protonmail.com", "qq.com", "t-online.de", "web.de", "yahoo.com", "yandex.ru", "163.com",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Description:
    """Who is meant, as it is compared. ``key`` is the name's matching key; everything but it may be empty."""

    key: str
    country: str = ""
    city: str = ""
    domain: str = ""
    email: str = ""
    phone: str = ""
    one_person: bool = False  # a person who has an address of a firm is not the firm


@dataclass(frozen=True)
class Likeness:
    """By which field two descriptions are alike, and how much, from 0 to 100."""

    field: str
    score: int


def domain_of(website: str, email: str) -> str:
    """The domain that stands for a firm: of its site, else of its address unless anybody can have one there."""
    site = website.strip().lower().partition("://")[2] or website.strip().lower()
    host = site.partition("/")[0].partition(":")[0].rpartition("@")[2].removeprefix("www.").strip(".")
    if "." not in host:
        host = email.rpartition("@")[2].lower().removeprefix("www.")
    return "" if host in _FREE_MAIL else host[:200]


def phone_of(raw: str, country: str) -> str:
    """The number as it is compared; empty when it is none."""
    try:
        return normalise.phone_number(raw, country) if raw else ""
    except Invalid:
        return ""


def compare(one: Description, other: Description) -> list[Likeness]:
    """What is alike, most alike first. The name counts less where country, city or domain speak against it."""
    found = []
    if one.domain and one.domain == other.domain:
        found.append(Likeness("domain", 75 if one.one_person or other.one_person else 100))
    if one.email and one.email == other.email:
        found.append(Likeness("email", 100))
    if one.phone and one.phone == other.phone:
        found.append(Likeness("phone", 90))
    name = _name_likeness(one, other)
    if name >= LIKE:
        found.append(Likeness("name", name))
    return sorted(found, key=lambda item: -item.score)


def is_same(alike: Sequence[Likeness]) -> bool:
    """Whether that much is alike that they are the same end customer."""
    return any(item.score >= SAME for item in alike)


def _name_likeness(one: Description, other: Description) -> int:
    if not one.key or not other.key:
        return 0
    together = fuzz.ratio(one.key.replace(" ", ""), other.key.replace(" ", ""))
    score = max(fuzz.token_sort_ratio(one.key, other.key), together)
    for mine, theirs, less in (
        (one.country, other.country, 15), (one.city, other.city, 6), (one.domain, other.domain, 10),
    ):  # fmt: skip
        if mine and theirs and mine != theirs:
            score -= less
    return max(0, round(score))
