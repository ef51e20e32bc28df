"""How each engine is connected to, begins a transaction and says that it is busy."""

from __future__ import annotations

import math
import sqlite3
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from patron.errors import SetupError

MODE = "patron_mode"  # execution option: "write", "migration", or none to read
PROGRESS_STEPS = 20_000  # of SQLite's machine between two looks at the clock, well under a millisecond
MIGRATION_KEY = 0x706174726F6E
BUSY_SQLITE = {5, 6, 9}  # SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT
BUSY_POSTGRESQL = {
    "55P03": "lock_not_available",
    "57014": "query_canceled",
    "40P01": "deadlock_detected",
    "40001": "serialization_failure",
    "25P03": "idle_in_transaction_session_timeout",
    "53300": "too_many_connections",
}


def busy_reason(error: BaseException | None) -> str | None:
    """Why the driver's error is worth trying again; None when it is not."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return str(getattr(error, "sqlite_errorname", code)) if code & 0xFF in BUSY_SQLITE else None
    return BUSY_POSTGRESQL.get(getattr(error, "sqlstate", None) or "")


def is_away(error: BaseException | None) -> bool:
    """Whether the driver's error says that there is no database to talk to, not that it refused something."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return bool(code & 0xFF == sqlite3.SQLITE_CANTOPEN)
    state = getattr(error, "sqlstate", "")  # libpq's own errors have none; 57P: the server stops, or starts
    return state is None or state.startswith(("08", "57P"))


def parse_url(url: str) -> URL:
    """The URL with its driver; raises SetupError for what cannot work."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:") or "mode" in parsed.query:
            raise SetupError(
                "an in-memory SQLite database is not supported: give a file, sqlite:///patron.db"
            )
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise SetupError(f"the database must be sqlite:///… or postgresql://…, not {backend}")


class _Clock(sqlite3.Connection):
    """A connection that knows when its statement has taken too long (monotonic seconds), and whether it may write."""

    deadline = math.inf
    query_only = False

    def is_over(self) -> bool:
        return time.monotonic() > self.deadline


def sqlite_engine(url: URL, lock_timeout: float, statement_timeout: float, options: dict[str, Any]) -> Engine:
    """Connections to a file, durable, that only read unless their execution option says otherwise."""
    engine = create_engine(url, connect_args={"factory": _Clock}, **options)

    @event.listens_for(engine, "connect")
    def set_up(driver: Any, _record: object) -> None:
        # The driver's own BEGIN comes late or not at all, which lets work outlive a rollback.
        driver.isolation_level = None
        driver.execute(f"PRAGMA busy_timeout={int(lock_timeout * 1000)}")
        driver.execute("PRAGMA journal_mode=WAL")
        driver.execute("PRAGMA synchronous=FULL")
        driver.execute("PRAGMA foreign_keys=ON")
        driver.set_progress_handler(driver.is_over, PROGRESS_STEPS)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        mode = connection.get_execution_options().get(MODE)
        if mode == "migration":
            driver.execute("PRAGMA foreign_keys=OFF")
        if driver.query_only != (not mode):
            driver.execute(f"PRAGMA query_only={'OFF' if mode else 'ON'}")
            driver.query_only = not mode
        connection.exec_driver_sql("BEGIN IMMEDIATE" if mode else "BEGIN DEFERRED")

    @event.listens_for(engine, "before_cursor_execute")
    def start_clock(connection: Connection, cursor: Any, *_: object) -> None:
        exempt = connection.get_execution_options().get(MODE) == "migration"
        cursor.connection.deadline = math.inf if exempt else time.monotonic() + statement_timeout

    return engine


def postgresql_engine(
    url: URL, lock_timeout: float, statement_timeout: float, options: dict[str, Any]
) -> Engine:
    """Connections that carry the time-outs (seconds) as options."""
    lock_ms, statement_ms = int(lock_timeout * 1000), int(statement_timeout * 1000)
    settings = {
        "lock_timeout": lock_ms,
        "statement_timeout": statement_ms,
        "idle_in_transaction_session_timeout": 2 * statement_ms,
        "timezone": "UTC",
        # Short statements with a bound on their rows: compiling one takes longer than running it.
        "jit": "off",
    }
    given = url.query.get("options", "")
    sent = " ".join([str(given), *(f"-c {name}={value}" for name, value in settings.items())]).strip()
    engine = create_engine(url, connect_args={"options": sent}, pool_pre_ping=False, **options)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(MODE) == "migration":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_KEY})")

    return engine
