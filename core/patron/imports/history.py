"""History of another system: calls, mails, meetings and notes, with their days and authors, on the right timelines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import select

from patron.accounts.authentication import user_actor
from patron.accounts.models import User
from patron.bulk import among
from patron.context import Context
from patron.customers.contacts import holders_of
from patron.customers.models import Customer, ExternalId, Relationship
from patron.customers.normalise import email_address, fold, phone_number
from patron.customers.resource import CUSTOMERS
from patron.db import savepoint
from patron.errors import Invalid, PatronError
from patron.imports import images
from patron.imports.fields import ImportField
from patron.imports.images import Difference, Part, Rows
from patron.imports.mapping import ColumnMapping
from patron.imports.origin import known_as, moment, name_record
from patron.imports.outcomes import Outcome, Waiting
from patron.interactions import services as interactions
from patron.interactions.models import Interaction, Participant, Thread, TimelineEntry
from patron.interactions.services import Party
from patron.permissions import ANONYMOUS, Actor, job_actor
from patron.records import table
from patron.resources.scope import row_scope

RESOURCE = "interactions"
THREADS = "interactions.threads"
"""Under this name conversations of the other system are known."""

_NAMES: Mapping[str, str] = {
    "id": "id|uid|activity id|external id|record id|engagement id|note id|nr|nummer",
    "at": "date|at|when|time|datum|activity date|start|start date|created|created at|create date|due date|fecha",
    "kind": "kind|type|channel|activity type|art|typ|kanal|tipo",
    "direction": "direction|richtung|in out",
    "customer_id": "customer id|contact id|person id|who id|kundennummer|associated contact ids|client id",
    "email": "email|e mail|mail|email address|e mail address|contact email|people",
    "phone": "phone|telephone|phone number|telefon|telefonnummer",
    "name": "name|contact|customer|person|full name|contact name|kunde|contact person",
    "author": "author|owner|assigned to|user|created by|activity assigned to|logged by|autor|verfasser|organizer",
    "subject": "subject|title|betreff|summary|activity name|asunto|objet",
    "body": "text|body|note|notes|description|comment|comments|content|beschreibung|notiz|inhalt|full comments",
    "thread": "thread|conversation|thread id|conversation id|verlauf",
}
HISTORY_FIELDS: tuple[ImportField, ...] = tuple(
    ImportField(name, tuple(names.split("|")), name in ("email", "body")) for name, names in _NAMES.items()
)
_KINDS = {
    "phone": "call phone anruf telefonat telefon appel llamada", "email": "email mail e-mail",
    "meeting": "meeting appointment event termin besprechung visit besuch reunion demo lunch",
    "note": "note notiz comment kommentar task aufgabe todo deadline remark", "post": "letter post brief lettre carta",
    "sms": "sms text", "chat": "chat whatsapp message", "fax": "fax", "web": "web form formular",
}  # fmt: skip
_CHANNEL = {word: channel for channel, words in _KINDS.items() for word in words.split()}
_PART = {"phone": "caller", "meeting": "attendee", "note": "about"}


class StagedTouch(msgspec.Struct, omit_defaults=True):
    """One touch as it waits in the database."""

    id: str
    at: datetime
    channel: str
    direction: str
    subject: str
    body: str
    author: str = ""
    thread: str = ""
    customer_id: str = ""
    emails: list[str] = []
    phone: str = ""
    name: str = ""


def read_touch(columns: ColumnMapping, cells: Sequence[str], country: str) -> StagedTouch:
    """A row as a touch. Invalid where it says no day, nobody, or nothing."""

    def cell(name: str) -> str:
        return "\n".join(text for index in columns.indexes(name) if (text := cells[index].strip()))

    if not cell("at"):
        raise Invalid.field("at", "When was it? The row has no date.")
    emails = [part for part in cell("email").replace(",", ";").replace("\n", ";").split(";") if part.strip()]
    who = {"customer_id": cell("customer_id"), "name": cell("name")}
    phone = phone_number(cell("phone"), country) if cell("phone") else ""
    if not (emails or phone or any(who.values())):
        raise Invalid.field(
            "email", "Whose is it? The row names no customer by number, e-mail, phone or name."
        )
    subject, body = cell("subject")[:500], cell("body")
    if not subject and not body:
        raise Invalid.field("subject", "The row has neither subject nor text.")
    return StagedTouch(
        id=cell("id")[:200], at=moment(cell("at"), "at"), channel=_channel(cell("kind")),
        direction=_direction(cell("direction")), subject=subject, body=body, author=cell("author")[:200],
        thread=cell("thread")[:200], emails=[email_address(part).normalised for part in emails], phone=phone, **who,
    )  # fmt: skip


def _channel(text: str) -> str:
    if not text:
        return "note"
    words = fold(text).replace("_", " ").split()
    found = next((_CHANNEL[word] for word in words if word in _CHANNEL), None)
    if found is None:
        raise Invalid.field(
            "kind", f"“{text[:40]}” is no kind of touch; write call, e-mail, meeting, note, letter, …"
        )
    return found


def _direction(text: str) -> str:
    return "out" if fold(text) in ("out", "outgoing", "outbound", "ausgehend", "sent", "gesendet") else "in"


@dataclass
class _Known:
    """Who is meant by the keys of a batch: customer ids."""

    external: dict[str, int] = field(default_factory=dict)
    email: dict[str, int] = field(default_factory=dict)
    phone: dict[str, int] = field(default_factory=dict)
    name: dict[str, list[int]] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    readable: set[int] = field(default_factory=set)

    def first(self, found: int | None) -> int | None:
        return found if found in self.readable else None


def apply_history(
    ctx: Context, source: str, rows: Sequence[Waiting], late: Callable[[], bool], import_id: int
) -> list[Outcome]:
    """Log each touch, until it is ``late``, but at least one. What is known by its id, or says the same, is skipped."""
    touches = {row.id: msgspec.convert(row.values, StagedTouch) for row in rows}
    known = _who(ctx, source, list(touches.values()))
    keys = {row.id: _key(touches[row.id]) for row in rows}
    there = known_as(ctx, RESOURCE, source, set(keys.values()))
    threads = known_as(ctx, THREADS, source, {touch.thread for touch in touches.values() if touch.thread})
    outcomes, kept = list[Outcome](), []
    for row in rows:
        if outcomes and late():
            break
        touch, key = touches[row.id], keys[row.id]
        if key in there:
            outcomes.append(Outcome(row.id, "skipped", there[key]))
            continue
        try:
            with savepoint(ctx.session):
                record_id, done = _log(ctx, touch, known, threads, source)
                name_record(ctx, RESOURCE, source, key, record_id)
        except PatronError as error:
            name = error.errors[0].field if isinstance(error, Invalid) and error.errors else ""
            outcomes.append(Outcome(row.id, "rejected", None, error.detail, name))
            continue
        there[key] = record_id
        outcomes.append(Outcome(row.id, "created", record_id))
        kept.append((row.id, record_id, done))
    images.keep(ctx.session, import_id, kept)
    return outcomes


def _key(touch: StagedTouch) -> str:
    """Its id in the other system, or what it says."""
    if touch.id:
        return touch.id
    return f"#{hashlib.sha256(msgspec.json.encode(touch)).hexdigest()}"


def _log(
    ctx: Context, touch: StagedTouch, known: _Known, threads: dict[str, int], source: str
) -> tuple[int, list[Difference]]:
    parties = _parties(touch, known)
    customers = [party.customer_id for party in parties if party.customer_id is not None]
    if not customers:
        raise Invalid.field("email", "None of the people of this row is a customer whom you may see.")
    thread_id = threads.get(touch.thread) if touch.thread else None
    before = _beside(ctx, customers, thread_id)
    said = interactions.log(
        ctx, touch.channel, parties, direction=touch.direction, subject=touch.subject, body=touch.body,
        at=min(touch.at, ctx.now), thread_id=thread_id, joined_because="The other system says so." if thread_id else "",
        author=_author(ctx, touch.author, known),
    )  # fmt: skip
    if touch.thread and thread_id is None:
        threads[touch.thread] = said.thread_id
        name_record(ctx, THREADS, source, touch.thread, said.thread_id)
    made = _beside(ctx, customers, said.thread_id)
    made |= images.read_parts(ctx.session, touch_parts(), [said.key])[said.key]
    return said.key, images.differences(before, made)


def _beside(ctx: Context, customers: Sequence[int], thread_id: int | None) -> Rows:
    """What a touch may change by the way: the customers, their organisations, and its conversation."""
    r = table(Relationship)
    firms = ctx.session.execute(select(r.c.to_id).where(among(r.c.from_id, customers))).scalars()
    found = images.read_parts(ctx.session, [Part(table(Customer).c.id)], {*customers, *firms})
    if thread_id is not None:
        found |= {-1: images.read_parts(ctx.session, [Part(table(Thread).c.id)], [thread_id])[thread_id]}
    return {key: row for rows in found.values() for key, row in rows.items()}


def touch_parts() -> list[Part]:
    """The rows that make one touch."""
    party, entry = table(Participant), table(TimelineEntry)
    return [Part(table(Interaction).c.id), Part(party.c.interaction_id), Part(entry.c.interaction_id)]


def _parties(touch: StagedTouch, known: _Known) -> list[Party]:
    part = _PART.get(touch.channel, "from" if touch.direction == "in" else "to")
    found = {
        "number": known.external.get(touch.customer_id), "phone": known.phone.get(touch.phone),
    }  # fmt: skip
    parties = [
        Party(part, known.first(known.email.get(address)), address, "", "imported by its address")
        for address in touch.emails
    ]
    parties += [
        Party(part, known.first(key), touch.phone, "", f"imported by its {how}")
        for how, key in found.items()
        if key
    ]
    if touch.name and not any(party.customer_id for party in parties):
        named = known.name.get(fold(touch.name), [])
        if len(named) > 1:
            raise Invalid.field("name", f"There are several customers called “{touch.name[:60]}”.")
        parties += [Party(part, known.first(key), "", touch.name, "imported by its name") for key in named]
    seen: dict[int, Party] = {party.customer_id: party for party in reversed(parties) if party.customer_id}
    return [*reversed(seen.values()), *(party for party in parties if party.customer_id is None)]


def _author(ctx: Context, name: str, known: _Known) -> Actor:
    """The user of that name or address; another author is named in the history and has no rights."""
    user_id = known.users.get(fold(name)) if name else None
    if user_id is not None:
        actor = user_actor(ctx.session, ctx.assembly, user_id)
        if actor != ANONYMOUS:
            return actor
    return job_actor(name) if name else ctx.actor


def _who(ctx: Context, source: str, touches: Sequence[StagedTouch]) -> _Known:
    """Everybody whom these touches name, in a fixed number of statements."""
    known, e, c, u = _Known(), table(ExternalId), table(Customer), table(User)
    numbers = [touch.customer_id for touch in touches if touch.customer_id]
    mine = select(e.c.value, e.c.customer_id).where(e.c.source == source, among(e.c.value, numbers))
    known.external = {row.value: row.customer_id for row in ctx.session.execute(mine)}
    for kind, held in (("email", known.email), ("phone", known.phone)):
        values = {
            value
            for touch in touches
            for value in (touch.emails if kind == "email" else [touch.phone])
            if value
        }
        held.update({value: rows[0].customer_id for value, rows in holders_of(ctx, kind, values).items()})
    names = {touch.name for touch in touches if touch.name}
    called = select(c.c.id, c.c.name).where(among(c.c.name, names), c.c.trashed_at.is_(None)).order_by(c.c.id)
    for row in ctx.session.execute(called):
        known.name.setdefault(fold(row.name), []).append(row.id)
    ids = {*known.external.values(), *known.email.values(), *known.phone.values()}
    ids.update(key for keys in known.name.values() for key in keys)
    seen = select(c.c.id).where(among(c.c.id, ids), c.c.trashed_at.is_(None), row_scope(ctx, CUSTOMERS))
    known.readable = set(ctx.session.execute(seen).scalars())
    if any(touch.author for touch in touches):
        users = ctx.session.execute(select(u.c.id, u.c.name, u.c.email).where(u.c.trashed_at.is_(None)))
        known.users = {fold(text): row.id for row in users for text in (row.name, row.email)}
    return known
