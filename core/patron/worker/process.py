"""The worker process: sees what is due and has it done, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from patron.assembly import Assembly, assemble
from patron.errors import Busy, SetupError
from patron.settings import Settings
from patron.worker.drain import Drain, back_off
from patron.worker.durable import Durable
from patron.worker.executor import ExecutorLock, default_executor_id, is_orphan
from patron.worker.pulse import Pulse, Signs
from patron.worker.schedule import Schedule
from patron.worker.watch import Watch

log = logging.getLogger("patron.worker")

HOUSEKEEPING_SECONDS = 60.0
LOCK_CHECK_SECONDS = 5.0
PAUSE_AFTER_ERROR = 2.0


def run_worker(
    settings: Settings,
    executor_id: str | None = None,
    *,
    assembly: Assembly | None = None,
    back_off: Callable[[int], timedelta] = back_off,
    stop: threading.Event | None = None,
) -> None:
    """Work until SIGTERM or SIGINT (or until ``stop`` is set, outside the main thread).

    Raises ``ExecutorTaken`` when a worker with that executor id runs already, SetupError when the database
    is not ready.
    """
    stop = stop or threading.Event()
    assembly = assembly or assemble(settings)
    lock = ExecutorLock(settings, assembly.database, executor_id or default_executor_id(settings))
    lock.acquire()
    try:
        _stop_on_signals(stop)
        _Worker(settings, assembly, lock, stop, back_off).run()
    finally:
        lock.release()
        assembly.database.dispose()


def _stop_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())


class _Worker:
    """The loop of one worker process."""

    def __init__(
        self,
        settings: Settings,
        assembly: Assembly,
        lock: ExecutorLock,
        stop: threading.Event,
        back_off: Callable[[int], timedelta],
    ) -> None:
        self._assembly = assembly
        self._lock = lock
        self._stop = stop
        self._watch = Watch(lock.note, settings.hang_seconds)
        self._drain = Drain(assembly, self._watch, back_off=back_off, stopping=stop.is_set)
        self._schedule = Schedule(assembly, self._watch)
        self._durable = Durable(settings, lock.executor_id, self._drain.run, self._schedule.run)
        self._pulse = Pulse(assembly.database)
        self._settings = settings
        self._generation = -1
        self._next_lock_check = self._next_housekeeping = 0.0

    def run(self) -> None:
        self._drain.settle(self._lock.interrupted)
        self._lock.note(())
        self._schedule.prepare()
        self._watch.start()
        self._durable.launch()
        log.info("worker %s is ready", self._lock.executor_id)
        try:
            while not self._stop.is_set():
                self._turn()
        finally:
            self._pulse.close()
            self._durable.close()

    def _turn(self) -> None:
        """One look, and the work it finds. A database that is away for a while does not end the worker."""
        try:
            self._check()
            signs = self._pulse.read()
            self._follow(signs)
            if signs.jobs:
                for name, due_at in self._schedule.due():
                    self._start_job(name, due_at)
            if signs.deliveries and self._drain.due():
                self._durable.drain()
                return
        except SetupError:
            raise
        except Busy as busy:
            log.info("the database is busy: %s", busy.detail)
            self._stop.wait(busy.retry_after)
        except Exception:
            log.exception("the worker could not go on; trying again")
            self._stop.wait(PAUSE_AFTER_ERROR)
        self._pulse.wait(self._stop)

    def _follow(self, signs: Signs) -> None:
        """Take over what another process has changed: roles, settings, enabled modules."""
        if signs.generation == self._generation:
            return
        with self._assembly.database.read() as session:
            self._assembly.refresh(session, signs.generation)
        self._drain.settle()
        self._generation = signs.generation

    def _start_job(self, name: str, due_at: datetime) -> None:
        if not self._durable.start_job(name, due_at):
            self._schedule.give_up(name, due_at)

    def _check(self) -> None:
        now = time.monotonic()
        if is_orphan():
            log.warning("the supervising process is gone: stopping")
            self._stop.set()
        if now >= self._next_lock_check:
            self._next_lock_check = now + LOCK_CHECK_SECONDS
            if not self._lock.holds():
                raise SetupError(
                    f"The lock of executor “{self._lock.executor_id}” was lost; start the worker again."
                )
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + HOUSEKEEPING_SECONDS
            self._durable.purge()
            self._adopt()

    def _adopt(self) -> None:
        """Take up the work of executors that are gone for good, such as containers of yesterday."""
        for other in self._durable.unfinished_executors() - {self._lock.executor_id}:
            lock = ExecutorLock(self._settings, self._assembly.database, other)
            if lock.try_acquire():
                try:
                    self._durable.adopt(other)
                finally:
                    lock.release()
