"""What people read is in words: acts of the audit, numbers of phones, times, states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from patron.accounts.acts import act_said, actor_said, kind_said
from patron.contributions import Choice, Field
from patron.customers.normalise.phone import readable_number
from patron.ui.filters import FILTERS, datetime_text, days_ago


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("+493012345678", "+49 30 12345678"),
        ("+33142685300", "+33 1 42 68 53 00"),
        ("+493012345678;ext=12", "+49 30 12345678 ext. 12"),
        ("not a number", "not a number"),
    ],
)
def test_a_stored_number_is_grouped_and_anything_else_stays(stored: str, shown: str) -> None:
    assert readable_number(stored) == shown
    assert FILTERS["phone"](stored) == shown
    assert FILTERS["phone"](None) == ""


def test_acts_actors_and_kinds_are_said_in_words() -> None:
    assert act_said("create") == "Created"
    assert act_said("stock_taken") == "Stock taken"
    assert actor_said("sales.expire_quotes", "job") == "Job: expire quotes"
    assert actor_said("Alex Morgan", "user") == "Alex Morgan"
    assert actor_said("", "anonymous") == "Anonymous"
    assert kind_said("users") == ("User", "/admin/users")
    assert kind_said("shop.gift_cards") == ("Gift cards", "")


def test_days_are_those_of_the_calendar() -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert days_ago(now) == 0
    assert days_ago(midnight - timedelta(seconds=1)) == 1
    assert days_ago(None) is None


def test_a_time_has_no_seconds_unless_asked() -> None:
    at = datetime(2026, 11, 24, 9, 48, 27, tzinfo=UTC)
    assert ":27" not in datetime_text(at)
    assert ":27" in datetime_text(at, "long")


def test_a_field_tells_a_state_when_a_choice_is_more_than_a_warning() -> None:
    flags = Field("p", "Priority", "choice", choices=(Choice("n", "Normal"), Choice("u", "Urgent", "danger")))
    states = Field(
        "s", "Status", "choice", choices=(Choice("d", "Draft"), Choice("a", "Accepted", "success"))
    )
    assert not flags.tells_state
    assert states.tells_state
