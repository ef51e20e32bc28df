"""The second half of an import: staged rows applied in batches, each one transaction that also marks its rows.

So a process that is killed leaves whole batches behind, and whoever goes on begins with the first row that is still
staged. The counts always add up: created + updated + skipped + rejected = rows once nothing is staged any more.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from patron.accounts.authentication import user_actor
from patron.assembly import Assembly
from patron.bulk import among, update_rows
from patron.context import Context
from patron.contributions import Resource
from patron.customers.provenance import IMPORT
from patron.errors import Busy, Conflict, Forbidden, NotFound
from patron.events import publish
from patron.imports import claims
from patron.imports.customers import write_customers
from patron.imports.history import RESOURCE as HISTORY
from patron.imports.history import apply_history
from patron.imports.matching import Rules
from patron.imports.outcomes import Outcome, Waiting, read_staged
from patron.imports.pace import LAST_PART_SECONDS, SMALLEST, Pace
from patron.imports.prepared import Prepared, prepare
from patron.imports.record_rows import apply_records
from patron.imports.staging import Progress
from patron.permissions import ANONYMOUS, Actor, job_actor
from patron.records import table, utc_now
from patron.system.models import Import, ImportRow

log = logging.getLogger("patron.imports")
ATTEMPTS = 5
Clock = Callable[[], float]
OnBatch = Callable[[int, float], None]
"""Called after a batch with its rows and the seconds for which it held the lock."""


@dataclass(frozen=True)
class Status:
    """An import as it stands. ``done`` rows have an outcome; ``stopped``: nobody works on it, though it is not over."""

    id: int
    resource: str
    file_name: str
    source: str
    match: str
    mapping: dict[str, Any]
    state: str
    dry_run: bool
    rows: int
    created: int
    updated: int
    skipped: int
    rejected: int
    undone: int
    user_id: int | None
    created_at: datetime
    finished_at: datetime | None
    error: str
    stopped: bool

    @property
    def done(self) -> int:
        return self.created + self.updated + self.skipped + self.rejected

    def counts(self) -> dict[str, int]:
        """What the command line and programs are told."""
        names = ("rows", "created", "updated", "skipped", "rejected")
        return {"import_id": self.id, **{name: asdict(self)[name] for name in names}}


def status(session: Session, import_id: int) -> Status:
    """How far an import is; a dead process shows as ``part applied``. NotFound."""
    t = table(Import)
    row = session.execute(select(t).where(t.c.id == import_id)).mappings().first()
    if row is None:
        raise NotFound("There is no such import.")
    values = {name: row[name] for name in Status.__dataclass_fields__ if name in row}
    stopped = row["state"] in ("staging", "applying", "undoing") and claims.is_dead(
        row["claimed_by"], row["heartbeat_at"], utc_now()
    )
    state = "part applied" if stopped and row["state"] == "applying" and row["claimed_by"] else row["state"]
    return Status(**{**values, "state": state, "stopped": stopped})


def actor_of(session: Session, assembly: Assembly, user_id: int | None) -> Actor:
    """In whose name rows are applied: the user with the rights of now, or, of an import without one, the system."""
    if user_id is None:
        return job_actor("Import")
    actor = user_actor(session, assembly, user_id)
    if actor == ANONYMOUS:
        raise Forbidden("The user who started this import is no longer active.")
    return actor


@dataclass
class Applying:
    """One process's work on one import."""

    assembly: Assembly
    resource: Resource
    import_id: int
    mine: str
    rules: Rules
    user_id: int | None
    file_name: str
    clock: Clock = time.monotonic

    def batch(self, size: int, part: int) -> tuple[int, float]:
        """Apply the next rows in one transaction: how many there were, and how long the lock was held (seconds).

        Not more than ``size``, and fewer when time runs out: it looks at the clock after each ``part``.
        """
        for _ in range(ATTEMPTS):
            rows, ready = self._next(size)
            if not rows:
                return 0, 0.0
            with self.assembly.database.write() as session:
                began = self.clock()
                ctx = self._held(session)
                if ready is not None and not ready.holds(ctx):
                    continue
                count = self._apply(ctx, rows, ready, part, partial(self._late, began))
            return count, self.clock() - began
        return self._in_the_lock()

    def _late(self, began: float) -> bool:
        return self.clock() - began > LAST_PART_SECONDS

    def _in_the_lock(self) -> tuple[int, float]:
        """Some rows decided while nobody else can write, since whatever was decided before had changed meanwhile."""
        with self.assembly.database.write() as session:
            began = self.clock()
            ctx = self._held(session)
            rows = read_staged(session, self.import_id, 0, SMALLEST, people=True)
            count = self._apply(ctx, rows, prepare(ctx, self.rules, rows), SMALLEST, lambda: False)
        return count, self.clock() - began

    def _next(self, size: int) -> tuple[list[Waiting], Prepared | None]:
        """Read and decided outside of the lock: nobody else touches the rows of a claimed import."""
        people = self.resource.key == "customers"
        with self.assembly.database.read() as session:
            rows = read_staged(session, self.import_id, 0, size, people=people)
            if not rows or not people:
                return rows, None
            ctx = self._context(session)
            return rows, prepare(ctx, self.rules, rows)

    def _held(self, session: Session) -> Context:
        """Say that this process lives. Conflict when the import was cancelled or taken over: the batch is undone."""
        t = table(Import)
        held = update(t).where(t.c.id == self.import_id, t.c.claimed_by == self.mine, t.c.state == "applying")
        if session.execute(held.values(heartbeat_at=utc_now()).returning(t.c.id)).first() is None:
            raise Conflict("The import was cancelled, or another process has taken it over.")
        return self._context(session)

    def _context(self, session: Session) -> Context:
        """Where it comes from is the source of the file: the audit, and so the provenance of each field, says so."""
        actor = actor_of(session, self.assembly, self.user_id)
        return Context(session, self.assembly, actor, muted=True, address=f"{IMPORT}{self.rules.source}")

    def _apply(
        self,
        ctx: Context,
        rows: Sequence[Waiting],
        ready: Prepared | None,
        part: int,
        late: Callable[[], bool],
    ) -> int:
        """Write rows until it is late; how many have an outcome now."""
        outcomes: list[Outcome] = []
        if self.resource.key == HISTORY:
            outcomes = apply_history(ctx, self.rules.source, rows, late, self.import_id)
        elif ready is None:
            earlier = earlier_records(ctx.session, self.rules, [row.line for row in rows])
            outcomes = apply_records(
                ctx, self.resource, rows, earlier, late, self.import_id, self.rules.source
            )
        else:
            for some in ready.parts(part):
                outcomes += write_customers(ctx, self.rules, some, self.import_id)
                if late():
                    break
        _record(ctx.session, self.import_id, outcomes)
        _announce(ctx, self.resource, self.import_id, outcomes)
        return len(outcomes)


