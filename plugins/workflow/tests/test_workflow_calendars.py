"""Working time, held against the clock minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patron_workflow.api import Calendar, due_at, elapsed
from patron_workflow.calendars import make_calendar, read_holidays, read_hours

BERLIN = make_calendar(
    "Berlin", "Europe/Berlin", "mon-fri 09:00-12:00\nmon-thu 13:00-17:30", "2026-12-24\n12-25"
)
NIGHTS = make_calendar("Nights", "America/New_York", "mon-sun 00:00-04:00\nsat-sun 22:00-24:00")
ROUND_THE_CLOCK = make_calendar("Always", "Pacific/Auckland", "mon-sun 00:00-24:00")
CALENDARS = st.sampled_from([BERLIN, NIGHTS, ROUND_THE_CLOCK])
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), 4 * 366 * 24 * 60 * 60
MOMENTS = st.integers(0, LAST).map(lambda seconds: FIRST + timedelta(seconds=seconds))
MINUTES = st.integers(0, 30_000)


@given(CALENDARS, MOMENTS, MINUTES)
def test_a_due_time_is_the_inverse_of_what_has_elapsed(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    due = due_at(calendar, start, minutes)
    assert elapsed(calendar, start, due) == minutes
    if minutes:
        assert elapsed(calendar, start, due - timedelta(seconds=1)) == minutes - 1


@given(CALENDARS, MOMENTS, MINUTES, MINUTES)
def test_more_minutes_are_due_later_and_a_later_start_never_earlier(
    calendar: Calendar, start: datetime, minutes: int, more: int
) -> None:
    assert due_at(calendar, start, minutes) <= due_at(calendar, start, minutes + more)
    assert due_at(calendar, start, minutes) <= due_at(calendar, start + timedelta(minutes=more), minutes)


@given(CALENDARS, MOMENTS, st.integers(0, 20_000), st.integers(0, 20_000))
def test_elapsed_time_adds_up(calendar: Calendar, start: datetime, one: int, other: int) -> None:
    middle = start + timedelta(minutes=one)
    end = middle + timedelta(minutes=other)
    whole = elapsed(calendar, start, end)
    parts = elapsed(calendar, start, middle) + elapsed(calendar, middle, end)
    assert whole - parts in (0, 1)  # each part drops less than a minute
    assert elapsed(calendar, end, start) == 0 or start == end


@given(CALENDARS, MOMENTS, st.integers(0, 3 * 24 * 60))
def test_elapsed_time_is_what_a_clock_counts(calendar: Calendar, start: datetime, minutes: int) -> None:
    start = start.replace(second=0, microsecond=0)
    counted = sum(_open(calendar, start + timedelta(minutes=minute)) for minute in range(minutes))
    assert elapsed(calendar, start, start + timedelta(minutes=minutes)) == counted


def _open(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(ZoneInfo(calendar.time_zone))
    day, minute = local.date(), local.hour * 60 + local.minute
    if day in calendar.holidays or (day.month, day.day) in calendar.yearly:
        return False
    return any(begin <= minute < end for begin, end in calendar.week[day.weekday()])


def test_the_night_of_a_clock_change_has_the_hours_that_it_has() -> None:
    spring, autumn = (
        datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")),
    )
    always = make_calendar("Always", "Europe/Berlin", "mon-sun 00:00-24:00")
    assert elapsed(always, spring, spring.astimezone(UTC) + timedelta(hours=23)) == 23 * 60
    assert (
        due_at(always, spring, 23 * 60).astimezone(ZoneInfo("Europe/Berlin")).isoformat()
        == "2026-03-30T00:00:00+02:00"
    )
    assert (
        due_at(always, autumn, 25 * 60).astimezone(ZoneInfo("Europe/Berlin")).isoformat()
        == "2026-10-26T00:00:00+01:00"
    )


def test_holidays_once_and_every_year_are_not_worked() -> None:
    friday = datetime(2026, 12, 23, 17, 0, tzinfo=ZoneInfo("Europe/Berlin"))  # a Wednesday, half an hour left
    assert (
        due_at(BERLIN, friday, 60).isoformat() == "2026-12-28T08:30:00+00:00"
    )  # over holidays and a weekend


def test_hours_and_holidays_are_read_or_refused_with_the_line() -> None:
    assert read_hours("sat-mon 08:00-09:00")[6] == ((480, 540),)
    assert read_holidays("2026-05-01\n02-29") == (frozenset({date(2026, 5, 1)}), frozenset({(2, 29)}))
    for wrong, reason in (
        ("mon 9-17", "not like"),
        ("mon 17:00-09:00", "does not end"),
        ("mon 09:00-12:00\nmon 11:00-13:00", "overlap"),
        ("", "at least one"),
        ("mon 09:75-12:00", "does not end"),
    ):
        with pytest.raises(ValueError, match=reason):
            read_hours(wrong)
    with pytest.raises(ValueError, match="not a day"):
        read_holidays("2026-02-30")


def test_a_calendar_without_working_time_ahead_says_so() -> None:
    closed = Calendar("Closed")
    with pytest.raises(ValueError, match="no 5 working minutes"):
        due_at(closed, datetime(2026, 1, 1, tzinfo=UTC), 5)
