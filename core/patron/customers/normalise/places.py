"""Postal addresses: light cleaning and the order in which a country writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

from patron.customers.normalise.text import clean, fold
from patron.errors import Invalid

_ALIASES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "united states of america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "grossbritannien": "GB",
    "grande-bretagne": "GB",
    "gran bretana": "GB",
    "inglaterra": "GB",
    "angleterre": "GB",
    "holland": "NL",
    "brd": "DE",
    "bundesrepublik deutschland": "DE",
    "federal republic of germany": "DE",
    "czech republic": "CZ",
    "tschechische republik": "CZ",
    "republique tcheque": "CZ",
    "republica checa": "CZ",
    "eire": "IE",
    "republic of ireland": "IE",
    "uae": "AE",
    "vae": "AE",
    "russian federation": "RU",
    "korea": "KR",
    "south korea": "KR",
    "viet nam": "VN",
    "turkey": "TR",
    "macedonia": "MK",
    "d": "DE",
    "a": "AT",
    "f": "FR",
    "i": "IT",
    "e": "ES",
    "osterreich": "AT",
    "eeuu": "US",
    "ee.uu.": "US",
    "ee. uu.": "US",
    "etats-unis d'amerique": "US",
    "estados unidos de america": "US",
    "vereinigte staaten von amerika": "US",
    "mejico": "MX",
    "suisse": "CH",
    "svizzera": "CH",
    "belgie": "BE",
    "italia": "IT",
    "sverige": "SE",
    "norge": "NO",
    "danmark": "DK",
    "polska": "PL",
    "suomi": "FI",
    "brasil": "BR",
    "nippon": "JP",
}
_CITY_FIRST = frozenset(
    {"US", "CA", "AU", "GB", "IE", "NZ", "IN", "ZA", "SG", "HK", "KR", "TH", "ID", "PH", "PK"}
)
_REGION_BEHIND_CITY = frozenset({"US", "CA", "AU"})
_POSTCODE_LAST_LINE = frozenset({"GB", "UA", "RU", "CO"})
_LARGE_TO_SMALL = frozenset({"JP", "CN", "TW", "KR"})
_POSTCODE_COUNTRY = re.compile(r"^([A-Z]{1,3})\s*-\s*(?=\d)")


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """``country`` is ISO 3166 alpha-2 or ``""``; every other part is one cleaned line or ``""``."""

    line1: str = ""
    line2: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


def postal_address(raw: Mapping[str, str], default_country: str = "") -> PostalAddress:
    """Clean the parts ``line1, line2, postcode, city, region, country`` of ``raw``; others are not read.

    Street text in several lines is divided over both lines; "D-10115" gives postcode and country. Raises
    ``Invalid`` for a country that no list knows.
    """
    lines = [clean(t) for key in ("line1", "line2") for t in raw.get(key, "").splitlines()]
    lines = [line for line in lines if line]
    postcode = clean(raw.get("postcode", "")).upper()
    country = country_code(raw.get("country", ""))
    if found := _POSTCODE_COUNTRY.match(postcode):
        written = _countries().get(found[1].lower())
        if written and country in ("", written):
            country, postcode = written, postcode[found.end() :]
    return PostalAddress(
        line1=lines[0] if lines else "",
        line2=", ".join(lines[1:]),
        postcode=postcode,
        city=clean(raw.get("city", "")),
        region=clean(raw.get("region", "")),
        country=country or default_country.upper(),
    )


def country_code(text: str) -> str:
    """ISO alpha-2 of a country named in English, German, French, Spanish or its own language, or by its code.

    ``""`` stays ``""``; a name that is not known raises ``Invalid``.
    """
    key = fold(text)
    if not key:
        return ""
    countries = _countries()
    code = (
        countries.get(key)
        or countries.get(key.rstrip("."))
        or countries.get(re.sub(r"^(the|la|el|les?) ", "", key))
    )
    if code is None:
        raise Invalid.field(
            "country", f"“{text.strip()[:60]}” is not a country; use its name or its two-letter code."
        )
    return code


@cache
def _countries() -> Mapping[str, str]:
    known = (str(code) for code in Locale("en").territories)
    codes = [c for c in known if len(c) == 2 and c.isalpha() and c not in ("ZZ", "EU", "EZ", "UN")]
    found: dict[str, str] = {}
    for language in ("es", "fr", "de", "en"):
        names = Locale(language).territories
        found |= {fold(str(names[c])): c for c in codes if c in names}
    for alias, replaced in get_global("territory_aliases").items():
        code = str(alias)
        if len(code) == 3 and code.isalpha() and len(replaced[0]) == 2:
            found.setdefault(code.lower(), replaced[0])
    return found | {c.lower(): c for c in codes} | _ALIASES


def format_address(address: PostalAddress, home: str = "", language: str = "en") -> list[str]:
    """The lines of an address as its country writes them; the country's name last, unless it is ``home``."""
    country = address.country.upper()
    street = [line for line in (address.line1, address.line2) if line]
    name = country_name(country, language).upper() if country and country != home else ""
    if country in _LARGE_TO_SMALL and country != "KR":
        lines = [address.postcode, f"{address.region}{address.city}", *street]
    else:
        lines = [*street, *_town(address, country)]
    return [line for line in (*lines, name) if line]


@lru_cache(maxsize=1024)
def country_name(country: str, language: str) -> str:
    """``DE`` as “Germany”, in a language such as ``en`` or ``pt-BR``; what is no code stays as it is."""
    return str(Locale.parse(language.replace("-", "_")).territories.get(country.upper(), country))


def _town(address: PostalAddress, country: str) -> list[str]:
    city, region, postcode = address.city, address.region, address.postcode
    if country in _REGION_BEHIND_CITY:
        comma = "" if country == "AU" else ","
        return [" ".join(p for p in (f"{city}{comma}" if city and region else city, region, postcode) if p)]
    if country in _POSTCODE_LAST_LINE:
        return [city, region, postcode]
    if country == "BR":
        return [" - ".join(p for p in (city, region) if p), postcode]
    if country == "IT" and region and len(region) == 2:
        return [" ".join(p for p in (postcode, city, f"({region.upper()})") if p)]
    if country in _CITY_FIRST:
        return [" ".join(p for p in (city, postcode) if p), region]
    return [" ".join(p for p in (postcode, city) if p), region]
