"""Runs scheduled jobs: due times and an honest status are rows of ``core_job``."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Job
from patron.db import savepoint
from patron.events import module_of
from patron.permissions import job_actor
from patron.records import utc_now
from patron.system.models import JobRun
from patron.worker.watch import Watch

log = logging.getLogger("patron.worker")

RETRY_AFTER = timedelta(minutes=5)  # a failed job is tried again by then, even a daily one


class Schedule:
    """The jobs of the enabled modules. ``patron.worker.durable`` has each due time run by one worker only."""

    def __init__(self, assembly: Assembly, watch: Watch) -> None:
        self._assembly = assembly
        self._database = assembly.database
        self._watch = watch

    def prepare(self) -> None:
        """Give each new job its row, due now."""
        with self._database.write() as session:
            known = set(session.connection().execute(select(col(JobRun.name))).scalars())
            for name in sorted(set(self._assembly.jobs) - known):
                row = {"name": name, "due_at": utc_now(), "last_error": "", "runs": 0}
                session.connection().execute(insert(JobRun), row)

    def due(self) -> list[tuple[str, datetime]]:
        """The jobs to start now, each with the due time that it is for."""
        query = select(col(JobRun.name), col(JobRun.due_at)).where(col(JobRun.due_at) <= utc_now())
        with self._database.read() as session:
            rows = session.connection().execute(query.order_by(col(JobRun.due_at))).all()
        return [(name, due_at) for name, due_at in rows if self._is_here(name)]

    def run(self, name: str, due_at: datetime) -> None:
        """Run a job for that due time; nothing when it was run meanwhile or its module is away."""
        if not self._is_here(name):
            return
        job = self._assembly.jobs[name]
        try:
            if job.transaction:
                self._run_in_transaction(name, job, due_at)
            elif self._begin(name, due_at):
                job.run(self._assembly)
                self._finish(name, job, due_at, "")
        except Exception as error:
            log.warning("job %s failed", name, exc_info=True)
            self._finish(name, job, due_at, _described(error))

    def give_up(self, name: str, due_at: datetime) -> None:
        """Leave out this time of a job that killed its worker over and over."""
        self._finish(
            name, self._assembly.jobs[name], due_at, "The worker process ended each time this was running."
        )

    def _is_here(self, name: str) -> bool:
        return name in self._assembly.jobs and module_of(name) not in self._assembly.live.disabled

    def _run_in_transaction(self, name: str, job: Job, due_at: datetime) -> None:
        """The job's effects commit together with its next due time: once, whatever happens."""
        with self._database.write() as session:
            if not _claim(session, name, due_at):
                return
            with self._watch.over(f"job {name}"), savepoint(session):
                job.run(Context(session, self._assembly, job_actor(name)))
            _note(session, name, _success(job, due_at) | {"last_started_at": utc_now()})

    def _begin(self, name: str, due_at: datetime) -> bool:
        with self._database.write() as session:
            if not _claim(session, name, due_at):
                return False
            _note(session, name, {"last_started_at": utc_now()})
        return True

    def _finish(self, name: str, job: Job, due_at: datetime, error: str) -> None:
        with self._database.write() as session:
            if not _claim(session, name, due_at):
                return
            if error:
                later = utc_now() + min(job.every, RETRY_AFTER)
                _note(session, name, {"due_at": later, "last_error": error, "runs": col(JobRun.runs) + 1})
            else:
                _note(session, name, _success(job, due_at))


def _claim(session: Session, name: str, due_at: datetime) -> bool:
    """Lock the job's row, and say whether that due time is still to be run."""
    query = select(col(JobRun.id)).where(col(JobRun.name) == name, col(JobRun.due_at) == due_at)
    return session.connection().execute(query.with_for_update()).first() is not None


def _success(job: Job, due_at: datetime) -> dict[str, Any]:
    now = utc_now()
    following = due_at + job.every
    return {
        "due_at": following if following > now else now + job.every,
        "last_success_at": now,
        "last_error": "",
        "runs": col(JobRun.runs) + 1,
    }


def _note(session: Session, name: str, values: dict[str, Any]) -> None:
    session.connection().execute(update(JobRun).where(col(JobRun.name) == name).values(**values))


def _described(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()[:2000]
