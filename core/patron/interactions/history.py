"""A customer's history narrowed: by medium, intent, module, who did it, and days, and searched by words.

It pages by keyset like the whole one. Words are compared in Python, so that every database finds the same: a page looks
at no more than ``LOOKED_AT`` entries, and leads on to the older ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_

from patron.context import Context
from patron.customers.normalise import fold
from patron.errors import Invalid
from patron.interactions import timeline
from patron.interactions.channels import CHANNELS
from patron.interactions.models import Interaction, TimelineEntry
from patron.interactions.timeline import Entry
from patron.records import table
from patron.resources.cursors import Asked, read_cursor, write_cursor
from patron.resources.values import parse_date, parse_instant
from patron.web import whole_number

NAMES = ("q", "medium", "intent", "module", "who", "since", "until", "kind")
"""The parameters of a request that narrow a history."""
LOOKED_AT = 5_000
_CHUNK = 500
ANYTHING = "any"


@dataclass(frozen=True)
class Wanted:
    """What of a history is asked for; empty parts ask for everything. Days are those of the reader."""

    medium: str = ""
    intent: str = ""
    module: str = ""
    who: int | None = None
    since: date | None = None
    until: date | None = None
    words: str = ""
    kind: str = ""

    def __bool__(self) -> bool:
        return self != Wanted()


def wanted_of(ctx: Context) -> Wanted:
    """Of the request's query: medium, intent, module, who (a user's id), since, until, q, kind. Invalid."""
    param = ctx.web.param
    if param("medium") and param("medium") not in CHANNELS:
        raise Invalid.field("medium", f"A medium is one of: {', '.join(CHANNELS)}.")
    who = whole_number(param("who"))
    if param("who") and who is None:
        raise Invalid.field("who", "Name a user by its number.")
    days: dict[str, date | None] = {}
    for name in ("since", "until"):
        try:
            days[name] = parse_date(param(name)) if param(name) else None
        except ValueError as error:
            raise Invalid.field(name, f"This {error}") from error
    return Wanted(
        param("medium"), param("intent"), param("module"), who, days["since"], days["until"], fold(param("q")[:200]),
        param("kind"),
    )  # fmt: skip


def read(
    ctx: Context, customer_id: int, wanted: Wanted, *, cursor: str = "", limit: int = 30
) -> tuple[list[Entry], str | None]:
    """A page of what is wanted of a history, newest first, and the cursor to older entries.

    One statement; with words one for every 500 entries that were looked at.
    """
    if not wanted or wanted == Wanted(kind=wanted.kind):
        return timeline.read(ctx, customer_id, cursor=cursor, limit=limit, kind=wanted.kind)
    asked = Asked("timeline", "-at", [customer_id, {k: str(v) for k, v in asdict(wanted).items()}])
    edge = _edge(ctx, asked, cursor) if cursor else None
    found: list[Any] = []
    looked_at, words = 0, wanted.words.split()
    chunk = _CHUNK if words else limit + 1
    while True:
        rows = ctx.session.execute(_statement(ctx, customer_id, wanted, edge).limit(chunk)).all()
        looked_at += len(rows)
        for place, row in enumerate(rows):
            if not words or _says(row, words):
                found.append(row)
                if len(found) == limit:
                    more = len(rows) == chunk or place + 1 < len(rows)
                    return _entries(ctx, found), _cursor(ctx, asked, row) if more else None
        if len(rows) < chunk:
            return _entries(ctx, found), None
        edge = (rows[-1].at, rows[-1].id)
        if looked_at >= LOOKED_AT:
            return _entries(ctx, found), _cursor(ctx, asked, rows[-1])


def _edge(ctx: Context, asked: Asked, cursor: str) -> tuple[datetime, int]:
    _, at, entry_id = read_cursor(ctx, asked, cursor)
    return parse_instant(at), entry_id


def _cursor(ctx: Context, asked: Asked, row: Any) -> str:
    return write_cursor(ctx, asked, "a", row.at, row.id)


def _entries(ctx: Context, rows: Sequence[Any]) -> list[Entry]:
    return [timeline.entry_of(ctx, row) for row in rows]


def _says(row: Any, words: Sequence[str]) -> bool:
    text = fold(f"{row.title}\n{row.body}\n{row.actor_name}")
    return all(word in text for word in words)


def _statement(ctx: Context, customer_id: int, wanted: Wanted, edge: tuple[datetime, int] | None) -> Any:
    t, i = table(TimelineEntry), table(Interaction)
    where = [t.c.customer_id == customer_id, timeline.visible_to(ctx), timeline.once()]
    touch = select(i.c.id)
    if wanted.medium:
        touch = touch.where(i.c.channel == wanted.medium)
    if wanted.intent:
        touch = touch.where(i.c.intent == wanted.intent if wanted.intent != ANYTHING else i.c.intent != "")
    if wanted.medium or wanted.intent:
        where.append(touch.where(i.c.id == t.c.interaction_id).correlate(t).exists())
    plain = {"module": wanted.module, "owner_id": wanted.who, "kind": wanted.kind}
    where += [t.c[name] == value for name, value in plain.items() if value]
    if wanted.since:
        where.append(t.c.at >= _midnight(ctx, wanted.since))
    if wanted.until:
        where.append(t.c.at < _midnight(ctx, wanted.until + timedelta(days=1)))
    if edge is not None:
        where.append(tuple_(t.c.at, t.c.id) < tuple_(*edge))
    return select(t).where(*where).order_by(t.c.at.desc(), t.c.id.desc())


def _midnight(ctx: Context, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(ctx.time_zone))
