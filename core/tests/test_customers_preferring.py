"""What customers prefer is checked when it is set, and said to whoever is about to reach them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from patron.assembly import Assembly
from patron.customers import preferring, team
from patron.errors import Invalid
from patron.testing.faces import app_client, make_customer, signed_in, working

MORNING = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)  # 09:30 in Berlin, 03:30 in New York


def test_the_channel_and_the_hours_at_their_place_are_said(assembly: Assembly) -> None:
    ada, bo, cleo = (make_customer(assembly, name) for name in ("Ada", "Bo", "Cleo"))
    with working(assembly) as ctx:
        ctx = replace(ctx, now=MORNING)
        hours = {"hours": "09:00-17:00", "time_zone": "Europe/Berlin"}
        team.set_preference(ctx, ada, {"channel": "phone", **hours})
        team.set_preference(ctx, bo, {**hours, "time_zone": "America/New_York"})
        assert preferring.cautions(ctx, [ada, None], "phone") == []
        assert preferring.cautions(ctx, [ada], "email") == ["Ada prefers a call."]
        (said,) = preferring.cautions(ctx, [bo, cleo], "email")
        assert said == (
            "Bo wants to be reached from 09:00 to 17:00; there it is 03:30 now (America/New_York)."
        )
        assert preferring.cautions(replace(ctx, now=MORNING.replace(hour=22)), [bo], "email")
        assert not preferring.cautions(replace(ctx, now=MORNING.replace(hour=15)), [bo], "email")
        assert preferring.cautions(
            replace(ctx, now=MORNING.replace(hour=16)), [ada], "phone"
        )  # 17:00 is over


@pytest.mark.parametrize("engine_name", ["sqlite"])  # it is reckoned, not read
def test_hours_may_pass_midnight(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        night = preferring.hours_of(ctx, {"hours": "22:00 - 06:00", "time_zone": "Europe/Berlin"})
    assert night is not None
    for hour, begins in ((22, None), (4, None), (5, 21), (20, 21)):  # of UTC; Berlin is an hour before
        again = MORNING.replace(hour=begins, minute=0) if begins else None
        assert night.waits_until(MORNING.replace(hour=hour)) == again, hour
    late = preferring.hours_of(ctx, {"hours": "06:00-08:00", "time_zone": "Europe/Berlin"})
    assert late is not None
    assert late.waits_until(MORNING) == MORNING.replace(day=25, hour=5, minute=0)
    with pytest.raises(Invalid):
        preferring.hours_of(ctx, {"hours": "9-17"})


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_the_page_takes_the_time_zone_and_warns(assembly: Assembly) -> None:
    ada = make_customer(assembly)
    with app_client(assembly) as client:
        signed_in(client)
        url = f"/customers/{ada}/preferences"
        for wrong in (
            {"channel": "pigeon"},
            {"hours": "mornings"},
            {"hours": "17:00-17:00"},
            {"time_zone": "Mars/Base"},
        ):
            assert client.post(url, data=wrong).status_code == 422
        now = datetime.now(UTC).hour
        later = f"{(now + 2) % 24:02}:00-{(now + 3) % 24:02}:00"
        sent = {"channel": "phone", "hours": later, "time_zone": "Etc/UTC", "salutation": "Dear Ada"}
        assert client.post(url, data=sent).status_code == 303
        page = client.get(f"/customers/{ada}").text
        assert 'value="Etc/UTC"' in page
        assert "wants to be reached from" in page
        client.post(url, data={"hours": f"{now:02}:00-{(now + 2) % 24:02}:00", "time_zone": "Etc/UTC"})
        assert "wants to be reached from" not in client.get(f"/customers/{ada}").text
