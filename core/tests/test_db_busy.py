"""Waiting is bounded: locks, time-outs and deadlocks end in Busy, which a caller may try again."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patron.db import Database, Session
from patron.errors import Busy
from patron.writer_lock import FairLock, WriterLock
from sqlalchemy import text

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def impatient(database: Database) -> Iterator[Database]:
    """A database whose waits end after 0.2 s and whose statements after 0.3 s, with two rows of a number."""
    with database.write() as session:
        session.execute(text("CREATE TABLE core_probe (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO core_probe VALUES (1, 0), (2, 0)"))
    impatient = Database(database.url, lock_timeout=0.2, statement_timeout=0.3)
    yield impatient
    impatient.dispose()


def touch(db: Database, first: int, second: int, meet: threading.Barrier, results: list[object]) -> None:
    try:
        with db.write() as session:
            update = text("UPDATE core_probe SET number = number + 1 WHERE id = :id")
            session.execute(update, {"id": first})
            meet.wait(5)
            session.execute(update, {"id": second})
        results.append("done")
    except BaseException as error:
        results.append(error)


def test_who_waits_too_long_for_a_held_lock_is_told_so(impatient: Database) -> None:
    results: list[object] = []
    with impatient.write() as session:
        session.execute(text("UPDATE core_probe SET number = 5 WHERE id = 1"))
        begun = time.monotonic()
        other = threading.Thread(target=touch, args=(impatient, 1, 1, threading.Barrier(1), results))
        other.start()
        other.join(5)
    assert isinstance(results[0], Busy)
    assert results[0].retry_after >= 1
    assert 0.15 < time.monotonic() - begun < 2
    with impatient.write() as session:
        assert session.execute(text("SELECT number FROM core_probe WHERE id = 1")).scalar() == 5


@pytest.mark.parametrize("unit", ["read", "write"])
def test_a_statement_that_takes_too_long_is_ended(impatient: Database, unit: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Busy), getattr(impatient, unit)() as session:
        session.execute(text(ENDLESS)).all()
    assert time.monotonic() - begun < 3
    with impatient.write() as session:
        assert session.execute(text("SELECT count(*) FROM core_probe")).scalar() == 2


def test_many_short_statements_in_one_transaction_are_no_long_one(impatient: Database) -> None:
    with impatient.read() as session:
        for _ in range(4):
            session.execute(text("SELECT 1")).all()
            time.sleep(0.1)
        some = ENDLESS.replace("FROM n)", "FROM n WHERE i < 30000)")
        assert session.execute(text(some)).scalar() == 30000


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_deadlock_is_busy_for_one_and_done_for_the_other(database: Database) -> None:
    with database.write() as session:
        session.execute(text("CREATE TABLE core_probe (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO core_probe VALUES (1, 0), (2, 0)"))
    meet, results = threading.Barrier(2), list[object]()
    threads = [
        threading.Thread(target=touch, args=(database, *order, meet, results)) for order in [(1, 2), (2, 1)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(type(result).__name__ for result in results) == ["Busy", "str"]


def idle_between(session: Session, first: str, second: str) -> None:
    session.execute(text(first))
    time.sleep(1)
    session.execute(text(second))


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_transaction_left_idle_is_ended(impatient: Database) -> None:
    with pytest.raises(Busy, match="idle"), impatient.write() as session:
        idle_between(session, "UPDATE core_probe SET number = 7", "SELECT 1")
    with impatient.read() as session:
        assert session.execute(text("SELECT max(number) FROM core_probe")).scalar() == 0


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_every_connection_carries_the_time_outs(impatient: Database) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    for unit in (impatient.read, impatient.write):
        with unit() as session:
            assert [session.execute(text(f"SHOW {name}")).scalar() for name in names] == [
                "200ms",
                "300ms",
                "600ms",
                "UTC",
            ]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_another_program_that_locks_the_file_is_busy_too(impatient: Database) -> None:
    with impatient.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="SQLITE_BUSY"), impatient.write():
            pass
        driver.rollback()
    with impatient.write():
        pass


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_connections_are_durable_and_check_references(impatient: Database) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 200}
    for unit in (impatient.read, impatient.write):
        with unit() as session:
            assert {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in pragmas} == pragmas


def test_threads_get_a_fair_lock_in_the_order_in_which_they_asked() -> None:
    lock, order = FairLock(), list[int]()
    assert lock.acquire(1)

    def queue(number: int) -> None:
        assert lock.acquire(5)
        order.append(number)
        lock.release()

    threads = [threading.Thread(target=queue, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    assert not lock.acquire(0.05)
    lock.release()
    for thread in threads:
        thread.join(5)
    assert order == list(range(8))
    assert lock.acquire(0)


def test_who_has_just_written_does_not_overtake_who_waits(tmp_path: Path) -> None:
    mine, others, order = WriterLock(tmp_path / "lock"), WriterLock(tmp_path / "lock"), list[str]()

    def write() -> None:
        with others.hold(5):
            order.append("other")

    for _ in range(5):
        other = threading.Thread(target=write)
        with mine.hold(5):
            other.start()
            time.sleep(0.05)
        with mine.hold(5):
            order.append("mine")
        other.join(5)
    assert order == ["other", "mine"] * 5


WRITER = """
    import sys, time
    from sqlalchemy import text
    from patron.db import Database
    database, seconds = Database(sys.argv[1], lock_timeout=2.0), float(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    end, done, longest = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end:
        begun = time.monotonic()
        with database.write() as session:
            number = session.execute(text("SELECT number FROM core_probe WHERE id = 1")).scalar_one()
            time.sleep(0.002)
            session.execute(text("UPDATE core_probe SET number = :n WHERE id = 1"), {"n": number + 1})
        done, longest = done + 1, max(longest, time.monotonic() - begun)
    print(done, longest)
"""


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_three_writing_processes_lose_nothing_and_none_starves(database: Database) -> None:
    with database.write() as session:
        session.execute(text("CREATE TABLE core_probe (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO core_probe VALUES (1, 0)"))
    processes = [_start_writer(database.url, seconds=1) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    results = [process.communicate("go\n", timeout=30) for process in processes]
    assert [errors for _, errors in results] == ["", "", ""]
    counts = [int(output.split()[0]) for output, _ in results]
    with database.read() as session:
        assert session.execute(text("SELECT number FROM core_probe")).scalar() == sum(counts)
    assert min(counts) > sum(counts) / 6
    assert max(float(output.split()[1]) for output, _ in results) < 1
    assert database.lock_stats().acquired >= 1


def _start_writer(url: str, *, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), url, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/killed.db", lock_timeout=1.0)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom patron.db import Database\n"
            "with Database(sys.argv[1]).write(): print('held', flush=True); time.sleep(60)",
            database.url,
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Busy, match="Others are writing"), database.write():
        pass
    assert database.lock_stats().timed_out == 1
    holder.kill()
    holder.communicate()
    with database.write():
        pass
    database.dispose()
