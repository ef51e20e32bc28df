"""The machine-wide lock that SQLite writers queue at, with a bounded wait and first come, first served."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from patron.errors import Busy

POLL_SECONDS = 0.0005


@dataclass(frozen=True)
class LockStats:
    """What the writer lock of this process has cost; times are milliseconds."""

    acquired: int = 0
    timed_out: int = 0
    last_wait_ms: float = 0.0
    last_hold_ms: float = 0.0
    longest_wait_ms: float = 0.0
    longest_hold_ms: float = 0.0


class FairLock:
    """A lock that threads of one process get in the order in which they asked."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    def acquire(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds; tells whether the lock was got."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False


class WriterLock:
    """One writer at a time on this machine, for the SQLite database beside which ``path`` lies.

    Two files: who waits holds ``<path>-next``, who writes holds ``<path>``. A process that has just written
    must pass the waiting one at the first file, so none is starved by a busier neighbour.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = path.with_name(path.name + "-next")
        self._threads = FairLock()
        self._stats = LockStats()

    def stats(self) -> LockStats:
        return self._stats

    @contextmanager
    def hold(self, timeout: float) -> Iterator[None]:
        """Hold the lock; raises :class:`~patron.errors.Busy` when not free within ``timeout`` seconds."""
        asked = time.monotonic()
        deadline = asked + timeout
        if not self._threads.acquire(timeout):
            raise self._busy()
        try:
            file = self._lock_files(deadline)
            got = time.monotonic()
            try:
                yield
            finally:
                _unlock(file)
                self._count(waited=got - asked, held=time.monotonic() - got)
        finally:
            self._threads.release()

    def _lock_files(self, deadline: float) -> int:
        next_in_line = _lock(self._next, deadline)
        if next_in_line is None:
            raise self._busy()
        try:
            file = _lock(self._path, deadline)
        finally:
            _unlock(next_in_line)
        if file is None:
            raise self._busy()
        return file

    def _busy(self) -> Busy:
        # A lost update of a counter under a race is worth less than a lock around it.
        self._stats = LockStats(**{**vars(self._stats), "timed_out": self._stats.timed_out + 1})
        return Busy("Others are writing at the moment; nothing was saved.", retry_after=1)

    def _count(self, *, waited: float, held: float) -> None:
        wait_ms, hold_ms, past = waited * 1000, held * 1000, self._stats
        self._stats = LockStats(
            acquired=past.acquired + 1,
            timed_out=past.timed_out,
            last_wait_ms=wait_ms,
            last_hold_ms=hold_ms,
            longest_wait_ms=max(past.longest_wait_ms, wait_ms),
            longest_hold_ms=max(past.longest_hold_ms, hold_ms),
        )


def _lock(path: Path, deadline: float) -> int | None:
    """The descriptor of the locked file, or None when ``deadline`` (monotonic seconds) passed first."""
    # Opened for each use: a descriptor inherited by a forked process would share its lock.
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(file)
                return None
            time.sleep(POLL_SECONDS)
        else:
            return file


def _unlock(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)
