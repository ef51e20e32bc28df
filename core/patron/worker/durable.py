"""The worker's durable workflows, run by DBOS: they outlive a crash, and each due time of a job is run once.

The ledger of events is ours (``patron.worker.drain``): one workflow drains many deliveries in one step.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import create_engine, make_url

from patron.errors import SetupError
from patron.records import utc_now
from patron.settings import Settings

log = logging.getLogger("patron.worker")

APPLICATION_VERSION = "1"  # fixed: work begun before an upgrade is taken up after it
SHUTDOWN_SECONDS = 10
KEEP = timedelta(hours=1)
_PURGE_ROWS = 500
_RECOVERIES = 5  # a job that kills its worker that often is given up for its due time
_UNDER_WAY = ("PENDING", "ENQUEUED", "DELAYED")
_GAVE_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", _GAVE_UP]


def system_database_url(settings: Settings) -> str:
    """Where DBOS keeps its tables: schema ``dbos`` on PostgreSQL, a file beside the SQLite database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}.jobs"
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def prepare_dbos(settings: Settings) -> None:
    """Make or upgrade DBOS's tables; ``patron migrate`` calls this, a worker only checks them."""
    logging.getLogger("dbos").setLevel(logging.WARNING)
    url = system_database_url(settings)
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        engine.dispose()
    DBOS.migrate(url)


class Durable:
    """DBOS as the worker uses it. ``drain`` and ``job`` are what the two workflows do."""

    def __init__(
        self,
        settings: Settings,
        executor_id: str,
        drain: Callable[[], int],
        job: Callable[[str, datetime], None],
    ) -> None:
        self._job = job
        self._jobs_running: set[str] = set()
        self._mutex = threading.Lock()

        def drain_workflow() -> int:
            return DBOS.run_step({"name": "drain"}, drain)

        def job_workflow(name: str, due_at: str) -> None:
            self._run_job(name, datetime.fromisoformat(due_at))

        config: DBOSConfig = {
            "name": "patron",
            "system_database_url": system_database_url(settings),
            "application_version": APPLICATION_VERSION,
            "executor_id": executor_id,
            "run_migrations": False,
            "log_level": "WARNING",
            "sys_db_pool_size": 4,
            "max_executor_threads": 10,
        }
        DBOS(config=config)
        self._drain_workflow = DBOS.workflow(name="patron.drain")(drain_workflow)
        self._job_workflow = DBOS.workflow(name="patron.job", max_recovery_attempts=_RECOVERIES)(job_workflow)

    def launch(self) -> None:
        """Start DBOS; it takes up what this executor had begun before. SetupError when its tables are not there."""
        try:
            DBOS.launch()
        except dbos_error.DBOSInitializationError as error:
            raise SetupError(
                "The tables of the job runner are missing or behind. Run: patron migrate"
            ) from error

    def drain(self) -> int:
        """Drain in a workflow, and wait for it."""
        with SetWorkflowID(f"drain-{uuid4().hex}"):
            return DBOS.start_workflow(self._drain_workflow).get_result()

    def start_job(self, name: str, due_at: datetime) -> bool:
        """Run a job in the background, unless it runs already, here or elsewhere, for that due time.

        False when it killed its worker too often to be tried again for that time.
        """
        with self._mutex:
            if name in self._jobs_running:
                return True
        workflow_id = f"job-{name}-{due_at.isoformat()}"
        known = DBOS.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        if known and known[0].status in _UNDER_WAY:
            return True
        if known:  # it ended, yet its row is still due: the note of its end did not reach the database
            DBOS.delete_workflows([workflow_id])
            if known[0].status == _GAVE_UP:
                return False
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(self._job_workflow, name, due_at.isoformat())
        return True

    def _run_job(self, name: str, due_at: datetime) -> None:
        with self._mutex:
            if name in self._jobs_running:
                return
            self._jobs_running.add(name)
        try:
            DBOS.run_step({"name": name}, self._job, name, due_at)
        finally:
            with self._mutex:
                self._jobs_running.discard(name)

    def unfinished_executors(self) -> set[str]:
        """Executor ids of workflows that are under way, anywhere."""
        found = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False, limit=1000)
        return {status.executor_id for status in found if status.executor_id}

    def adopt(self, executor_id: str) -> None:
        """Take up what a worker that is gone had begun. The caller holds that worker's lock."""
        DBOS._recover_pending_workflows([executor_id])

    def purge(self) -> int:
        """Forget workflows that ended over an hour ago. Returns how many."""
        before = (utc_now() - KEEP).isoformat()
        total = 0
        while True:
            ended = DBOS.list_workflows(
                status=_ENDED,
                completed_before=before,
                limit=_PURGE_ROWS,
                load_input=False,
                load_output=False,
            )
            if not ended:
                return total
            DBOS.delete_workflows([status.workflow_id for status in ended])
            total += len(ended)

    def close(self) -> None:
        """Let running workflows end, for a while, and stop."""
        DBOS.destroy(workflow_completion_timeout_sec=SHUTDOWN_SECONDS)