def apply(
    assembly: Assembly,
    import_id: int,
    *,
    on_progress: Progress | None = None,
    on_batch: OnBatch | None = None,
    clock: Clock = time.monotonic,
) -> Status:
    """Apply what is staged until nothing is left, whoever began it. Conflict while another process works on it.

    What stops it half-way leaves ``part applied`` with the reason; :func:`apply` goes on from there.
    """
    with assembly.database.write() as session:
        mine = claims.claim(session, import_id, "applying", ("staged", "part applied"))
        work = _work(session, assembly, import_id, mine, clock)
    pace, failures = Pace(), 0
    try:
        while True:
            try:
                count, seconds = work.batch(pace.size, pace.part)
            except (Busy, IntegrityError):
                # Someone has made the same address or customer meanwhile: the next look finds it.
                failures += 1
                if failures >= ATTEMPTS:
                    raise
                continue
            failures = 0
            if not count:
                break
            pace.took(count, seconds)
            if on_batch is not None:
                on_batch(count, seconds)
            if on_progress is not None:
                with assembly.database.read() as session:
                    now = status(session, import_id)
                on_progress(now.done, now.rows)
    except Conflict:
        raise
    except Exception as error:
        _stop(assembly, import_id, mine, error)
        raise
    _finish(assembly, import_id, mine)
    with assembly.database.read() as session:
        return status(session, import_id)


def _work(session: Session, assembly: Assembly, import_id: int, mine: str, clock: Clock) -> Applying:
    t = table(Import)
    row = session.execute(select(t).where(t.c.id == import_id)).mappings().one()
    resource = assembly.resource(row["resource"])
    actor_of(session, assembly, row["user_id"]).require(resource.permission("import"))
    rules = Rules.of(row["source"], row["match"], earlier_imports(session, row))
    return Applying(assembly, resource, import_id, mine, rules, row["user_id"], row["file_name"], clock)


def earlier_imports(session: Session, row: Any) -> tuple[int, ...]:
    """Imports of the same bytes from the same source for the same resource that have made something."""
    t = table(Import)
    same = and_(
        t.c.id < row["id"], t.c.file_sha256 == row["file_sha256"], t.c.resource == row["resource"],
        t.c.source == row["source"], t.c.dry_run.is_(False), t.c.created + t.c.updated + t.c.skipped > 0,
    )  # fmt: skip
    found = session.execute(select(t.c.id).where(same).order_by(t.c.id.desc()).limit(20)).scalars()
    return tuple(found) if row["file_sha256"] else ()


