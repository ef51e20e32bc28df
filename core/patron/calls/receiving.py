"""What a telephone system tells of a call becomes one touch, however often and in whichever order it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from patron.accounts.models import User
from patron.calls.models import Call, PhoneLine
from patron.context import Context
from patron.customers import contacts, normalise
from patron.errors import Invalid, NotFound
from patron.interactions import services as interactions
from patron.interactions.models import Interaction, TimelineEntry
from patron.interactions.services import Party
from patron.records import table
from patron.resources.values import parse_instant

EVENTS = ("ringing", "answered", "ended", "missed")
_RANK = {"ringing": 0, "answered": 1, "missed": 2, "ended": 2}
LONGEST_CALL = 24 * 3600
_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Told:
    """One message of a telephone system, checked. ``number`` is the other side's, empty when it is withheld."""

    call: str
    event: str
    direction: str
    number: str
    agent: str
    at: datetime
    seconds: int | None


@dataclass(frozen=True)
class Received:
    """``outcome`` is ``noted`` or ``repeated`` (nothing has changed); ``call_id`` the call of ours."""

    outcome: str
    call_id: int


def read_told(ctx: Context, line: PhoneLine, data: Mapping[str, Any]) -> Told:
    """The message, or Invalid that names the field."""
    call, event = _text(data, "call", 200), _text(data, "event", 20)
    if not call:
        raise Invalid.field("call", "Give the call an id that stays the same from ringing to the end.")
    if event not in EVENTS:
        raise Invalid.field("event", f"An event is one of: {', '.join(EVENTS)}.")
    direction = _text(data, "direction", 5) or "in"
    if direction not in ("in", "out"):
        raise Invalid.field("direction", "A call goes in or out.")
    seconds = data.get("seconds")
    if seconds is not None and not (
        isinstance(seconds, int) and not isinstance(seconds, bool) and 0 <= seconds <= LONGEST_CALL
    ):
        raise Invalid.field("seconds", f"A whole number up to {LONGEST_CALL}.")
    try:
        at = min(parse_instant(data["at"]), ctx.now) if data.get("at") else ctx.now
    except (TypeError, ValueError) as error:
        raise Invalid.field("at", f"When {error}") from error
    number = _number(_text(data, "from" if direction == "in" else "to", 60), line.country)
    return Told(call, event, direction, number, _text(data, "agent", 320).lower(), at, seconds)


def _text(data: Mapping[str, Any], name: str, longest: int) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise Invalid.field(name, f"A text of at most {longest} characters in one line.")
    return value.strip()


def _number(text: str, country: str) -> str:
    """In E.164 where it can be dialled; a number of the house or a word for “withheld” is none."""
    try:
        return normalise.phone_number(text, country)
    except Invalid:
        return ""


def receive(ctx: Context, line: PhoneLine, told: Told) -> Received:
    """Note what was told, in the caller's transaction: one call and one touch for each id of the system."""
    t = table(Call)
    user_id = _agent(ctx, told.agent)
    values = {"line_id": line.key, "external_id": told.call, "state": told.event, "at": told.at,
              "user_id": user_id}  # fmt: skip
    made = _INSERT[ctx.assembly.database.dialect](t).values(values).on_conflict_do_nothing()
    call_id = ctx.session.execute(made.returning(t.c.id)).scalar()
    if call_id is not None:
        _begin(ctx, int(call_id), told, user_id)
        return Received("noted", int(call_id))
    mine = (t.c.line_id == line.key, t.c.external_id == told.call)
    known = ctx.session.execute(select(t).where(*mine).with_for_update()).mappings().one()
    if _RANK[told.event] <= _RANK[known["state"]]:
        return Received("repeated", known["id"])
    _go_on(ctx, known, told)
    return Received("noted", known["id"])


def _agent(ctx: Context, email: str) -> int | None:
    u = table(User)
    mine = select(u.c.id).where(func.lower(u.c.email) == email, u.c.active.is_(True))
    return ctx.session.execute(mine).scalar() if email else None


def _begin(ctx: Context, call_id: int, told: Told, user_id: int | None) -> None:
    """The touch of a call that nobody told of before."""
    party = caller(ctx, told.number)
    touch = interactions.log(
        ctx,
        "phone",
        [party],
        direction=told.direction,
        subject=_subject(told),
        at=told.at,
        duration_seconds=told.seconds if told.event == "ended" else None,
    )
    t = table(Call)
    answered = told.at if told.event == "answered" else None
    ctx.session.execute(
        update(t).where(t.c.id == call_id).values(interaction_id=touch.key, answered_at=answered)
    )
    if user_id is not None:
        _taken_by(ctx, touch.key, user_id)


