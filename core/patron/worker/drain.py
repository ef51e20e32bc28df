"""Delivers due events: a handler's effects in the database commit together with the mark that it is done."""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, literal, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Handler
from patron.db import UtcDateTime, savepoint
from patron.errors import Busy
from patron.events import DEAD, DONE, DUE, Event, module_of, park_handlers, unpark_handlers
from patron.permissions import job_actor
from patron.records import utc_now
from patron.system.models import Delivery, OutboxEvent
from patron.worker.watch import Watch

log = logging.getLogger("patron.worker")

MAX_ATTEMPTS = 10  # the last one about ten hours after the first
ROUND_ROWS = 100
ROUND_SECONDS = {"sqlite": 0.05, "postgresql": 1.0}  # SQLite's only writer lock is held meanwhile
ERROR_CHARACTERS = 4000
INTERRUPTED = "The worker process ended while this was running."
_LOCK_CLASS = 0x7061  # marks PostgreSQL's advisory locks of ordered handlers


def back_off(attempts: int) -> timedelta:
    """How long to wait after that many failed attempts: 5 s, 15 s, 45 s … 6 h, give or take a fifth."""
    return timedelta(seconds=min(5.0 * 3 ** (attempts - 1), 21_600.0) * random.uniform(0.8, 1.2))


@dataclass(frozen=True)
class _Claim:
    """A delivery of this round and its event."""

    id: int
    attempts: int
    event: Event


@dataclass
class _Outcome:
    done: list[int] = field(default_factory=list)
    failed: list[tuple[_Claim, str]] = field(default_factory=list)