def earlier_records(session: Session, rules: Rules, lines: Sequence[int]) -> dict[int, int]:
    """By line, the record that an earlier import of the same file made of it."""
    if not rules.earlier:
        return {}
    t = table(ImportRow)
    statement = (
        select(t.c.line, t.c.record_id)
        .where(among(t.c.import_id, rules.earlier), among(t.c.line, lines), t.c.record_id.is_not(None))
        .order_by(t.c.import_id)
    )
    return {row.line: row.record_id for row in session.execute(statement)}


def _record(session: Session, import_id: int, outcomes: Sequence[Outcome]) -> None:
    """The rows' ends and the counts, in the transaction of the effects."""
    update_rows(
        session,
        table(ImportRow),
        [
            {"id": o.row_id, "state": o.state, "record_id": o.record_id, "reason": o.reason, "field": o.field}
            for o in outcomes
        ],
    )
    t = table(Import)
    counts = Counter("skipped" if outcome.state == "review" else outcome.state for outcome in outcomes)
    risen = {name: t.c[name] + number for name, number in counts.items()}
    session.execute(update(t).where(t.c.id == import_id).values(**risen, heartbeat_at=utc_now()))


def _announce(ctx: Context, resource: Resource, import_id: int, outcomes: Sequence[Outcome]) -> None:
    """One event for the batch, since an import sets off no automation per record."""
    by_state = {
        state: [outcome.record_id for outcome in outcomes if outcome.state == state]
        for state in ("created", "updated")
    }
    if any(by_state.values()):
        publish(replace(ctx, muted=False), f"{resource.key}.imported", {"import_id": import_id, **by_state})


def _finish(assembly: Assembly, import_id: int, mine: str) -> None:
    t = table(Import)
    with assembly.database.write() as session:
        session.execute(
            update(t)
            .where(t.c.id == import_id, t.c.claimed_by == mine, t.c.state == "applying")
            .values(state="applied", claimed_by="", finished_at=utc_now())
        )


def _stop(assembly: Assembly, import_id: int, mine: str, error: Exception) -> None:
    log.exception("import %s stopped", import_id)
    t = table(Import)
    detail = (
        getattr(error, "detail", "") or "Something unexpected happened; nothing of the last batch was kept."
    )
    with assembly.database.write() as session:
        session.execute(
            update(t)
            .where(t.c.id == import_id, t.c.claimed_by == mine)
            .values(state="part applied", claimed_by="", error=str(detail)[:1000])
        )


def cancel(session: Session, import_id: int) -> None:
    """Stop an import: what is applied stays, the rest is counted as skipped. Conflict once it is over."""
    t, rows = table(Import), table(ImportRow)
    open_states = ("uploaded", "staging", "staged", "applying", "part applied")
    found = session.execute(
        update(t)
        .where(t.c.id == import_id, among(t.c.state, open_states))
        .values(state="cancelled", claimed_by="", finished_at=utc_now())
        .returning(t.c.id)
    ).first()
    if found is None:
        raise Conflict("This import is over already.")
    waiting = and_(rows.c.import_id == import_id, rows.c.state == "staged")
    left = session.execute(select(func.count()).select_from(rows).where(waiting)).scalar_one()
    session.execute(update(t).where(t.c.id == import_id).values(skipped=t.c.skipped + left))


def request_apply(session: Session, import_id: int) -> None:
    """Hand a staged or stopped import to the worker. Conflict in any other state."""
    t = table(Import)
    row = session.execute(
        select(t.c.state, t.c.claimed_by, t.c.heartbeat_at).where(t.c.id == import_id)
    ).one()
    ready = row.state in ("staged", "part applied") or (
        row.state == "applying" and claims.is_dead(row.claimed_by, row.heartbeat_at, utc_now())
    )
    if not ready:
        raise Conflict(f"This import is {row.state}.")
    session.execute(
        update(t)
        .where(t.c.id == import_id)
        .values(state="applying", claimed_by="", heartbeat_at=None, error="")
    )


def mine_or_all(actor: Actor) -> Any:
    """The imports that an actor may see: their own; an administrator all."""
    t = table(Import)
    everything = actor.scope("*") is not None
    return or_(t.c.id.is_not(None)) if everything else t.c.user_id == (actor.user_id or 0)
