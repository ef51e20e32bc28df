"""Phone numbers in E.164.

``phonenumbers`` decides; most numbers of an import are plain, and for these its own metadata (country code,
national prefix, possible lengths) gives the same answer at a fraction of the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, ValidationResult

from patron.errors import Invalid

_PLAIN = re.compile(r"\+?[0-9 ()/.-]+")
_SEPARATORS = str.maketrans("", "", " ()/.-")
_SPREADSHEET = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
_LONGEST = 17
_PARSE_FAULTS = {
    NumberParseException.INVALID_COUNTRY_CODE: "it has no known country code; write it like +49 30 123456",
    NumberParseException.NOT_A_NUMBER: "it is not a phone number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "it is too short",
    NumberParseException.TOO_SHORT_NSN: "it is too short",
    NumberParseException.TOO_LONG: "it is too long",
}
_LENGTH_FAULTS = {
    ValidationResult.TOO_SHORT: "it is too short",
    ValidationResult.TOO_LONG: "it is too long",
    ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "its area code is missing",
    ValidationResult.INVALID_LENGTH: "no number of its country has that many digits",
}


def phone_number(raw: str, region: str = "") -> str:
    """The number in E.164 (``+493012345``), with ``;ext=12`` behind it when it has an extension.

    ``region`` is the ISO 3166 country whose dialling rules a number without ``+`` follows; without it such a
    number is refused. Raises ``Invalid`` with the reason. A number need be possible, not in service.
    """
    return quick_number(raw, region) or _parsed_number(raw.strip(), region)


@lru_cache(maxsize=4096)
def readable_number(stored: str) -> str:
    """A number in E.164 grouped as its country does it; what does not parse comes back unchanged."""
    try:
        number = phonenumbers.parse(stored.replace(";ext=", " ext. "))
    except NumberParseException:
        return stored
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def _parsed_number(text: str, region: str) -> str:
    if _SPREADSHEET.fullmatch(text):
        raise _refused(text, "a spreadsheet has rounded it; export the column as text")
    try:
        number = phonenumbers.parse(text, region.upper() or None)
    except NumberParseException as fault:
        raise _refused(text, _PARSE_FAULTS.get(fault.error_type, "it is not a phone number")) from None
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != ValidationResult.IS_POSSIBLE:
        raise _refused(text, _LENGTH_FAULTS.get(length, "it is not a phone number"))
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


def _refused(text: str, reason: str) -> Invalid:
    return Invalid.field(
        "phone", f"“{text[:40]}” cannot be called: {reason}." if text else "The number is empty."
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of a region's numbering plan decides over a plain number."""

    country_code: str
    abroad: re.Pattern[str] | None
    prefix: str
    prefix_pattern: re.Pattern[str] | None
    national: re.Pattern[str]
    lengths: frozenset[int]

    def national_number(self, digits: str) -> str | None:
        """The digits without the national prefix, or ``None`` when the plan leaves room for doubt."""
        if self.prefix_pattern is not None and self.prefix_pattern.match(digits):
            if not self.prefix or self.national.fullmatch(digits):
                return None
            digits = digits[len(self.prefix) :]
        return digits if len(digits) in self.lengths else None


@lru_cache(maxsize=512)
def _plan(region: str) -> _Plan | None:
    found = PhoneMetadata.metadata_for_region(region, None)
    if found is None or found.general_desc is None or not found.general_desc.national_number_pattern:
        return None
    rule = found.national_prefix_for_parsing or ""
    plain = rule.isdigit() and not found.national_prefix_transform_rule
    return _Plan(
        country_code=str(found.country_code),
        abroad=re.compile(found.international_prefix) if found.international_prefix else None,
        prefix=rule if plain else "",
        prefix_pattern=re.compile(rule) if rule else None,
        national=re.compile(found.general_desc.national_number_pattern),
        lengths=frozenset(found.general_desc.possible_length),
    )


@lru_cache(maxsize=1024)
def _plan_abroad(start: str) -> _Plan | None:
    for size in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(start[:size]))
        if regions:
            return _plan(regions[0])
    return None


def quick_number(raw: str, region: str) -> str | None:
    """E.164 of a plain number, or ``None`` where only the full parser can tell. Never differs from it."""
    text = raw.strip()
    if len(text) > 40 or not _PLAIN.fullmatch(text):
        return None
    digits = text.translate(_SEPARATORS)
    if digits.startswith("00") and not region:
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return _quick_abroad(digits[1:])
    plan = _plan(region.upper()) if region else None
    if plan is None or len(digits) < 6 or len(digits) > _LONGEST or digits.startswith(plan.country_code):
        return None
    if plan.abroad is not None and plan.abroad.match(digits):
        return _quick_abroad(digits[2:]) if plan.abroad.pattern == "00" else None
    national = plan.national_number(digits)
    return f"+{plan.country_code}{national}" if national else None


def _quick_abroad(digits: str) -> str | None:
    if len(digits) < 7 or len(digits) > _LONGEST or digits[0] == "0":
        return None
    plan = _plan_abroad(digits[:3])
    if plan is None:
        return None
    national = plan.national_number(digits[len(plan.country_code) :])
    return f"+{plan.country_code}{national}" if national else None