class Drain:
    """Delivers what is due, in short transactions. Drains of other processes may run beside it."""

    def __init__(
        self,
        assembly: Assembly,
        watch: Watch,
        *,
        back_off: Callable[[int], timedelta] = back_off,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._assembly = assembly
        self._database = assembly.database
        self._watch = watch
        self._back_off = back_off
        self._stopping = stopping
        self._alone = threading.Lock()
        self._first_claimed: int | None = None

    def settle(self, interrupted: Sequence[int] = ()) -> None:
        """Park deliveries of handlers that are away, take back those of handlers that are here.

        ``interrupted`` deliveries were running when their worker died: it costs them an attempt, so that one
        which kills its worker ends as a dead letter.
        """
        known = [key for key in self._assembly.handlers if self._is_here(key)]
        with self._database.write() as session:
            ctx = Context(session, self._assembly)
            unpark_handlers(ctx, known)
            open_keys = select(col(Delivery.handler)).where(col(Delivery.state) == DUE).distinct()
            away = set(session.connection().execute(open_keys).scalars()) - set(known)
            park_handlers(ctx, sorted(away))
            for delivery_id in interrupted:
                self._charge(session, delivery_id, INTERRUPTED)

    def due(self) -> list[str]:
        """The handlers that have something to do now."""
        now = utc_now()
        oldest = (
            select(col(Delivery.handler))
            .where(col(Delivery.state) == DUE)
            .group_by(col(Delivery.handler))
            .having(func.min(col(Delivery.due_at)) <= literal(now, UtcDateTime()))
        )
        with self._database.read() as session:
            keys = sorted(session.connection().execute(oldest).scalars())
            return [key for key in keys if not self._is_blocked(session, key, now)]

    def run(self, seconds: float = 30.0) -> int:
        """Deliver until nothing is due, at most for ``seconds``. Returns how many deliveries were tried."""
        if not self._alone.acquire(blocking=False):
            return 0
        try:
            return self._run(time.monotonic() + seconds)
        finally:
            self._alone.release()

    def _run(self, deadline: float) -> int:
        total = 0
        while not self._over(deadline):
            keys = self.due()
            if any(not self._is_here(key) for key in keys):
                self.settle()
            tried = sum(self._deliver(key, deadline) for key in keys if self._is_here(key))
            total += tried
            if not tried:
                break
        return total

    def _deliver(self, key: str, deadline: float) -> int:
        """Rounds of one handler, up to its share: none waits behind the backlog of another."""
        tried = 0
        while tried < 5 * ROUND_ROWS and not self._over(deadline):
            got = self._round_or_alone(key)
            tried += got
            if got == 0:
                break
        return tried

    def _over(self, deadline: float) -> bool:
        return self._stopping() or time.monotonic() >= deadline

    def _is_here(self, key: str) -> bool:
        return key in self._assembly.handlers and module_of(key) not in self._assembly.live.disabled

    def _is_blocked(self, session: Session, key: str, now: datetime) -> bool:
        """Whether all that is due of an ordered handler waits for an earlier delivery."""
        handler = self._assembly.handlers.get(key)
        if handler is None or not handler.ordered:
            return False
        return session.connection().execute(_claimable(key, handler, now).limit(1)).first() is None

    def _round_or_alone(self, key: str) -> int:
        """A round; where its transaction fails as a whole, its first delivery alone, to bear the failure."""
        try:
            return self._round(key, ROUND_ROWS)
        except Busy:
            raise
        except Exception:
            log.warning("a round of %s failed as a whole; trying one delivery alone", key, exc_info=True)
        try:
            return self._round(key, 1)
        except Busy:
            raise
        except Exception as error:
            if self._first_claimed is None:
                raise
            with self._database.write() as session:
                self._charge(session, self._first_claimed, _described(error))
            return 1

    def _round(self, key: str, limit: int) -> int:
        handler = self._assembly.handlers[key]
        self._first_claimed = None
        with self._database.write() as session:
            if handler.ordered and not self._only_here(session, key):
                return 0
            claims = _claims(session, key, handler, limit)
            if not claims:
                return 0
            self._first_claimed = claims[0].id
            if handler.batch:
                outcome = self._run_batch(session, key, handler, claims)
            else:
                outcome = self._run_each(session, key, handler, claims)
            self._record(session, outcome)
        return len(outcome.done) + len(outcome.failed)

    def _only_here(self, session: Session, key: str) -> bool:
        """One worker at a time drains an ordered handler: rows another one holds are passed over."""
        if self._database.dialect != "postgresql":
            return True
        lock = select(func.pg_try_advisory_xact_lock(_LOCK_CLASS, func.hashtext(key)))
        return bool(session.connection().execute(lock).scalar_one())

    def _run_batch(self, session: Session, key: str, handler: Handler, claims: Sequence[_Claim]) -> _Outcome:
        """All at once; when that fails, and for what has failed before, one by one to find the culprit."""
        fresh = [claim for claim in claims if claim.attempts == 0]
        if len(fresh) == len(claims):
            error = self._try(
                session, key, handler, [claim.id for claim in claims], [c.event for c in claims]
            )
            if error is None:
                return _Outcome(done=[claim.id for claim in claims])
        return self._run_each(session, key, handler, claims)

    def _run_each(self, session: Session, key: str, handler: Handler, claims: Iterable[_Claim]) -> _Outcome:
        outcome, blocked = _Outcome(), set[int]()
        deadline = time.monotonic() + ROUND_SECONDS[self._database.dialect]
        for claim in claims:
            customer_id = claim.event.customer_id
            if handler.ordered and customer_id in blocked:
                continue
            error = self._try(
                session, key, handler, [claim.id], [claim.event] if handler.batch else claim.event
            )
            if error is None:
                outcome.done.append(claim.id)
            else:
                outcome.failed.append((claim, error))
                if customer_id is not None:
                    blocked.add(customer_id)
            if self._over(deadline):
                break
        return outcome

    def _try(
        self, session: Session, key: str, handler: Handler, ids: Sequence[int], argument: Event | list[Event]
    ) -> str | None:
        """Run the handler in a savepoint. Returns what went wrong, None when all is well."""
        ctx = Context(session, self._assembly, job_actor(key))
        try:
            with self._watch.over(f"event handler {key}", ids), savepoint(session):
                handler.run(ctx, argument)
        except Exception as error:
            log.warning("event handler %s failed", key, exc_info=True)
            if not session.connection().closed and session.is_active:
                return _described(error)
            raise
        finally:
            session.expunge_all()  # the next handler reads what is stored, not what this one had in hand
        return None

    def _record(self, session: Session, outcome: _Outcome) -> None:
        if outcome.done:
            session.connection().execute(
                update(Delivery)
                .where(col(Delivery.id).in_(outcome.done))
                .values(state=DONE, done_at=utc_now(), error="")
            )
        for claim, error in outcome.failed:
            self._charge(session, claim.id, error)

    def _charge(self, session: Session, delivery_id: int, error: str) -> None:
        """Note a failed attempt: due again later, or dead after the last one."""
        found = select(col(Delivery.attempts)).where(
            col(Delivery.id) == delivery_id, col(Delivery.state) == DUE
        )
        before = session.connection().execute(found).scalar_one_or_none()
        if before is None:
            return
        attempts = before + 1
        values: dict[str, Any] = {"attempts": attempts, "error": error}
        if attempts >= MAX_ATTEMPTS:
            values["state"] = DEAD
            log.error(
                "delivery %s gave up after %s attempts: %s", delivery_id, attempts, error.partition("\n")[0]
            )
        else:
            values["due_at"] = utc_now() + self._back_off(attempts)
        session.connection().execute(update(Delivery).where(col(Delivery.id) == delivery_id).values(**values))


def _claims(session: Session, key: str, handler: Handler, limit: int) -> list[_Claim]:
    query = _claimable(key, handler, utc_now()).limit(limit).with_for_update(of=Delivery, skip_locked=True)
    claims = [
        _Claim(
            row.id,
            row.attempts,
            Event(row.event_id, row.name, row.at, row.customer_id, row.payload, row.actor),
        )
        for row in session.connection().execute(query)
    ]
    if handler.batch and any(claim.attempts for claim in claims):
        # What has failed, or killed its worker, is tried alone; the rest goes on together.
        fresh = 0
        while fresh < len(claims) and claims[fresh].attempts == 0:
            fresh += 1
        return claims[: max(fresh, 1)]
    return claims


def _claimable(key: str, handler: Handler, now: datetime) -> Select[Any]:
    """What is due of a handler, in the order of the events; if ordered, only what nothing earlier blocks."""
    due_at = col(Delivery.due_at)
    query = (
        select(
            col(Delivery.id),
            col(Delivery.attempts),
            col(Delivery.event_id),
            col(OutboxEvent.name),
            col(OutboxEvent.at),
            col(OutboxEvent.customer_id),
            col(OutboxEvent.payload),
            col(OutboxEvent.actor),
        )
        .join(OutboxEvent, col(OutboxEvent.id) == col(Delivery.event_id))
        .where(col(Delivery.handler) == key, col(Delivery.state) == DUE, due_at <= now)
        .order_by(col(Delivery.event_id))
    )
    if not handler.ordered:
        return query
    earlier = aliased(Delivery)
    blocked = exists().where(
        col(earlier.handler) == key,
        col(earlier.customer_id) == col(Delivery.customer_id),
        col(earlier.event_id) < col(Delivery.event_id),
        col(earlier.state) != DONE,
        ~and_(col(earlier.state) == DUE, col(earlier.due_at) <= now),
    )
    return query.where(or_(col(Delivery.customer_id).is_(None), ~blocked))


def _described(error: BaseException) -> str:
    """The error in one line, then where it came from."""
    line = "".join(traceback.format_exception_only(error)).strip()
    return f"{line}\n{''.join(traceback.format_tb(error.__traceback__))}"[:ERROR_CHARACTERS]
