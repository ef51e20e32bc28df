"""Dates as files write them; whether the day or the month stands first is decided once per column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from patron.errors import Invalid

DateOrder = Literal["day_first", "month_first", "ambiguous"]

_ISO = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?")
_SHORT = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[T ,].*)?")
_MONTH_FIRST_REGIONS = frozenset({"US", "PH", "PR", "GU", "FM", "MH", "PW", "VI", "AS"})
_YOUNGEST_CENTURY = 30


@dataclass(frozen=True, slots=True)
class DateColumn:
    """How one column writes its dates; ``reason`` says by what evidence."""

    order: DateOrder
    reason: str

    def parse(self, text: str) -> date:
        """The date, time of day cut off. Raises ``Invalid``, also if day and month cannot be told apart."""
        text = text.strip()
        if found := _ISO.fullmatch(text):
            return _date(text, int(found[1]), int(found[2]), int(found[3]))
        short = _SHORT.fullmatch(text)
        if short is None:
            raise Invalid.field("date", f"“{text[:40]}” is not a date; write it like 1980-12-31.")
        first, second, year = int(short[1]), int(short[3]), _year(short[4])
        if short[2] == "." or first > 12 or first == second:
            return _date(text, year, second, first)
        if second > 12:
            return _date(text, year, first, second)
        if self.order == "ambiguous":
            raise Invalid.field("date", f"“{text}” may be day or month first; write it like 1980-12-31.")
        day, month = (first, second) if self.order == "day_first" else (second, first)
        return _date(text, year, month, day)


def date_column(values: Iterable[str], region: str = "") -> DateColumn:
    """Decide a column by its values: a first number above 12 is a day, a second one makes the first a month.

    Without such a value ``region`` decides (month first in the United States, else day first); with evidence
    for both, or with neither evidence nor region, the column is ambiguous and its unclear dates are refused.
    """
    day_first = month_first = 0
    for value in values:
        found = _SHORT.fullmatch(value.strip())
        if found and found[2] != ".":
            day_first += int(found[1]) > 12
            month_first += int(found[3]) > 12
    if day_first and month_first:
        return DateColumn("ambiguous", "some dates have the day first and others the month")
    if day_first or month_first:
        return DateColumn(
            "day_first" if day_first else "month_first", f"{day_first + month_first} dates tell"
        )
    if not region:
        return DateColumn("ambiguous", "no date tells whether day or month stands first")
    order: DateOrder = "month_first" if region.upper() in _MONTH_FIRST_REGIONS else "day_first"
    return DateColumn(order, f"usual in {region.upper()}; no date in the sample tells")


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < _YOUNGEST_CENTURY else 1900)


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Invalid.field("date", f"“{text[:40]}” is no day of the calendar.") from None
