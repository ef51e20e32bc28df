"""The database: one unit of work per request, on SQLite or PostgreSQL. Nothing else begins or commits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from patron.columns import (
    BigInt,
    Json,
    NaiveDateTime,
    SortKey,
    UtcDateTime,
    id_column,
    new_registry,
)
from patron.engines import MODE, busy_reason, parse_url, postgresql_engine, sqlite_engine
from patron.errors import Busy, PatronError, SetupError
from patron.writer_lock import LockStats, WriterLock

__all__ = [
    "BigInt",
    "Database",
    "Json",
    "LockStats",
    "NaiveDateTime",
    "Session",
    "SortKey",
    "UtcDateTime",
    "after_commit",
    "before_commit",
    "id_column",
    "may_write",
    "new_registry",
    "savepoint",
]

log = logging.getLogger(__name__)

AFTER_COMMIT = "patron_after_commit"
BEFORE_COMMIT = "patron_before_commit"


class UnitOfWork(Session):
    """The session that services get: they flush, :class:`Database` commits."""

    def rollback(self) -> None:
        """Undo everything so far, what was asked for with it included."""
        super().rollback()
        for asked in (BEFORE_COMMIT, AFTER_COMMIT):
            self.info.pop(asked, None)

    def commit(self) -> None:
        raise PatronError("a service flushes; only Database.write() commits")


class Database:
    """One database, shared by all threads of a process.

    ``url`` is ``sqlite:///file.db`` or ``postgresql://…``; times are seconds. ``lock_timeout`` bounds the
    wait for SQLite's writer lock or PostgreSQL's row locks, ``statement_timeout`` one statement and the
    reading of its rows.
    Time-outs, deadlocks and an exhausted pool raise :class:`~patron.errors.Busy`.

    Time-outs are sent as connection options, so PostgreSQL is reached directly or through a pooler that
    passes them on (PgBouncer 1.20 or later, in session mode).
    """

    def __init__(
        self, url: str, *, lock_timeout: float = 10.0, statement_timeout: float = 15.0, pool_size: int = 8
    ) -> None:
        parsed = parse_url(url)
        self.url = parsed.render_as_string(hide_password=False)
        self.dialect = parsed.get_backend_name()
        self.lock_timeout = lock_timeout
        self.statement_timeout = statement_timeout
        self._writing = threading.local()
        self._writer_lock: WriterLock | None = None
        # The connection used last is warm: its pages are cached, its statements prepared.
        options: dict[str, Any] = {
            "pool_size": pool_size, "max_overflow": 0, "pool_timeout": lock_timeout, "pool_use_lifo": True,
        }  # fmt: skip
        if self.dialect == "sqlite":
            self._writer_lock = WriterLock(Path(f"{parsed.database}.lock"))
            self.engine = sqlite_engine(parsed, lock_timeout, statement_timeout, options)
        else:
            self.engine = postgresql_engine(parsed, lock_timeout, statement_timeout, options)
        self._read_engine = self.engine.execution_options(postgresql_readonly=True)
        self._write_engine = self.engine.execution_options(**{MODE: "write"})

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def lock_stats(self) -> LockStats:
        """Waits and holds of SQLite's writer lock in this process; all zero on PostgreSQL."""
        return self._writer_lock.stats() if self._writer_lock else LockStats()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot-like transaction in which the database refuses every write."""
        with _busy_translated(), UnitOfWork(self._read_engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed on return and rolled back on raise.

        Holds SQLite's writer lock throughout: no network, file or password work inside. One thread writes
        in one transaction at a time; a second, nested one is refused because it would wait for the first.
        Objects stay readable after the commit.
        """
        with (
            self._alone_in_thread(),
            _busy_translated(),
            self._locked(),
            UnitOfWork(self._write_engine, expire_on_commit=False) as session,
        ):
            session.connection()
            yield session
            _run_before_commit(session)
            Session.commit(session)
        _run_after_commit(session)

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """A connection for changing tables: one transaction, alone, with no statement time-out.

        On SQLite foreign keys do not act meanwhile; a reference that is left without its row raises
        :class:`~patron.errors.SetupError` and everything is rolled back.
        """
        with self._alone_in_thread(), _busy_translated(), self._locked():
            mode = self.engine.execution_options(**{MODE: "migration"})
            with mode.connect() as connection:
                connection.detach()  # closed afterwards, never lent to a request
                with connection.begin():
                    yield connection
                    if self.dialect == "sqlite":
                        _check_references(connection)

    @contextmanager
    def _alone_in_thread(self) -> Iterator[None]:
        if getattr(self._writing, "active", False):
            raise PatronError("this thread is already inside Database.write(): pass its session on instead")
        self._writing.active = True
        try:
            yield
        finally:
            self._writing.active = False

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._writer_lock.hold(self.lock_timeout) if self._writer_lock else nullcontext():
            yield


def may_write(session: Session) -> bool:
    """Whether the session is one of :meth:`Database.write`; in another the database refuses locks and changes."""
    return session.connection().get_execution_options().get(MODE) == "write"


def before_commit(session: Session, fn: Callable[[list[Any]], object], item: Any) -> None:
    """Run ``fn`` once, as the last work of the transaction of ``session``, with all items that were given with it.

    What was asked for inside a :func:`savepoint` that rolled back, or before a rollback, is forgotten.
    An error in ``fn`` undoes the whole.
    """
    session.info.setdefault(BEFORE_COMMIT, []).append((fn, item))


def after_commit(session: Session, fn: Callable[[], object]) -> None:
    """Run ``fn`` once the transaction of ``session`` is committed and its locks are free; never otherwise.

    What was asked for inside a :func:`savepoint` that rolled back, or before a rollback, is forgotten.
    An error in ``fn`` is logged.
    """
    session.info.setdefault(AFTER_COMMIT, []).append(fn)


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Undo alone what the block did when it raises; the error goes on to the caller."""
    asked_before = {asked: len(session.info.get(asked, ())) for asked in (BEFORE_COMMIT, AFTER_COMMIT)}
    try:
        with session.begin_nested():
            yield
    except BaseException:
        for asked, count in asked_before.items():
            del session.info.get(asked, [])[count:]
        raise


def _run_before_commit(session: Session) -> None:
    together: dict[Callable[[list[Any]], object], list[Any]] = {}
    for fn, item in session.info.pop(BEFORE_COMMIT, ()):
        together.setdefault(fn, []).append(item)
    for fn, items in together.items():
        fn(items)


def _run_after_commit(session: Session) -> None:
    for fn in session.info.pop(AFTER_COMMIT, ()):
        try:
            fn()
        except Exception:
            log.exception("work after a commit failed: %r", fn)


@contextmanager
def _busy_translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy("All database connections are in use.", retry_after=1) from error
    except DBAPIError as error:
        reason = busy_reason(error.orig)
        if reason is None:
            raise
        raise Busy(f"The database did not answer in time ({reason}); nothing was saved.") from error


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if broken:
        rows = ", ".join(f"{table} row {row} → {parent}" for table, row, parent, _ in broken)
        raise SetupError(f"the migration leaves references without their row and was undone: {rows}")
