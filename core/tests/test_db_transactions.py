"""What a transaction of the unit of work keeps, and what it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest
from patron.db import Database, Session, after_commit, savepoint
from patron.errors import Busy, PatronError, SetupError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError


class GivenUp(Exception):
    pass


@contextmanager
def given_up(unit: AbstractContextManager[Any]) -> Iterator[Any]:
    """Raise at the end of ``unit``."""
    with suppress(GivenUp), unit as session:
        yield session
        raise GivenUp


@pytest.fixture
def table(database: Database) -> Database:
    with database.write() as session:
        session.execute(text("CREATE TABLE core_probe (id INTEGER PRIMARY KEY)"))
    return database


def rows(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.execute(text("SELECT id FROM core_probe ORDER BY id")).scalars())


def insert(session: Session, number: int) -> None:
    session.execute(text("INSERT INTO core_probe VALUES (:number)"), {"number": number})


def test_a_write_is_committed_on_return_and_undone_on_raise(table: Database) -> None:
    with table.write() as session:
        insert(session, 1)
    with given_up(table.write()) as session:
        insert(session, 2)
    assert rows(table) == [1]


def test_a_released_savepoint_is_undone_with_its_transaction(table: Database) -> None:
    with given_up(table.write()) as session, savepoint(session):
        insert(session, 1)
    assert rows(table) == []


def test_a_savepoint_alone_is_undone(table: Database) -> None:
    with table.write() as session:
        insert(session, 1)
        with given_up(savepoint(session)):
            insert(session, 2)
        insert(session, 3)
    assert rows(table) == [1, 3]


def test_tables_are_undone_too(table: Database) -> None:
    with given_up(table.write()) as session:
        with savepoint(session):
            session.execute(text("CREATE TABLE core_other (id INTEGER)"))
        session.execute(text("DROP TABLE core_probe"))
    assert rows(table) == []
    with pytest.raises(DBAPIError, match="core_other"), table.read() as session:
        session.execute(text("SELECT * FROM core_other"))


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO core_probe VALUES (9)", "CREATE TABLE core_other (id INTEGER)", "DROP TABLE core_probe"],
)
def test_a_read_cannot_write(table: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), table.read() as session:
        session.execute(text(statement))
    assert rows(table) == []


def test_a_read_does_not_make_the_next_write_read_only(table: Database) -> None:
    for number in range(20):
        assert len(rows(table)) == number
        with table.write() as session:
            insert(session, number)


def test_only_the_database_commits(table: Database) -> None:
    with given_up(table.write()) as session:
        insert(session, 1)
        with pytest.raises(PatronError, match="flushes"):
            session.commit()
    assert rows(table) == []


def test_a_nested_write_is_refused_at_once_and_the_outer_one_stays_usable(table: Database) -> None:
    with table.write() as session:
        insert(session, 1)
        with pytest.raises(PatronError, match="already inside"), table.write():
            pass
        insert(session, 2)
    with table.write() as session:
        insert(session, 3)
    assert rows(table) == [1, 2, 3]


def test_work_after_a_commit_runs_only_after_one(table: Database) -> None:
    seen: list[str] = []

    def note(word: str) -> Callable[[], None]:
        return lambda: seen.append(f"{word} {len(rows(table))}")

    with table.write() as session:
        after_commit(session, note("committed"))
        with given_up(savepoint(session)):
            after_commit(session, note("undone"))
        insert(session, 1)
        assert seen == []
    with given_up(table.write()) as session:
        after_commit(session, note("raised"))
    assert seen == ["committed 1"]


def test_failing_work_after_a_commit_hides_neither_the_commit_nor_the_rest(
    table: Database, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []
    with table.write() as session:
        insert(session, 1)
        after_commit(session, lambda: 1 / 0)
        after_commit(session, lambda: seen.append(1))
    assert (rows(table), seen) == ([1], [1])
    assert "ZeroDivisionError" in caplog.text


def test_four_clients_per_thread_raise_one_number_without_losing_a_step(table: Database) -> None:
    with table.write() as session:
        insert(session, 0)
    failures: list[BaseException] = []

    def raise_number() -> None:
        try:
            for _ in range(5):
                with table.write() as session:
                    session.execute(text("UPDATE core_probe SET id = id + 1"))
        except BaseException as error:
            failures.append(error)

    clients = [threading.Thread(target=raise_number) for _ in range(16)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert failures == []
    assert rows(table) == [80]


def test_an_exhausted_pool_is_busy(table: Database) -> None:
    small = Database(table.url, lock_timeout=0.1, pool_size=1)
    with small.read() as outer:
        outer.connection()
        with pytest.raises(Busy, match="connections"), small.read() as session:
            session.connection()
    small.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/patron"])
def test_a_database_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="sqlite:///"):
        Database(url)
