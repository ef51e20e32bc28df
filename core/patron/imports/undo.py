"""An import taken back: what it made goes, what it changed is as before, to the last column.

From its last row to its first, in batches, each one transaction that also marks its rows: a process that is killed is
followed by another. What somebody has edited or referred to since is left as it is, and the row says why. What other
rows of the same import refer to waits until those are gone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import and_, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from patron.accounts.audit import last_id
from patron.assembly import Assembly
from patron.bulk import update_rows
from patron.context import Context
from patron.contributions import Resource
from patron.errors import Busy, Conflict, NotFound
from patron.events import publish
from patron.imports import claims, engine
from patron.imports.pace import Pace
from patron.imports.retention import FORGOTTEN
from patron.imports.staging import Progress
from patron.imports.takeback import Done, Takeback
from patron.records import table, utc_now
from patron.resources.rules import rules_of
from patron.system.models import Import, ImportRow

log = logging.getLogger("patron.imports")
READY = ("applied", "part applied", "cancelled", "part undone")
"""States in which an import may have something to be taken back."""
_EFFECTS = ("created", "updated")


@dataclass(frozen=True)
class Kept:
    """A row that could not be taken back, and why."""

    line: int
    record_id: int | None
    reason: str


def undo(assembly: Assembly, import_id: int, *, on_progress: Progress | None = None) -> engine.Status:
    """Take an import back as far as nobody stands in the way, or go on with it. NotFound, Conflict, Forbidden.

    Afterwards it is ``undone``, or ``part undone`` with the rows that are kept (:func:`kept_rows`).
    """
    with assembly.database.write() as session:
        row = _row(session, import_id)
        if row["state"] != "undoing":
            _refuse(session, assembly, row)
            _begin(session, row)
        mine = claims.claim(session, import_id, "undoing", READY)
    work = Undoing(assembly, assembly.resource(row["resource"]), import_id, mine, on_progress)
    try:
        work.run()
    except Conflict:
        raise
    except Exception as error:
        log.exception("undoing import %s stopped", import_id)
        _stop(assembly, import_id, mine, error)
        raise
    with assembly.database.read() as session:
        return engine.status(session, import_id)


def request_undo(session: Session, assembly: Assembly, import_id: int, user_id: int | None) -> None:
    """Hand it to the worker, in the name of that user (None: the system). NotFound, Conflict."""
    row = _row(session, import_id)
    _refuse(session, assembly, row)
    _begin(session, row)
    t = table(Import)
    values: dict[str, Any] = {"state": "undoing", "claimed_by": "", "heartbeat_at": None, "error": ""}
    values["mapping"] = {**row["mapping"], "undone_by": user_id}
    session.execute(update(t).where(t.c.id == import_id).values(values))


def kept_rows(session: Session, import_id: int, *, after: int = 0, limit: int = 100) -> list[Kept]:
    """The rows that stay, by line."""
    t = table(ImportRow)
    statement = (
        select(t.c.line, t.c.record_id, t.c.reason)
        .where(t.c.import_id == import_id, t.c.undo == "kept", t.c.line > after)
        .order_by(t.c.line)
        .limit(limit)
    )
    return [Kept(row.line, row.record_id, row.reason) for row in session.execute(statement)]


def may_be_undone(assembly: Assembly, status: engine.Status) -> bool:
    """Whether it makes sense to offer it."""
    done = status.created + status.updated > status.undone
    if rules_of(assembly.resource(status.resource)).irreversible:
        return False
    return status.state in READY and done and not status.dry_run and FORGOTTEN not in status.mapping


def _row(session: Session, import_id: int) -> Any:
    t = table(Import)
    row = session.execute(select(t).where(t.c.id == import_id)).mappings().first()
    if row is None:
        raise NotFound("There is no such import.")
    return row


def _refuse(session: Session, assembly: Assembly, row: Any) -> None:
    if irreversible := rules_of(assembly.resource(row["resource"])).irreversible:
        raise Conflict(irreversible)
    dead = row["state"] == "applying" and claims.is_dead(row["claimed_by"], row["heartbeat_at"], utc_now())
    if row["dry_run"] or (row["state"] not in READY and not dead):
        raise Conflict(f"This import is {row['state']}: there is nothing to take back.")
    if FORGOTTEN in row["mapping"]:
        raise Conflict("What this import changed is no longer kept, so it cannot be taken back.")
    later = _later(session, row)
    if later:
        names = ", ".join(f"{one.id} ({one.file_name})" for one in later)
        raise Conflict(f"A later import changed the same records. Undo that first: {names}.")


def _later(session: Session, row: Any) -> Sequence[Any]:
    """Later imports that have effects, not taken back, on records of this one; the last first."""
    t, mine, theirs = table(Import), table(ImportRow), table(ImportRow).alias("theirs")
    ours = select(mine.c.record_id).where(
        mine.c.import_id == row["id"], mine.c.state.in_(_EFFECTS), mine.c.undo != "undone"
    )
    touched = and_(
        theirs.c.import_id == t.c.id, theirs.c.state == "updated", theirs.c.undo == "", theirs.c.record_id.in_(ours)
    )  # fmt: skip
    statement = (
        select(t.c.id, t.c.file_name)
        .where(t.c.id > row["id"], t.c.resource == row["resource"], t.c.updated > 0, exists().where(touched))
        .order_by(t.c.id.desc())
        .limit(5)
    )
    return session.execute(statement).all()


def _begin(session: Session, row: Any) -> None:
    """What is not applied never will be; what was kept by an earlier attempt is looked at again."""
    t, rows = table(Import), table(ImportRow)
    waiting = and_(rows.c.import_id == row["id"], rows.c.state == "staged")
    if row["state"] in ("part applied", "applying"):
        left = session.execute(select(func.count()).select_from(rows).where(waiting)).scalar_one()
        values = {"skipped": t.c.skipped + left, "state": "part applied"}
        session.execute(update(t).where(t.c.id == row["id"]).values(values))
    session.execute(update(rows).where(waiting).values(state="skipped"))
    again = update(rows).where(rows.c.import_id == row["id"], rows.c.undo == "kept")
    session.execute(again.values(undo="", reason=""))


@dataclass
class Undoing:
    """One process's work on taking one import back."""

    assembly: Assembly
    resource: Resource
    import_id: int
    mine: str
    on_progress: Progress | None = None

    @cached_property
    def takeback(self) -> Takeback:
        with self.assembly.database.read() as session:
            return Takeback.of(session, self.assembly, self.resource, self.import_id)

    def run(self) -> None:
        """Rounds over what is left, as long as each takes something back; then what remains is kept."""
        while True:
            undone, blocked = self._round(final=False)
            if not blocked:
                break
            if not undone:
                self._round(final=True)
                break
        self._made_beside()
        self._finish()

    def _round(self, *, final: bool) -> tuple[int, int]:
        """From the last row to the first: how many were taken back, and how many wait for others."""
        pace, below = Pace(), 1 << 62
        undone = blocked = failures = 0
        while True:
            try:
                taken, waits, lowest, seconds = self._batch(pace.size, below, final=final)
            except (Busy, IntegrityError):
                failures += 1  # somebody has referred to one of them meanwhile: the next look sees it
                if failures >= engine.ATTEMPTS:
                    raise
                continue
            failures = 0
            if lowest is None:
                return undone, blocked
            below, undone, blocked = lowest, undone + taken, blocked + waits
            pace.took(max(taken, 1), seconds)
            self._report()

    def _batch(self, size: int, below: int, *, final: bool) -> tuple[int, int, int | None, float]:
        with self.assembly.database.read() as session:
            rows = self._rows(session, size, below)
            if not rows:
                return 0, 0, None, 0.0
            seen = last_id(session)
            verdicts = self.takeback.judge(self._context(session), rows)
        reasons = {key: v.reason for key, v in verdicts.items() if v.reason and (final or not v.waits)}
        ready = [row for row in rows if row.id in verdicts and not verdicts[row.id].reason]
        with self.assembly.database.write() as session:
            began = time.monotonic()
            ctx = self._held(session)
            done = self.takeback.take_back(ctx, ready, seen)
            self._note(ctx, done, reasons)
        return (
            len(done.row_ids),
            len(rows) - len(done.row_ids) - len(reasons),
            rows[-1].id,
            time.monotonic() - began,
        )

    def _rows(self, session: Session, size: int, below: int) -> Sequence[Any]:
        t = table(ImportRow)
        statement = (
            select(t.c.id, t.c.line, t.c.state, t.c.record_id)
            .where(t.c.import_id == self.import_id, t.c.state.in_(_EFFECTS), t.c.undo == "", t.c.id < below)
            .order_by(t.c.id.desc())
            .limit(size)
        )
        return session.execute(statement).all()

    def _context(self, session: Session) -> Context:
        t = table(Import)
        row = session.execute(select(t.c.mapping, t.c.user_id).where(t.c.id == self.import_id)).one()
        user_id = row.mapping.get("undone_by", row.user_id)
        return Context(session, self.assembly, engine.actor_of(session, self.assembly, user_id), muted=True)

    def _held(self, session: Session) -> Context:
        """Say that this process lives. Conflict when another one has taken over."""
        t = table(Import)
        held = update(t).where(t.c.id == self.import_id, t.c.claimed_by == self.mine, t.c.state == "undoing")
        if session.execute(held.values(heartbeat_at=utc_now()).returning(t.c.id)).first() is None:
            raise Conflict("Another process has taken this import over.")
        return self._context(session)

    def _note(self, ctx: Context, done: Done, reasons: dict[int, str]) -> None:
        """The rows' marks, the count and one event, in the transaction of the effects."""
        t, rows = table(Import), table(ImportRow)
        kept = [{"id": key, "undo": "kept", "reason": text[:500]} for key, text in reasons.items()]
        update_rows(ctx.session, rows, kept)
        update_rows(ctx.session, rows, [{"id": key, "undo": "undone"} for key in done.row_ids])
        if not done.row_ids:
            return
        risen = update(t).where(t.c.id == self.import_id)
        ctx.session.execute(risen.values(undone=t.c.undone + len(done.row_ids)))
        payload = {"import_id": self.import_id, "removed": done.removed, "restored": done.restored}
        loud = Context(ctx.session, ctx.assembly, ctx.actor)
        publish(loud, f"{self.resource.key}.import_undone", payload)

    def _made_beside(self) -> None:
        """Employers that only their people named, and addresses that nobody holds any more."""
        after = 0
        while True:
            with self.assembly.database.write() as session:
                last = self.takeback.take_beside(self._held(session), after)
            if last is None:
                return
            after = last

    def _finish(self) -> None:
        t, rows = table(Import), table(ImportRow)
        kept = exists().where(rows.c.import_id == self.import_id, rows.c.undo == "kept")
        with self.assembly.database.write() as session:
            partly = session.execute(select(t.c.id).where(t.c.id == self.import_id, kept)).first() is not None
            held = update(t).where(t.c.id == self.import_id, t.c.claimed_by == self.mine)
            state = "part undone" if partly else "undone"
            session.execute(held.values(state=state, claimed_by="", error="", finished_at=utc_now()))

    def _report(self) -> None:
        if self.on_progress is None:
            return
        with self.assembly.database.read() as session:
            now = engine.status(session, self.import_id)
        self.on_progress(now.undone, now.created + now.updated)


def _stop(assembly: Assembly, import_id: int, mine: str, error: Exception) -> None:
    t = table(Import)
    detail = (
        getattr(error, "detail", "") or "Something unexpected happened; the last batch was left as it was."
    )
    with assembly.database.write() as session:
        held = update(t).where(t.c.id == import_id, t.c.claimed_by == mine)
        session.execute(held.values(state="part undone", claimed_by="", error=str(detail)[:1000]))
