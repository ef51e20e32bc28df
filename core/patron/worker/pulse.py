"""Notices cheaply that there may be something to do, on a connection of its own."""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, exists, make_url, select
from sqlmodel import col

from patron.db import Database, UtcDateTime
from patron.events import DUE
from patron.records import utc_now
from patron.system.models import Delivery, Generation, JobRun

LOOK_SECONDS = {"sqlite": 0.1, "postgresql": 0.25}
READ_SECONDS = 1.0  # what becomes due by time alone is seen after this long


@dataclass(frozen=True)
class Signs:
    """What the database says at a glance."""

    generation: int
    deliveries: bool
    jobs: bool


class Pulse:
    """Waits for changes. SQLite tells of others' commits by ``data_version``, which reads no page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._look_seconds = LOOK_SECONDS[database.dialect]
        self._sqlite: sqlite3.Connection | None = None
        self._version = -1
        if database.dialect == "sqlite":
            self._sqlite = sqlite3.connect(str(make_url(database.url).database), isolation_level=None)

    def wait(self, stop: threading.Event) -> None:
        """Return when something may have changed, after a second at the latest, or when ``stop`` is set."""
        deadline = time.monotonic() + READ_SECONDS
        while not stop.wait(self._look_seconds):
            if self._sqlite is None or time.monotonic() >= deadline or self._has_changed(self._sqlite):
                return

    def _has_changed(self, connection: sqlite3.Connection) -> bool:
        version = int(connection.execute("PRAGMA data_version").fetchone()[0])
        changed = version != self._version
        self._version = version
        return changed

    def read(self) -> Signs:
        """One statement that answers whether anything is due."""
        with self._database.read() as session:
            row = session.connection().execute(_SIGNS, {"now": utc_now()}).one()
        return Signs(row.generation or 0, bool(row.deliveries), bool(row.jobs))

    def close(self) -> None:
        if self._sqlite is not None:
            self._sqlite.close()


def _signs() -> Any:
    now: Any = bindparam("now", type_=UtcDateTime())
    return select(
        select(col(Generation.number)).limit(1).scalar_subquery().label("generation"),
        exists().where(col(Delivery.state) == DUE, col(Delivery.due_at) <= now).label("deliveries"),
        exists().where(col(JobRun.due_at) <= now).label("jobs"),
    )


_SIGNS = _signs()
