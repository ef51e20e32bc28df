"""Why two customers look like one, in words."""

from __future__ import annotations

_FIELDS = {
    "given": "given name", "family": "family name", "organisation": "name", "birth": "date of birth",
    "number": "house number", "street": "street", "extra": "second address line", "city": "city",
    "postcode": "postal code", "region": "region", "email": "e-mail address", "phone": "phone number",
    "shared": "shared address or number",
}  # fmt: skip
_LEVELS = {
    "same": "same {}", "slip": "{} one letter apart", "close": "{} nearly the same", "swapped": "{} swapped",
    "differs": "{} differs",
}  # fmt: skip


def reason(field: str, level: str) -> str:
    """“same date of birth”, “family name one letter apart”."""
    return _LEVELS[level].format(_FIELDS[field])