def _taken_by(ctx: Context, interaction_id: int, user_id: int) -> None:
    """The touch, and its lines in histories, are of the user who took the call."""
    i, line, u = table(Interaction), table(TimelineEntry), table(User)
    name = select(u.c.name).where(u.c.id == user_id).scalar_subquery()
    ctx.session.execute(update(i).where(i.c.id == interaction_id).values(owner_id=user_id))
    mine = line.c.interaction_id == interaction_id
    ctx.session.execute(update(line).where(mine).values(owner_id=user_id, actor_name=name))


def caller(ctx: Context, number: str) -> Party:
    """Whose number it is: one person's, else one organisation's, else nobody known."""
    if not number:
        return Party("caller", None, "", "Withheld number", "the number is withheld")
    rows = contacts.holders_of(ctx, "phone", [number]).get(number, ())
    own = [row for row in rows if row.use == "personal"]
    firms = [row for row in rows if row.kind == "organisation"]
    for found, because in ((own, "their own number"), (firms, "a number of the organisation")):
        if len(found) == 1:
            return Party("caller", int(found[0].customer_id), number, found[0].name, because)
    return Party(
        "caller", None, number, "", "several have this number" if rows else "nobody known has this number"
    )


def _go_on(ctx: Context, known: Mapping[Any, Any], told: Told) -> None:
    t, i, line = table(Call), table(Interaction), table(TimelineEntry)
    values: dict[str, Any] = {"state": told.event}
    if told.event == "answered":
        values["answered_at"] = told.at
    user_id = _agent(ctx, told.agent)
    if user_id is not None:
        values["user_id"] = user_id
    ctx.session.execute(update(t).where(t.c.id == known["id"]).values(values))
    if user_id is not None and known["interaction_id"] is not None:
        _taken_by(ctx, known["interaction_id"], user_id)
    touch: dict[str, Any] = {}
    if told.event == "ended":
        touch["duration_seconds"] = told.seconds if told.seconds is not None else _lasted(known, told.at)
    if told.event == "missed":
        touch["subject"] = _subject(told)
        mine = line.c.interaction_id == known["interaction_id"]
        ctx.session.execute(update(line).where(mine, line.c.title == "Call").values(title=_subject(told)))
    if touch and known["interaction_id"] is not None:
        ctx.session.execute(update(i).where(i.c.id == known["interaction_id"]).values(touch))


def _lasted(known: Mapping[Any, Any], at: datetime) -> int | None:
    began = known["answered_at"]
    return max(0, round((at - began).total_seconds())) if began is not None else None


def _subject(told: Told) -> str:
    return "Missed call" if told.event == "missed" else "Call"


def line_of(ctx: Context, line_id: int) -> PhoneLine:
    """A line that is in use; NotFound."""
    found = ctx.session.get(PhoneLine, line_id)
    if found is None or not found.active or found.trashed_at is not None:
        raise NotFound("There is no such line.")
    return found


def lines(ctx: Context) -> list[dict[str, Any]]:
    """Every line with its status, without its secret."""
    t = table(PhoneLine)
    names = ("id", "name", "country", "active", "last_success_at", "last_error", "last_error_at", "calls")
    rows = select(*(t.c[name] for name in names)).where(t.c.trashed_at.is_(None)).order_by(t.c.id)
    return [dict(row) for row in ctx.session.execute(rows).mappings()]


def note_success(ctx: Context, line_id: int, *, fresh: bool) -> None:
    """An honest status: when something came last, and how many calls so far."""
    t = table(PhoneLine)
    ctx.session.execute(
        update(t).where(t.c.id == line_id).values(last_success_at=ctx.now, calls=t.c.calls + int(fresh))
    )


def note_error(ctx: Context, line_id: int, reason: str) -> None:
    """What was wrong with a message that could not be taken."""
    t = table(PhoneLine)
    ctx.session.execute(
        update(t).where(t.c.id == line_id).values(last_error=reason[:500], last_error_at=ctx.now)
    )


def add_line(ctx: Context, name: str, country: str, sealed: str) -> int:
    """A new line; who may is decided before. Invalid for a name that is empty or taken."""
    t = table(PhoneLine)
    if not name or len(name) > 100:
        raise Invalid.field("name", "Name the telephone system, in at most 100 characters.")
    if ctx.session.execute(select(t.c.id).where(t.c.name == name)).first() is not None:
        raise Invalid.field("name", "There is one of that name already.")
    stamps = {"created_at": ctx.now, "updated_at": ctx.now}
    made = insert(t).values(name=name, country=country, secret=sealed, **stamps).returning(t.c.id)
    return int(ctx.session.execute(made).scalar_one())
