"""One vCard into one candidate."""

from __future__ import annotations

import re
from datetime import date

from patron.customers.normalise import PersonName, PostalAddress, clean, person_name
from patron.errors import Invalid
from patron.imports.candidates import Candidate, Kind
from patron.imports.dates import DateColumn
from patron.imports.values import (
    checked,
    read_address,
    read_emails,
    read_phones,
    read_tags,
    read_websites,
    shown_name,
)
from patron.imports.vcard import Card, Property

_KINDS: dict[str, Kind] = {"org": "organisation", "organization": "organisation", "group": "household"}
_USES = {
    "cell": "mobile",
    "mobile": "mobile",
    "iphone": "mobile",
    "fax": "fax",
    "work": "work",
    "home": "home",
}
_NO_CALL = frozenset({"x-skype", "x-msn"})


def card_candidate(card: Card, region: str, locale: str) -> Candidate:
    """The candidate of a sound card. Raises ``Refused``."""
    emails = read_emails(p.text for p in card.all("EMAIL") if p.text.strip())
    phones = read_phones(((_number(p), _use(p)) for p in card.all("TEL") if _number(p)), region)
    units = [clean(part) for part in card.all("ORG")[0].parts()] if card.all("ORG") else []
    organisation = units[0] if units else ""
    kind = _kind(card, organisation)
    person = None if kind == "organisation" else _person(card, locale)
    name = shown_name(kind, person, clean(card.text("FN")) or organisation, emails, phones)
    return Candidate(
        line=card.line,
        raw=(card.raw,),
        kind=kind,
        name=name,
        person=person if person is not None and person.full else None,
        external_id=card.text("UID"),
        emails=emails,
        phones=phones,
        addresses=tuple(filter(None, map(_address, card.all("ADR")))),
        websites=read_websites(p.text for p in card.all("URL") if p.text.strip()),
        organisation=organisation if kind != "organisation" and organisation != name else "",
        job_title=clean(card.text("TITLE") or card.text("ROLE")),
        birthday=checked("birthday", _birthday, card.text("BDAY")),
        language=card.text("LANG"),
        notes="\n".join(p.text.strip() for p in card.all("NOTE") if p.text.strip()),
        tags=read_tags(part for p in card.all("CATEGORIES") for part in p.parts(",")),
    )


def _kind(card: Card, organisation: str) -> Kind:
    stated = (card.text("KIND") or card.text("X-ADDRESSBOOKSERVER-KIND")).lower()
    if stated in _KINDS:
        return _KINDS[stated]
    company = card.text("X-ABSHOWAS").upper() == "COMPANY"
    named = any(part.strip() for p in card.all("N") for part in p.parts())
    unnamed = organisation and not named and card.text("FN") in ("", organisation)
    return "organisation" if company or unnamed else "person"


def _person(card: Card, locale: str) -> PersonName:
    full = clean(card.text("FN"))
    parts = [clean(part) for part in card.all("N")[0].parts()] if card.all("N") else []
    family, given, middle, prefix, suffix = (*parts[:5], "", "", "", "", "")[:5]
    if not family and not given:
        return person_name(full, locale=locale)
    shown = " ".join(p for p in (prefix, given, middle, family, suffix) if p)
    return PersonName(given, family, middle, prefix, suffix, full or shown)


def _number(found: Property) -> str:
    text = re.sub(r"^tel:", "", found.text.strip(), flags=re.IGNORECASE)
    return "" if found.types & _NO_CALL else re.sub(r";(?!ext=).*$", "", text)


def _use(found: Property) -> str:
    return next((use for word, use in _USES.items() if word in found.types), "")


def _address(found: Property) -> PostalAddress | None:
    box, extended, street, city, region, postcode, country = (*found.parts(), *[""] * 7)[:7]
    lines = [part for part in (street, extended, box) if part.strip()]
    if not any(part.strip() for part in (*lines, city, region, postcode, country)):
        return None
    return read_address("\n".join(lines), "", postcode, city, region, country)


def _birthday(text: str) -> date | None:
    """A full date; one without its year (``--0412``) is no birthday that can be kept."""
    if not text or text.startswith("--"):
        return None
    if re.fullmatch(r"\d{4}(-?\d{2})?", text):
        return None
    try:
        return DateColumn("ambiguous", "").parse(text)
    except Invalid:
        raise Invalid.field("birthday", f"“{text[:40]}” is not a date; write it like 1980-12-31.") from None
