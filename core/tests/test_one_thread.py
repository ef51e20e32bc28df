"""One request, one transaction, one thread: four times as many clients as threads change one row, and all get through.

The control is the form that frameworks suggest, a session handed out by a generator: there the handler and the commit
are calls of their own, waiting writers hold every thread, and the lock's holder gets none to commit on.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar, post
from litestar.concurrency import set_asyncio_executor
from litestar.di import NamedDependency, Provide
from patron.app import app_of
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.customers.models import Customer
from patron.db import Database
from patron.permissions import Face
from patron.records import table
from patron.responses import Json
from patron.routing import ANYONE, Route
from patron.routing import post as posted
from patron.testing.faces import make_customer, settings_for
from patron.testing.loops import run_apart
from sqlalchemy import select, update

ROUNDS = 3
LOCK_TIMEOUT = 2.0  # the same for both forms: what differs is the form alone


@posted("/count", face=Face.PUBLIC, permission=ANYONE, csrf=False)
def count(ctx: Context) -> Json:
    """Read a number of one row under its lock, and write it one higher."""
    t = table(Customer)
    now = ctx.session.execute(select(t.c.version).where(t.c.id == 1).with_for_update()).scalar_one()
    time.sleep(0.002)
    ctx.session.execute(update(t).where(t.c.id == 1).values(version=now + 1))
    return Json({"version": now + 1})


class Counting:
    """A module with that one route."""

    __package__ = ""

    from patron.hookspecs import hookimpl

    @staticmethod
    @hookimpl
    def register_controllers() -> list[Route]:
        return [count]


async def ask_all(app: Litestar, clients: int, seconds: float) -> Counter[int]:
    """How often each status was answered when so many clients ask at once, a few times over."""
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def one() -> list[int]:
            return [(await client.post("/count")).status_code for _ in range(ROUNDS)]

        answers = await asyncio.wait_for(asyncio.gather(*(one() for _ in range(clients))), seconds)
    return Counter(status for statuses in answers for status in statuses)


def version_of(database: Database) -> int:
    t = table(Customer)
    with database.read() as session:
        return int(session.execute(select(t.c.version).where(t.c.id == 1)).scalar_one())


@pytest.fixture
def counting(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    made = assemble(settings_for(database, folder=str(tmp_path)), {"counting": Counting})
    make_customer(made)
    yield made
    made.database.dispose()


def test_every_client_gets_through_and_no_change_is_lost(counting: Assembly) -> None:
    threads = counting.settings.threads
    counting.database.dispose()
    counting.database = Database(counting.database.url, lock_timeout=LOCK_TIMEOUT)
    before = version_of(counting.database)
    answers = run_apart(ask_all(app_of(counting), 4 * threads, 30))
    assert set(answers) == {200}
    assert version_of(counting.database) - before == 4 * threads * ROUNDS


def test_a_session_from_a_generator_would_not_do(counting: Assembly) -> None:
    """The control: the same work with the session as a generator dependency stands still or fails."""

    threads = counting.settings.threads
    same = Database(counting.database.url, lock_timeout=LOCK_TIMEOUT)

    def session() -> Iterator[Any]:
        with same.write() as made:
            yield made

    @post("/count", sync_to_thread=True, dependencies={"db": Provide(session)}, status_code=200)
    def handler(db: NamedDependency[Any]) -> dict[str, int]:
        t = table(Customer)
        now = db.execute(select(t.c.version).where(t.c.id == 1).with_for_update()).scalar_one()
        db.execute(update(t).where(t.c.id == 1).values(version=now + 1))
        return {"version": now + 1}

    app = Litestar([handler])
    with ThreadPoolExecutor(threads) as executor:
        set_asyncio_executor(executor)
        try:
            answers = run_apart(ask_all(app, 4 * threads, 20))
        except TimeoutError:
            answers = Counter({503: 1})
        finally:
            set_asyncio_executor(None)
    same.dispose()
    assert any(status >= 500 for status in answers), answers
