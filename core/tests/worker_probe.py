"""A module with handlers and jobs to watch, and a worker that runs it: ``worker_probe.py URL FOLDER ID``."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Handler, Job
from patron.db import Database
from patron.events import Event
from patron.plugins import Hooks
from patron.settings import Settings
from patron.worker import drain
from patron.worker.executor import EXIT_TAKEN, ExecutorTaken
from patron.worker.process import run_worker
from sqlalchemy import text

NUMBER = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "INTEGER GENERATED ALWAYS AS IDENTITY"}
INSERT = "INSERT INTO probe_effect (handler, event_id, customer_id) VALUES"


def make_table(database: Database) -> None:
    """The table of effects: in the order in which they were made, and no row is refused."""
    columns = f"id {NUMBER[database.dialect]}, handler TEXT, event_id INTEGER, customer_id INTEGER"
    with database.write() as session:
        session.execute(text(f"CREATE TABLE probe_effect ({columns})"))


def note(ctx: Context, event: Event) -> None:
    """Leaves a row per run, in a table that would take two."""
    if event.payload.get("poison"):
        raise ValueError("this event is poison")
    values = {"handler": ctx.actor.name, "event": event.id, "customer": event.customer_id}
    ctx.session.execute(text(f"{INSERT} (:handler, :event, :customer)"), values)


def kill(ctx: Context, event: Event) -> None:
    """Ends the worker's process, as a fault in a C library would."""
    os._exit(9)


def note_all(ctx: Context, events: Sequence[Event]) -> None:
    for event in events:
        note(ctx, event)


def beat(ctx: Context) -> None:
    ctx.session.execute(text(f"{INSERT} ('beat', 0, 0)"))


def call_out(assembly: Assembly) -> None:
    """A job that is slow outside of transactions."""
    time.sleep(0.5)
    with assembly.database.write() as session:
        session.execute(text(f"{INSERT} ('call_out', 0, 0)"))


HANDLERS = {
    "probe.each": Handler("each", "probe.happened", note),
    "probe.ordered": Handler("ordered", "probe.happened", note, ordered=True),
    "probe.fatal": Handler("fatal", "probe.fatal", kill),
    "probe.batch": Handler("batch", "probe.batched", note_all, batch=True),
}
JOBS = {
    "probe.beat": Job("beat", beat, timedelta(seconds=1)),
    "probe.call_out": Job("call_out", call_out, timedelta(seconds=2), transaction=False),
}


def probe_assembly(url: str, folder: str, *, jobs: bool = False) -> Assembly:
    """The probe module alone, over the database at ``url``."""
    settings = Settings(database_url=url, folder=folder, hang_seconds=20)
    database = Database(url)
    return Assembly(
        settings, database, Hooks([]), [], handlers=dict(HANDLERS), jobs=dict(JOBS) if jobs else {}
    )


def soon(attempts: int) -> timedelta:
    return timedelta(milliseconds=20 * attempts)


def worker(arguments: Sequence[str]) -> int:
    url, folder, executor_id = arguments[:3]
    logging.basicConfig(level=logging.INFO)
    drain.MAX_ATTEMPTS, drain.ROUND_ROWS = 2, 10
    assembly = probe_assembly(url, folder, jobs="jobs" in arguments)
    try:
        run_worker(assembly.settings, executor_id, assembly=assembly, back_off=soon)
    except ExecutorTaken as taken:
        print(taken.detail, file=sys.stderr)
        return EXIT_TAKEN
    return 0


if __name__ == "__main__":
    sys.exit(worker(sys.argv[1:]))
