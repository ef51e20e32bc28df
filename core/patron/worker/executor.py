"""The lock on a worker's name: two workers with one executor id would run every job twice."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from patron.db import Database
from patron.errors import SetupError
from patron.settings import Settings

EXIT_TAKEN = 75
SUPERVISOR_VARIABLE = "PATRON_SUPERVISOR"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ExecutorTaken(SetupError):
    """Another worker runs under this executor id."""


def is_orphan() -> bool:
    """Whether the ``patron serve`` that started this process is gone."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    return supervisor is not None and os.getppid() != int(supervisor)


def default_executor_id(settings: Settings) -> str:
    """The id of the one worker of ``patron serve``: by host, since several hosts may share a PostgreSQL."""
    return "main" if settings.database_url.startswith("sqlite") else f"{socket.gethostname()[:56]}-main"


class ExecutorLock:
    """Held for the life of a worker: a locked file here and, on PostgreSQL, an advisory lock.

    The file also holds the ids of the deliveries that run at the moment: who takes the lock after a
    crash learns from ``interrupted`` which they were.
    """

    def __init__(self, settings: Settings, database: Database, executor_id: str) -> None:
        if not _NAME.fullmatch(executor_id):
            raise SetupError("An executor id is at most 64 letters, digits, dots, dashes and underscores.")
        self.executor_id = executor_id
        self.interrupted: tuple[int, ...] = ()
        self._path = _lock_path(settings, executor_id)
        self._url = make_url(database.url) if database.dialect == "postgresql" else None
        self._file: int | None = None
        self._connection: psycopg.Connection[tuple[bool]] | None = None

    def acquire(self) -> None:
        """Take the lock, at once or not at all: ExecutorTaken tells what to do."""
        if not self.try_acquire():
            raise ExecutorTaken(
                f"A worker with the executor id “{self.executor_id}” is running already."
                " Stop it, or start this one with another --executor-id."
            )

    def try_acquire(self) -> bool:
        """Take the lock if it is free; says whether it was."""
        if self._take_file() and self._take_session():
            return True
        self.release()
        return False

    def note(self, delivery_ids: Sequence[int]) -> None:
        """Store which deliveries run now. Survives the process, not the machine: no sync."""
        if self._file is not None:
            os.pwrite(self._file, json.dumps(list(delivery_ids)).encode() + b"\n", 0)

    def holds(self) -> bool:
        """Whether the lock still stands; it falls when PostgreSQL ends its session."""
        if self._connection is None:
            return self._file is not None
        try:
            self._connection.execute("SELECT true")
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._file is not None:
            os.close(self._file)
        self._connection = self._file = None

    def _take_file(self) -> bool:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        first = os.pread(self._file, 1 << 16, 0).partition(b"\n")[0]
        try:
            self.interrupted = tuple(int(item) for item in json.loads(first or b"[]"))
        except ValueError:
            self.interrupted = ()
        return True

    def _take_session(self) -> bool:
        if self._url is None:
            return True
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(
            plain, autocommit=True, application_name=f"patron-{self.executor_id}"
        )
        digest = hashlib.blake2b(f"patron worker {self.executor_id}".encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "big", signed=True)
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        return row is not None and row[0]


def _lock_path(settings: Settings, executor_id: str) -> Path:
    """Beside the SQLite database, else in the installation's folder."""
    if settings.database_url.startswith("sqlite"):
        return Path(f"{make_url(settings.database_url).database}.worker-{executor_id}")
    return settings.path(f".worker-{executor_id}")
