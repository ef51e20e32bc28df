"""What customers prefer, said to whoever is about to write or call: the channel, and the hours at their place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select

from patron.bulk import among
from patron.context import Context
from patron.customers.greeting import greeting
from patron.customers.models import Customer, Preference
from patron.errors import Invalid
from patron.interactions.channels import CHANNELS
from patron.records import table

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_AS_WORDS = {"email": "e-mail", "phone": "a call", "sms": "SMS", "post": "a letter", "meeting": "a meeting",
             "chat": "chat", "fax": "fax", "web": "the web"}  # fmt: skip


GONE = ("deceased", "dissolved")
"""Life states in which nobody is written to."""


@dataclass(frozen=True)
class Hours:
    """From when to when somebody wants to be reached, in the time of their place. They may pass midnight."""

    begin: time
    end: time
    zone: ZoneInfo

    def waits_until(self, now: datetime) -> datetime | None:
        """When they begin again, in the zone of ``now``; None while they last."""
        here = now.astimezone(self.zone)
        at = here.time()
        if self.begin <= at < self.end or (self.begin > self.end and not self.end <= at < self.begin):
            return None
        day = here.date() if at < self.begin else here.date() + timedelta(days=1)
        return datetime.combine(day, self.begin, self.zone).astimezone(now.tzinfo)


def hours_of(ctx: Context, preference: Mapping[str, Any]) -> Hours | None:
    """The hours that a preference names, at its place or else at the firm's; None for any time.

    Invalid for hours or a time zone that cannot be read.
    """
    text = (preference.get("hours") or "").strip()
    if not text:
        return None
    begin, end = _read(text)
    return Hours(begin, end, _zone(preference.get("time_zone") or ctx.assembly.settings.time_zone))


def check_preference(values: Mapping[str, str]) -> None:
    """Invalid for a channel, hours or a time zone that nobody could obey."""
    if values.get("channel") and values["channel"] not in CHANNELS:
        raise Invalid.field("channel", f"A channel is one of: {', '.join(CHANNELS)}.")
    if values.get("hours"):
        _read(values["hours"])
    if values.get("time_zone"):
        _zone(values["time_zone"])


def salutations(ctx: Context, customer_ids: Collection[int]) -> dict[int, str]:
    """How those of the customers want to be addressed who have said so. One statement."""
    t = table(Preference)
    said = select(t.c.customer_id, t.c.salutation).where(
        among(t.c.customer_id, sorted(customer_ids)), t.c.salutation != ""
    )
    return {row.customer_id: row.salutation for row in ctx.session.execute(said)}


def greeting_of(ctx: Context, customer: Customer, preference: Mapping[str, Any]) -> str:
    """How a letter to the customer begins: as it said itself, else by its culture; empty for who is gone."""
    if customer.life_state in GONE:
        return ""
    spoken = preference.get("language") or customer.language or ctx.assembly.settings.locale
    parts = (customer.kind, customer.name, customer.given_name, customer.family_name, customer.prefix)
    return preference.get("salutation") or greeting(*parts, spoken)


def greetings(ctx: Context, customer_ids: Collection[int]) -> dict[int, str]:
    """The same of many, for whoever writes letters. Those who are gone have none. One statement."""
    t, c = table(Preference), table(Customer)
    names = ("id", "kind", "name", "given_name", "family_name", "prefix", "language", "life_state")
    said = (
        select(*(c.c[name] for name in names), t.c.salutation, t.c.language.label("preferred"))
        .select_from(c.outerjoin(t, t.c.customer_id == c.c.id))
        .where(among(c.c.id, sorted(customer_ids)), c.c.life_state.not_in(GONE))
    )
    locale = ctx.assembly.settings.locale
    return {
        row.id: row.salutation
        or greeting(
            row.kind,
            row.name,
            row.given_name,
            row.family_name,
            row.prefix,
            row.preferred or row.language or locale,
        )
        for row in ctx.session.execute(said)
    }


def cautions(ctx: Context, customer_ids: Collection[int | None], channel: str) -> list[str]:
    """Why these customers would rather not be reached on that channel now, a sentence each. One statement."""
    ids = {customer_id for customer_id in customer_ids if customer_id is not None}
    if not ids:
        return []
    t, c = table(Preference), table(Customer)
    statement = (
        select(c.c.name, c.c.life_state, c.c.life_state_since, t.c.channel, t.c.hours, t.c.time_zone)
        .select_from(c.outerjoin(t, c.c.id == t.c.customer_id))
        .where(among(c.c.id, ids))
        .order_by(c.c.id)
    )
    rows = ctx.session.execute(statement).mappings()
    return [said for row in rows for said in cautions_of(ctx, row["name"], dict(row), channel)]


def cautions_of(ctx: Context, name: str, preference: Mapping[str, Any], channel: str = "") -> list[str]:
    """The same of one preference that was read before; without a channel, of the hours alone.

    With ``life_state`` and ``life_state_since`` beside it, somebody who is gone is said to be, and nothing else.
    """
    state = preference.get("life_state") or "active"
    if state in GONE:
        return [_gone(name, state, preference.get("life_state_since"))]
    said = [f"{name} is insolvent: no promotion and no reminder goes out."] if state == "insolvent" else []
    preferred = preference.get("channel") or ""
    if channel and preferred and preferred != channel:
        said.append(f"{name} prefers {_AS_WORDS.get(preferred, preferred)}.")
    try:
        hours = hours_of(ctx, preference)
    except Invalid:  # kept before it was checked
        return [*said, f"{name} prefers hours that cannot be read: {preference['hours']}."]
    if hours is not None and hours.waits_until(ctx.now):
        when, there = f"{hours.begin:%H:%M} to {hours.end:%H:%M}", ctx.now.astimezone(hours.zone)
        said.append(
            f"{name} wants to be reached from {when}; there it is {there:%H:%M} now ({hours.zone.key})."
        )
    return said


def _gone(name: str, state: str, since: date | None) -> str:
    what = "has died" if state == "deceased" else "is dissolved"
    return f"{name} {what}{f' (since {since:%Y-%m-%d})' if since else ''}: nobody writes or calls."


def check_reachable(ctx: Context, customer_ids: Collection[int | None]) -> None:
    """Invalid when staff write to somebody who is dead or dissolved. One statement, or none."""
    if ctx.actor.user_id is not None and (reason := gone(ctx, customer_ids)):
        raise Invalid.field("to", reason)


def gone(ctx: Context, customer_ids: Collection[int | None]) -> str:
    """Why one of these customers is written to no more, dead or dissolved; empty when none is. At most a statement."""
    ids = {customer_id for customer_id in customer_ids if customer_id is not None}
    if not ids:
        return ""
    c = table(Customer)
    found = select(c.c.name, c.c.life_state, c.c.life_state_since).where(
        among(c.c.id, ids), c.c.life_state.in_(GONE)
    )
    row = ctx.session.execute(found.order_by(c.c.id).limit(1)).first()
    return "" if row is None else _gone(row.name, row.life_state, row.life_state_since)


def _read(text: str) -> tuple[time, time]:
    found = _HOURS.fullmatch(text.strip())
    begin, end = (time(int(found[n]), int(found[n + 1])) for n in (1, 3)) if found else (time(0), time(0))
    if begin == end:
        raise Invalid.field("hours", "Hours are from when to when, such as 09:00-17:00.")
    return begin, end


def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        raise Invalid.field("time_zone", "A time zone is named such as Europe/Berlin.")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
