"""Events: written in the transaction of the fact, delivered to each handler after commit by the worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, null, select, update
from sqlmodel import col

from patron.bulk import insert_rows, take_ids
from patron.context import Context
from patron.contributions import Handler
from patron.customers import facts
from patron.db import UtcDateTime
from patron.errors import NotFound
from patron.permissions import Actor
from patron.prepared import inserting
from patron.records import table
from patron.system.models import Delivery, OutboxEvent

DUE, DONE, PARKED, DEAD = "due", "done", "parked", "dead"


@dataclass(frozen=True)
class Event:
    """Something that happened. ``id`` is unique: the idempotency key for effects outside the database.

    ``actor`` says who did it: ``{"kind": "user", "id": 7, "name": "Ada"}``, and in ``cause`` what made them.
    """

    id: int
    name: str
    at: datetime
    customer_id: int | None
    payload: Mapping[str, Any]
    actor: Mapping[str, Any]

    @property
    def cause(self) -> Mapping[str, Any]:
        """What the unit of work that published it was caused by; empty when a person was."""
        found: Mapping[str, Any] = self.actor.get("cause") or {}
        return found


def publish(
    ctx: Context, name: str, payload: Mapping[str, Any] | None = None, *, customer_id: int | None = None
) -> int | None:
    """Record the event, and one delivery for each handler that listens to it, in the caller's transaction.

    ``payload`` must be JSON. Deliveries to a disabled module are parked until it is enabled again. Returns
    the event's id; None when the context is muted, where nothing is recorded.
    """
    facts.mark(ctx, name, [customer_id])
    if ctx.muted:
        return None
    (event_id,) = _INSERT_EVENT.first(ctx.session, _row(ctx, name, Happening(payload or {}, customer_id)))
    deliveries = [_delivery(ctx, key, event_id, customer_id) for key in _listeners(ctx, name)]
    if deliveries:
        ctx.session.connection().execute(insert(Delivery).values(deliveries))
    return int(event_id)


class Happening(NamedTuple):
    """One of several events of the same name, for :func:`publish_many`."""

    payload: Mapping[str, Any]
    customer_id: int | None


def publish_many(ctx: Context, name: str, happened: Sequence[Happening]) -> None:
    """The same for several events of one name, in the order given: at most three statements for all of them."""
    facts.mark(ctx, name, [one.customer_id for one in happened])
    if ctx.muted or not happened:
        return
    ids = take_ids(ctx.session, table(OutboxEvent), len(happened))
    events = [{"id": key, **_row(ctx, name, one)} for key, one in zip(ids, happened, strict=True)]
    insert_rows(ctx.session, table(OutboxEvent), events)
    heard = _listeners(ctx, name)
    deliveries = [
        _delivery(ctx, handler, key, one.customer_id)
        for key, one in zip(ids, happened, strict=True)
        for handler in heard
    ]
    insert_rows(ctx.session, table(Delivery), deliveries)


def _row(ctx: Context, name: str, one: Happening) -> dict[str, Any]:
    return {
        "name": name,
        "at": ctx.now,
        "customer_id": one.customer_id,
        "payload": dict(one.payload),
        "actor": _described(ctx.actor) | ({"cause": dict(ctx.cause)} if ctx.cause else {}),
    }


def _listeners(ctx: Context, name: str) -> list[str]:
    return [key for key, handler in ctx.assembly.handlers.items() if handler.hears(ctx, name)]


def _delivery(ctx: Context, handler: str, event_id: int, customer_id: int | None) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "handler": handler,
        "customer_id": customer_id,
        "due_at": ctx.now,
        "state": PARKED if module_of(handler) in ctx.assembly.live.disabled else DUE,
        "attempts": 0,
        "error": "",
    }


_INSERT_EVENT = inserting(
    table(OutboxEvent), ["name", "at", "customer_id", "payload", "actor"], returning_id=True
)


def _described(actor: Actor) -> dict[str, Any]:
    return {"kind": actor.kind, "id": actor.id, "name": actor.name}


def module_of(handler_key: str) -> str:
    """The module that a handler (``"<module>.<name>"``) belongs to."""
    return handler_key.partition(".")[0]


def handler_of(ctx: Context, handler_key: str) -> Handler:
    """The handler of that key; NotFound when no installed module has it."""
    handler: Handler | None = ctx.assembly.handlers.get(handler_key)
    if handler is None:
        raise NotFound(f"There is no event handler “{handler_key}”.")
    return handler


def replay(ctx: Context, handler_key: str, since: datetime) -> int:
    """Deliver to a handler the past events, from ``since`` on, that it never got. Returns how many."""
    handler = handler_of(ctx, handler_key)
    state = PARKED if module_of(handler_key) in ctx.assembly.live.disabled else DUE
    missed = (
        select(
            col(OutboxEvent.id),
            literal(handler_key),
            col(OutboxEvent.customer_id),
            literal(state),
            literal(ctx.now, UtcDateTime()),
            literal(0),
            literal(""),
            null(),
        )
        .where(
            col(OutboxEvent.name).in_(_names_heard(ctx, handler)),
            col(OutboxEvent.at) >= since,
            ~exists().where(
                col(Delivery.event_id) == col(OutboxEvent.id), col(Delivery.handler) == handler_key
            ),
        )
        .order_by(col(OutboxEvent.id))
    )
    columns = ["event_id", "handler", "customer_id", "state", "due_at", "attempts", "error", "done_at"]
    return _changed(ctx, insert(Delivery).from_select(columns, missed))


def _names_heard(ctx: Context, handler: Handler) -> list[str]:
    if handler.event != "*":
        return [handler.event]
    names = ctx.session.connection().execute(select(col(OutboxEvent.name)).distinct()).scalars()
    return [name for name in names if handler.hears(ctx, name)]


def park(ctx: Context, module: str) -> int:
    """Set the open deliveries of a module aside, as it is disabled or gone. Returns how many."""
    return _move(ctx, _belongs_to(module), DUE, PARKED)


def unpark(ctx: Context, module: str) -> int:
    """Make the parked deliveries of a module due again, as it is back. Returns how many."""
    return _move(ctx, _belongs_to(module), PARKED, DUE)


def park_handlers(ctx: Context, handler_keys: Sequence[str]) -> int:
    """Set the open deliveries of these handlers aside. Returns how many."""
    return _move(ctx, col(Delivery.handler).in_(handler_keys), DUE, PARKED)


def unpark_handlers(ctx: Context, handler_keys: Sequence[str]) -> int:
    """Make the parked deliveries of these handlers due. Returns how many."""
    return _move(ctx, col(Delivery.handler).in_(handler_keys), PARKED, DUE)


def rerun(ctx: Context, delivery_ids: Iterable[int] | None = None) -> int:
    """Make dead deliveries (None: all of them) due again, with all their attempts. Returns how many."""
    chosen = col(Delivery.id).in_(list(delivery_ids)) if delivery_ids is not None else literal(True)
    return _move(ctx, chosen, DEAD, DUE)


def _belongs_to(module: str) -> ColumnElement[bool]:
    return col(Delivery.handler).startswith(f"{module}.", autoescape=True)


def _move(ctx: Context, which: ColumnElement[bool], before: str, after: str) -> int:
    values: dict[str, Any] = {"state": after}
    if after == DUE:
        values |= {"due_at": ctx.now, "attempts": 0}
    return _changed(ctx, update(Delivery).where(col(Delivery.state) == before, which).values(values))


def _changed(ctx: Context, statement: Any) -> int:
    return int(
        ctx.session.connection().execute(statement, execution_options={"preserve_rowcount": True}).rowcount
    )


def counts(ctx: Context) -> list[dict[str, Any]]:
    """How many deliveries each handler has in each state."""
    t = table(Delivery)
    number = func.count().label("deliveries")
    statement = select(t.c.handler, t.c.state, number).group_by(t.c.handler, t.c.state)
    return [dict(row) for row in ctx.session.execute(statement.order_by(t.c.handler, t.c.state)).mappings()]


@dataclass(frozen=True)
class Stuck:
    """A delivery that needs a person: dead, or parked. ``error`` begins with one line that says what went wrong."""

    id: int
    state: str
    handler: str
    event: Event
    attempts: int
    error: str


def backlog(ctx: Context) -> dict[str, int]:
    """How many deliveries are due, parked and dead."""
    number = func.count().label("number")
    open_ones = select(col(Delivery.state), number).where(col(Delivery.state) != DONE)
    rows = ctx.session.connection().execute(open_ones.group_by(col(Delivery.state)))
    found = {row.state: row.number for row in rows}
    return {state: found.get(state, 0) for state in (DUE, PARKED, DEAD)}


def stuck(ctx: Context, state: str = DEAD, *, after: int = 0, limit: int = 100) -> list[Stuck]:
    """The deliveries in that state (``"dead"`` or ``"parked"``), oldest first, from the id ``after`` on."""
    query = (
        select(Delivery, OutboxEvent)
        .join(OutboxEvent, col(OutboxEvent.id) == col(Delivery.event_id))
        .where(col(Delivery.state) == state, col(Delivery.id) > after)
        .order_by(col(Delivery.id))
        .limit(limit)
    )
    return [
        Stuck(row.key, row.state, row.handler, _event(event), row.attempts, row.error)
        for row, event in ctx.session.execute(query)
    ]


def _event(row: OutboxEvent) -> Event:
    return Event(row.key, row.name, row.at, row.customer_id, row.payload, row.actor)


def purge(ctx: Context, before: datetime, *, limit: int = 1000) -> int:
    """Forget the oldest events from before that instant that every handler is done with. Returns how many.

    Events and their deliveries go together, so that a replay cannot deliver again what was delivered.
    """
    unfinished = exists().where(col(Delivery.event_id) == col(OutboxEvent.id), col(Delivery.state) != DONE)
    old = (
        select(col(OutboxEvent.id))
        .where(col(OutboxEvent.at) < before, ~unfinished)
        .order_by(col(OutboxEvent.id))
    )
    ids = list(ctx.session.connection().execute(old.limit(limit)).scalars())
    _changed(ctx, delete(Delivery).where(col(Delivery.event_id).in_(ids)))
    return _changed(ctx, delete(OutboxEvent).where(col(OutboxEvent.id).in_(ids)))
