"""What the content of a cell looks like, told quickly: a hint for mapping, never a validation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from patron.customers.normalise import country_code
from patron.errors import Invalid

EMAIL = re.compile(
    r"\s*(?:[^<>@\s]*\s*<)?[^@\s,;<>]+@[^@\s,;<>]+\.[a-z]{2,}>?(?:\s*[,;|]\s*\S+@\S+)*\s*", re.IGNORECASE
)
PHONE = re.compile(r"\s*\(?\+?\d[\d\s()./-]{5,22}(?:\s*(?:ext\.?|x|dw|-)\s*\d{1,6})?\s*", re.IGNORECASE)
DATE = re.compile(r"\s*(?:\d{4}-\d{1,2}-\d{1,2}(?:[T ].*)?|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))\s*")
WEB = re.compile(
    r"\s*(?:https?://\S+|www\.\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|de|fr|es|at|ch|eu|io|co\.uk))/?\s*",
    re.IGNORECASE,
)
POSTCODE = re.compile(
    r"\s*(?:[A-Z]{1,2}-?)?(?:\d{4,6}|\d{5}-\d{4}|\d{3} ?\d{2})\s*"
    r"|\s*(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)\s*"
)
_PARTICLES = "van|von|de|del|della|da|di|la|le|der|den|zu|bin|al|el|y|e|&|of|the|and|und|et"
_WORD = rf"(?:(?:{_PARTICLES}) )*[^\W\d_a-zß-öø-ÿ][\w.’'&-]*,?"
NAME = re.compile(rf"\s*{_WORD}(?: {_WORD}){{1,4}}\s*")
NUMBER = re.compile(r"\s*-?\d+(?:[.,]\d+)?\s*")


def is_country(text: str) -> bool:
    try:
        return bool(country_code(text))
    except Invalid:
        return False


def is_phone(text: str) -> bool:
    """Whether a text may be dialled; dates are written with the same signs and are not."""
    return PHONE.fullmatch(text) is not None and DATE.fullmatch(text) is None


def looks_like_data(cells: Sequence[str]) -> bool:
    """Whether a first row holds values, not names of columns: an address, a date or a number is no name."""
    if any(EMAIL.fullmatch(c) or DATE.fullmatch(c) or PHONE.fullmatch(c) for c in cells):
        return True
    return any(NUMBER.fullmatch(c) for c in cells) and not all(
        NUMBER.fullmatch(c) or not c.strip() for c in cells
    )


def share(pattern: re.Pattern[str], values: Sequence[str]) -> float:
    """The part of ``values`` that ``pattern`` matches in full, 0 for none."""
    return sum(pattern.fullmatch(v) is not None for v in values) / len(values) if values else 0.0


def names(values: Sequence[str]) -> float:
    """The share of values written like whole names of people or firms, each in a row of its own. Titles of jobs,
    cities and the like come again and again, names hardly do."""
    like = [value for value in values if NAME.fullmatch(value) and not any(c.isdigit() for c in value)]
    return len(like) / len(values) if len(set(values)) >= 0.8 * len(values) else 0.0
