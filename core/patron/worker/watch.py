"""Watches over work in progress: what runs is noted outside the database, and what hangs ends the process."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

log = logging.getLogger("patron.worker")

EXIT_HUNG = 70


def end_hung() -> None:
    """End this process at once, with every thread's stack on its standard error."""
    faulthandler.dump_traceback(sys.__stderr__ or 2, all_threads=True)
    logging.shutdown()
    os._exit(EXIT_HUNG)


class Watch:
    """Guards handlers and jobs. ``note`` stores the ids of what is being delivered, to outlive a crash."""

    def __init__(self, note: Callable[[Sequence[int]], None], hang_seconds: float) -> None:
        self._note = note
        self._hang_seconds = hang_seconds
        self._running: dict[int, tuple[float, str]] = {}

    def start(self) -> None:
        """End the process, with every thread's stack in the log, when something runs for too long."""
        threading.Thread(target=self._guard, name="watch", daemon=True).start()

    @contextmanager
    def over(self, what: str, delivery_ids: Sequence[int] = ()) -> Iterator[None]:
        """Watch over the block, which runs in the calling thread."""
        thread = threading.get_ident()
        self._running[thread] = (time.monotonic() + self._hang_seconds, what)
        if delivery_ids:
            self._note(delivery_ids)
        try:
            yield
        finally:
            if delivery_ids:
                self._note(())
            del self._running[thread]

    def _guard(self) -> None:
        while True:
            time.sleep(min(1.0, self._hang_seconds / 4))
            for deadline, what in list(self._running.values()):
                if time.monotonic() > deadline:
                    log.critical("%s has run for over %g s: ending the process", what, self._hang_seconds)
                    end_hung()
