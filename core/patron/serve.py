"""``patron serve``: the web processes and, beside them, one worker, all kept alive until it is told to stop."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from patron.settings import Settings, load_settings
from patron.worker.executor import EXIT_TAKEN, SUPERVISOR_VARIABLE, default_executor_id, is_orphan

log = logging.getLogger("patron.serve")

APPLICATION = "patron.app:application"
TARGET_VARIABLE = "PATRON_SERVE_TARGET"
LONGEST_PAUSE = 30.0
LONG_LIFE = 60.0  # seconds after which an end no longer counts as one of a row
STOP_SECONDS = 20
_prepared: list[Any] = []  # the application, made before the web processes are forked
# Held while a worker is started: a web process forked just then would keep open the pipe that tells of its start.
_starting = threading.Lock()
os.register_at_fork(
    before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release
)
_NOT_PASSED_ON = frozenset({"plugins", "objectives", "folder", "secret_key"})


def serve(
    settings: Settings, workers: int | None = None, with_worker: bool = True, *, target: str = APPLICATION
) -> None:
    """Serve until SIGTERM or SIGINT. ``workers`` is the number of web processes (None: as the settings say).

    ``target`` is the factory of the application, as ``module:function``.
    """
    os.environ.update(environment_of(settings))
    os.environ.update({TARGET_VARIABLE: target, SUPERVISOR_VARIABLE: str(os.getpid())})
    # Each thread would keep freed memory in an arena of its own.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    forked = sys.platform == "linux"
    multiprocessing.set_start_method("fork" if forked else "spawn", force=True)
    stopping = threading.Event()
    child = Child([sys.executable, "-m", "patron.worker", default_executor_id(settings)], stopping)
    if with_worker:
        child.start()
    try:
        if forked:
            _prepare()
        _serve_web(settings, workers or settings.workers)
    finally:
        stopping.set()
        child.stop()


def web_application() -> Any:
    """What each web process calls: the application, in a process that ends when its supervisor is gone."""

    def watch() -> None:
        while not is_orphan():
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervised", daemon=True).start()
    return _prepared.pop() if _prepared else _made()


def _prepare() -> None:
    """Make the application here, once: web processes are forked with it, which saves their start and shares memory.

    What cannot be made now (the database is not there yet) is tried again by each web process.
    """
    _prepared.clear()
    try:
        _prepared.append(_made())
    except Exception:
        log.exception("the application could not be made beforehand; each web process tries again")


def _made() -> Any:
    module, _, factory = os.environ[TARGET_VARIABLE].partition(":")
    made = getattr(import_module(module), factory)()
    gc.collect()
    gc.freeze()  # what was made at the start stays: the collector need not look through it again and again
    return made


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables by which a child process gets these settings, where they differ from its folder's own."""
    stored = load_settings(settings.folder)
    found = {"PATRON_HOME": os.path.abspath(settings.folder)}
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if item.name not in _NOT_PASSED_ON and value is not None and value != getattr(stored, item.name):
            found[f"PATRON_{item.name.upper()}"] = _written(value)
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return str(value)


def _serve_web(settings: Settings, workers: int) -> None:
    """Granian replaces a web process that died; should it give up, it is started anew after a pause."""
    pause = Pause()
    while True:
        began = time.monotonic()
        server = Granian(
            "patron.serve:web_application",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            factory=True,
            workers=workers,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=STOP_SECONDS,
            websockets=False,
            log_level=LogLevels.warning,
        )
        try:
            server.serve()
        except SystemExit:
            log.exception("the web server gave up")
        if server.interrupt_signal:
            return
        # Until the next server sets its own, the default handlers end the process.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.sleep(pause.after(time.monotonic() - began))


@dataclass
class Pause:
    """How long to wait before the next try: longer and longer while tries end soon, up to half a minute."""

    seconds: float = 0.5

    def after(self, lived: float) -> float:
        """The pause after something that lived for so many seconds."""
        pause = 0.5 if lived > LONG_LIFE else self.seconds
        self.seconds = min(pause * 2, LONGEST_PAUSE)
        return pause


class Child:
    """A child process that is started again, after a pause, whenever it ends by itself."""

    def __init__(self, command: Sequence[str], stopping: threading.Event) -> None:
        self._command = list(command)
        self._stopping = stopping
        self._thread = threading.Thread(target=self._keep, name="supervisor", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the child to stop, and make it after a while. ``stopping`` must be set."""
        if not self._thread.is_alive():
            return
        self._thread.join(1.0)
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("the worker did not stop within %s s: killing it", STOP_SECONDS)
                process.kill()
                process.wait()
        self._thread.join()

    def _keep(self) -> None:
        pause = Pause()
        while not self._stopping.is_set():
            began = time.monotonic()
            with _starting:
                self._process = subprocess.Popen(self._command, start_new_session=True)
            while self._process.poll() is None and not self._stopping.is_set():
                self._stopping.wait(0.2)
            if self._stopping.is_set():
                return
            status = self._process.returncode
            seconds = LONGEST_PAUSE if status == EXIT_TAKEN else pause.after(time.monotonic() - began)
            log.error("the worker ended with status %s; starting it again in %.1f s", status, seconds)
            self._stopping.wait(seconds)
