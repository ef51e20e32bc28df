"""What customers prefer, said to whoever is about to write or call: the channel, and the hours at their place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select

from patron.bulk import among
from patron.context import Context
from patron.customers.models import Customer, Preference
from patron.errors import Invalid
from patron.interactions.channels import CHANNELS
from patron.records import table

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_AS_WORDS = {"email": "e-mail", "phone": "a call", "sms": "SMS", "post": "a letter", "meeting": "a meeting",
             "chat": "chat", "fax": "fax", "web": "the web"}  # fmt: skip


def check_preference(values: Mapping[str, str]) -> None:
    """Invalid for a channel, hours or a time zone that nobody could obey."""
    if values.get("channel") and values["channel"] not in CHANNELS:
        raise Invalid.field("channel", f"A channel is one of: {', '.join(CHANNELS)}.")
    if values.get("hours"):
        begins, ends = _hours(values["hours"]) or (time(0), time(0))
        if begins >= ends:
            raise Invalid.field("hours", "Hours are from when to when, such as 09:00-17:00.")
    if values.get("time_zone") and values["time_zone"] not in _zones():
        raise Invalid.field("time_zone", "A time zone is named such as Europe/Berlin.")


def cautions(ctx: Context, customer_ids: Collection[int | None], channel: str) -> list[str]:
    """Why these customers would rather not be reached on that channel now, a sentence each. One statement."""
    ids = {customer_id for customer_id in customer_ids if customer_id is not None}
    if not ids:
        return []
    t, c = table(Preference), table(Customer)
    statement = (
        select(c.c.name, t.c.channel, t.c.hours, t.c.time_zone)
        .select_from(t.join(c, c.c.id == t.c.customer_id))
        .where(among(t.c.customer_id, ids))
        .order_by(c.c.id)
    )
    rows = ctx.session.execute(statement).mappings()
    return [said for row in rows for said in cautions_of(ctx, row["name"], dict(row), channel)]


def cautions_of(ctx: Context, name: str, preference: Mapping[str, Any], channel: str = "") -> list[str]:
    """The same of one preference that was read before; without a channel, of the hours alone."""
    said = []
    preferred = preference.get("channel") or ""
    if channel and preferred and preferred != channel:
        said.append(f"{name} prefers {_AS_WORDS.get(preferred, preferred)}.")
    hours = _hours(preference.get("hours") or "")
    zone = preference.get("time_zone") or ctx.assembly.settings.time_zone
    if hours and zone in _zones():
        there = _there(ctx.now, zone)
        if not hours[0] <= there < hours[1]:
            when = f"{hours[0]:%H:%M} to {hours[1]:%H:%M}"
            said.append(f"{name} wants to be reached from {when}; there it is {there:%H:%M} now ({zone}).")
    return said


def _there(now: datetime, zone: str) -> time:
    return now.astimezone(ZoneInfo(zone)).time()


def _hours(text: str) -> tuple[time, time] | None:
    found = _HOURS.fullmatch(text.strip())
    return (time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))) if found else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
