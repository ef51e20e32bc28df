"""Working time: a week of opening hours in a time zone, with holidays. Pure functions of a frozen calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS = "mon-fri 09:00-17:00"
HORIZON = 3_700  # days in which the working minutes must be found: a calendar of holidays alone has an end
_LINE = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Calendar:
    """When work is done: per weekday (0 is Monday) spans in minutes since midnight, local time of ``time_zone``.

    ``holidays`` are days; ``yearly`` are (month, day) that return.
    """

    name: str = "Office hours"
    time_zone: str = "UTC"
    week: tuple[tuple[tuple[int, int], ...], ...] = ((),) * 7
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()


def make_calendar(name: str, time_zone: str, hours: str, holidays: str = "") -> Calendar:
    """A calendar from the lines that a person writes; ValueError says which line is wrong."""
    days, yearly = read_holidays(holidays)
    return Calendar(name, time_zone, read_hours(hours), days, yearly)


def read_hours(text: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Lines such as ``mon-fri 09:00-17:00`` as spans per weekday. Spans must not overlap; 24:00 ends a day."""
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    for line in _lines(text):
        found = _LINE.fullmatch(line.lower())
        if found is None or found[1] not in DAYS or (found[2] or found[1]) not in DAYS:
            raise ValueError(f"“{line}” is not like “mon-fri 09:00-17:00”")
        begin, end = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
        if int(found[4]) > 59 or int(found[6]) > 59 or not 0 <= begin < end <= 24 * 60:
            raise ValueError(f"“{line}” does not end after it begins, within the day")
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        for day in range(first, last + 1 if last >= first else last + 8):
            week[day % 7].append((begin, end))
    for day, spans in enumerate(week):
        spans.sort()
        if any(one[1] > other[0] for one, other in pairwise(spans)):
            raise ValueError(f"the hours of {DAYS[day]} overlap")
    if not any(week):
        raise ValueError("a calendar needs at least one line of hours")
    return tuple(tuple(spans) for spans in week)


def read_holidays(text: str) -> tuple[frozenset[date], frozenset[tuple[int, int]]]:
    """Lines such as ``2026-12-24`` (once) and ``12-25`` (every year)."""
    days: set[date] = set()
    yearly: set[tuple[int, int]] = set()
    for line in _lines(text):
        try:
            if len(line) == 5:
                day = date.fromisoformat(f"2024-{line}")  # a leap year, so that 02-29 may be named
                yearly.add((day.month, day.day))
            else:
                days.add(date.fromisoformat(line))
        except ValueError as error:
            raise ValueError(f"“{line}” is not a day such as 2026-12-24 or 12-25") from error
    return frozenset(days), frozenset(yearly)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def due_at(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """The first instant (UTC) at which ``minutes`` of working time have passed since ``start``.

    Real minutes: an hour that a clock change skips is not worked, one that it repeats is worked twice. With 0 it is
    ``start``. ValueError when ten years do not hold so many.
    """
    if minutes < 0:
        raise ValueError("working minutes cannot be negative")
    moment, left = start.astimezone(UTC), timedelta(minutes=minutes)
    if not left:
        return moment
    for begin, end in _spans(calendar, moment):
        worked = end - max(begin, moment)
        if worked >= left:
            return max(begin, moment) + left
        left -= worked
    raise ValueError(f"“{calendar.name}” has no {minutes} working minutes in ten years")


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Whole minutes of working time between two instants; 0 when ``end`` is not after ``start``."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    worked = timedelta()
    for begin, close in _spans(calendar, first):
        if begin >= last:
            break
        worked += max(min(close, last) - max(begin, first), timedelta())
    return worked // _MINUTE


def _spans(calendar: Calendar, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans of work as instants, in order, from the one that holds ``moment`` or is next."""
    zone = _zone(calendar.time_zone)
    day = moment.astimezone(zone).date()
    for offset in range(HORIZON):
        today = day + timedelta(days=offset)
        if today in calendar.holidays or (today.month, today.day) in calendar.yearly:
            continue
        for begin, end in calendar.week[today.weekday()]:
            opens, closes = _instant(today, begin, zone), _instant(today, end, zone)
            if closes > opens and closes > moment:
                yield opens, closes


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute == 24 * 60:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return local.astimezone(UTC)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
