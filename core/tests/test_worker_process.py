"""The worker as a real process: killed at random, alone under its name, quick and quiet."""

from __future__ import annotations

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from patron import events
from patron.assembly import Assembly
from patron.context import Context
from patron.db import Database
from patron.settings import Settings
from patron.worker.durable import prepare_dbos
from patron.worker.executor import EXIT_TAKEN
from sqlalchemy import text

PROBE = Path(__file__).with_name("worker_probe.py")
DELIVERIES = 1_000
HANDLERS = ("probe.each", "probe.ordered")


@dataclass
class Workers:
    """Starts worker processes on one database, and ends those that are left."""

    assembly: Assembly
    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.assembly.database

    def start(self, executor_id: str = "one", *options: str) -> subprocess.Popen[str]:
        log = (self.folder / f"worker-{len(self.started)}.log").open("w")
        command = [
            sys.executable,
            "-W",
            "ignore",
            str(PROBE),
            self.database.url,
            str(self.folder),
            executor_id,
        ]
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log, text=True)
        log.close()
        self.started.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))

    def publish(self, count: int, name: str = "probe.happened") -> None:
        with self.database.write() as session:
            ctx = Context(session, self.assembly)
            for number in range(count):
                events.publish(ctx, name, customer_id=number % 20)

    def effects(self, handler: str) -> list[tuple[int, int]]:
        query = text("SELECT event_id, customer_id FROM probe_effect WHERE handler = :handler ORDER BY id")
        with self.database.read() as session:
            return [tuple(row) for row in session.execute(query, {"handler": handler})]

    def effect_count(self) -> int:
        with self.database.read() as session:
            return int(session.execute(text("SELECT count(*) FROM probe_effect")).scalar_one())

    def open(self) -> int:
        query = text("SELECT count(*) FROM core_delivery WHERE state <> 'done'")
        with self.database.read() as session:
            return int(session.execute(query).scalar_one())


@pytest.fixture
def workers(database: Database, tmp_path: Path) -> Iterator[Workers]:
    probe = runpy.run_path(str(PROBE))
    probe["make_table"](database)
    prepare_dbos(Settings(database_url=database.url, folder=str(tmp_path)))
    made = Workers(probe["probe_assembly"](database.url, str(tmp_path)), tmp_path)
    yield made
    made.database.dispose()
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False


def stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def test_killed_at_random_a_worker_loses_nothing_and_does_nothing_twice(workers: Workers) -> None:
    workers.publish(DELIVERIES // len(HANDLERS))
    chance = random.Random(7)
    kills = 0
    process = workers.start()
    while kills < 6 and workers.open():
        seen = workers.effect_count()
        wait_for(lambda: workers.effect_count() > seen, 15)  # noqa: B023
        time.sleep(chance.choice((0, chance.uniform(0, 0.05))))  # often between an effect and what follows it
        process.kill()
        process.wait()
        kills += 1
        process = workers.start()
    assert wait_for(lambda: workers.open() == 0), workers.logs()
    stop(process)
    assert kills > 1
    for handler in HANDLERS:
        rows = workers.effects(handler)
        assert len(rows) == len(set(rows)) == DELIVERIES // len(HANDLERS)
    by_customer: dict[int, list[int]] = {}
    for event_id, customer_id in workers.effects("probe.ordered"):
        by_customer.setdefault(customer_id, []).append(event_id)
    assert all(ids == sorted(ids) for ids in by_customer.values())


def test_a_second_worker_with_the_same_name_refuses_to_start(workers: Workers) -> None:
    workers.publish(1)
    first = workers.start("twin")
    assert wait_for(lambda: workers.open() == 0), workers.logs()
    second = workers.start("twin")
    assert second.wait(20) == EXIT_TAKEN
    assert "“twin” is running already" in workers.logs()
    assert first.poll() is None
    third = workers.start("other")
    assert wait_for(lambda: workers.logs().count("is ready") == 2), workers.logs()
    workers.publish(1)
    assert wait_for(lambda: workers.open() == 0), workers.logs()
    assert (stop(first), stop(third)) == (0, 0)


def test_an_event_is_picked_up_within_half_a_second_and_an_idle_worker_rests(workers: Workers) -> None:
    workers.publish(1)
    process = workers.start()
    assert wait_for(lambda: workers.open() == 0), workers.logs()
    delays = []
    for _ in range(5):
        time.sleep(0.3)
        began = time.monotonic()
        workers.publish(1)
        assert wait_for(lambda: workers.open() == 0), workers.logs()
        delays.append(time.monotonic() - began)
    before = cpu_seconds(process.pid)
    time.sleep(5)
    used = (cpu_seconds(process.pid) - before) / 5
    print(f"pick-up {sorted(delays)[2] * 1000:.0f} ms, idle CPU {used * 100:.1f} %")
    assert sorted(delays)[2] < 0.5
    assert used < 0.05
    assert stop(process) == 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_delivery_that_kills_its_worker_ends_as_a_dead_letter(workers: Workers) -> None:
    workers.publish(1, "probe.fatal")
    workers.publish(3)

    def dead() -> bool:
        if not workers.started or workers.started[-1].poll() is not None:
            workers.start()
        query = text("SELECT count(*) FROM core_delivery WHERE state = 'dead'")
        with workers.database.read() as session:
            return int(session.execute(query).scalar_one()) == 1

    assert wait_for(dead, 90), workers.logs()
    assert wait_for(lambda: workers.open() == 1), workers.logs()
    assert len(workers.effects("probe.each")) == len(workers.effects("probe.ordered")) == 3


def test_scheduled_jobs_run_and_survive_a_kill(workers: Workers) -> None:
    process = workers.start("one", "jobs")
    assert wait_for(lambda: job(workers, "probe.call_out")["last_started_at"] is not None), workers.logs()
    process.kill()
    process.wait()
    assert job(workers, "probe.call_out")["runs"] == 0
    again = workers.start("one", "jobs")
    assert wait_for(lambda: job(workers, "probe.call_out")["runs"] >= 2), workers.logs()
    assert wait_for(lambda: job(workers, "probe.beat")["runs"] >= 3), workers.logs()
    assert stop(again) == 0
    assert len(workers.effects("beat")) == job(workers, "probe.beat")["runs"]
    assert job(workers, "probe.beat")["last_error"] == ""


def job(workers: Workers, name: str) -> dict[str, object]:
    with workers.database.read() as session:
        row = (
            session.execute(text("SELECT * FROM core_job WHERE name = :name"), {"name": name})
            .mappings()
            .first()
        )
    return dict(row) if row else {"last_started_at": None, "runs": 0, "last_error": ""}
