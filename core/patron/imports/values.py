"""Cells into values: what rows and cards have in common. A refusal becomes ``Rejected`` in ``records``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from patron.customers.normalise import (
    EmailAddress,
    PersonName,
    PostalAddress,
    email_address,
    fold,
    phone_number,
    postal_address,
    web_address,
)
from patron.errors import Invalid
from patron.imports.candidates import Kind, Phone

T = TypeVar("T")

_LEGAL_FORM = re.compile(
    r"\b(?:g?gmbh|mbh|ltda?|limited|inc|incorporated|llc|llp|plc|corp|corporation|company|sarl|sasu?|eurl|kgaa|ohg|oy"
    r"|pty|pvt|s\.r\.l|s\.r\.o|sp\. z o\.?\s?o)(?=[\W_]|$)",
    re.IGNORECASE,
)
_SHORT_FORM = re.compile(
    r"(?<=\s)(?:AG|KG|UG|SE|SA|SL|AB|AS|A/S|ASA|BV|NV|SPA|SRL|EG|GBR|GbR|eG|eK|KFT|DOO)(?=[\W_]|$)"
)
# Initials look alike: "Miller, S. A." and "S. L. Jackson" are persons.
_DOTTED_FORM = re.compile(
    r"(?<=[\w.,)]\s)(?:S\.A\.?|S\.L\.?|S\.p\.A\.?|B\.V\.?|N\.V\.?|e\.V\.?)$"
    r"|(?<=[\w)]\s)(?:S\. A\.|S\. L\.|S\. p\. A\.|e\. V\.)$",
    re.IGNORECASE,
)
_EMAIL_BREAK = re.compile(r"\s*:::\s*|[;,|\s]+(?=[^@;,|\s<>\"]+@)|[;|\n]+")
_PHONE_BREAK = re.compile(r"\s*:::\s*|\s*[;|\n,]\s*|\s+(?:or|oder|ou|o)\s+")
_TAG_BREAK = re.compile(r"\s*[;,|\n]\s*|\s*:::\s*")
_ADDRESS_PARTS = ("line1", "line2", "postcode", "city", "region", "country")
_BREAKS = frozenset("\n;,| ")
_KIND_TEXT: dict[Kind, str] = {
    "person": "person individual private privat privatperson particulier particular persona personne contact "
    "kontakt b2c consumer",
    "organisation": "organisation organization org company firma unternehmen business entreprise societe "
    "empresa organizacion account b2b professionnel geschaftskunde verein",
    "household": "household family haushalt familie menage foyer hogar familia",
}
_KINDS: dict[str, Kind] = {word: kind for kind, words in _KIND_TEXT.items() for word in words.split()}


class Refused(Exception):
    """A value that makes its row unusable; ``field`` is the import field, ``reason`` says what to do."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def checked(field: str, read: Callable[[str], T], text: str) -> T:
    """``read(text)``, its ``Invalid`` turned into the refusal of ``field``."""
    try:
        return read(text)
    except Invalid as refusal:
        raise Refused(field, refusal.detail) from None


def read_kind(text: str) -> Kind | None:
    """The kind that a word names in one of four languages; ``None`` for no word, refused when unknown."""
    if not text:
        return None
    kind = _KINDS.get(fold(text))
    if kind is None:
        raise Refused(
            "kind", f"“{text[:40]}” is no kind of customer; write person, organisation or household."
        )
    return kind


def is_kind(text: str) -> bool:
    """Whether ``read_kind`` would know the word."""
    return fold(text) in _KINDS


def names_organisation(name: str) -> bool:
    """Whether a name carries a legal form; short ones count in capitals or with dots only (S.A., but Sá)."""
    return any(form.search(name) for form in (_LEGAL_FORM, _SHORT_FORM, _DOTTED_FORM))


def read_emails(cells: Iterable[str]) -> tuple[EmailAddress, ...]:
    """Every address of the cells once, in order; a cell may hold several."""
    found: dict[str, EmailAddress] = {}
    for cell in cells:
        for piece in [cell] if _BREAKS.isdisjoint(cell) else _EMAIL_BREAK.split(cell):
            if piece.strip():
                address = checked("email", email_address, piece)
                found.setdefault(address.normalised, address)
    return tuple(found.values())


def read_phones(cells: Iterable[tuple[str, str]], region: str) -> tuple[Phone, ...]:
    """Every number of the (cell, use) pairs once, in order; a cell may hold several."""
    found: dict[str, Phone] = {}
    for cell, use in cells:
        for number in _numbers(cell, region, "fax" if use == "fax" else "phone"):
            found.setdefault(number, Phone(number, use))
    return tuple(found.values())


def _numbers(cell: str, region: str, field: str) -> list[str]:
    try:
        return [phone_number(cell, region)]
    except Invalid as whole:
        pieces = [piece for piece in _PHONE_BREAK.split(cell) if piece]
        if len(pieces) < 2:
            raise Refused(field, whole.detail) from None
    return [checked(field, lambda piece: phone_number(piece, region), piece) for piece in pieces]


def read_websites(cells: Iterable[str]) -> tuple[str, ...]:
    """Every web address of the cells once."""
    return tuple(dict.fromkeys(checked("website", web_address, cell) for cell in cells))


def read_tags(cells: Iterable[str]) -> tuple[str, ...]:
    """Every tag once, as written, in order."""
    return tuple(dict.fromkeys(tag for cell in cells for tag in _TAG_BREAK.split(cell) if tag))


def read_address(
    line1: str, line2: str, postcode: str, city: str, region: str, country: str
) -> PostalAddress:
    """A cleaned postal address; an unknown country is refused."""
    raw = {
        "line1": line1,
        "line2": line2,
        "postcode": postcode,
        "city": city,
        "region": region,
        "country": country,
    }
    return checked("country", lambda _: postal_address(raw), "")


def shown_name(
    kind: Kind,
    person: PersonName | None,
    organisation: str,
    emails: tuple[EmailAddress, ...],
    phones: tuple[Phone, ...],
) -> str:
    """What the customer is called: name, else organisation, else the first address or number; refused without
    any.
    """
    name = person.full if person is not None and kind != "organisation" else organisation
    name = (
        name or organisation or (emails[0].display if emails else "") or (phones[0].number if phones else "")
    )
    if not name:
        raise Refused("name", "The row has neither name nor organisation, e-mail or phone; add one of them.")
    return name
