"""Search alone, without a server: ``python -m bench.search``. What a page of results costs at many customers.

Measured as a user who sees one row in a hundred and as one who sees all, with needles that one name in ten
holds, that few hold, that none holds, and of one letter. CPU counts this process and the database's.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from patron.accounts.models import User
from patron.assembly import Assembly
from patron.context import Context
from patron.customers.models import Customer
from patron.customers.normalise import fold, sort_key
from patron.customers.resource import CUSTOMERS
from patron.db import Database
from patron.migrate import CORE, upgrade
from patron.permissions import Actor, Scope
from patron.plugins import Hooks
from patron.records import table
from patron.resources import search
from patron.resources.query import Listing, read_page
from patron.settings import Settings
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, insert, select

from bench.harness import Peer, Result, Sample, in_turn, write_results
from bench.peers import ENGINES, Engine, database

USERS, BATCH = 100, 1000
GOAL_MS = 2.5
NEEDLES = {"one in ten": "smartline", "few": "gold berg", "none": "zzzzqq", "one letter": "s"}
ACTORS = {
    "own 1 %": Actor("user", 5, grants={"customers.read": Scope.OWN}),
    "all": Actor("user", 5, grants={"customers.read": Scope.ALL}),
}
_SYLLABLES = [
    "ba",
    "be",
    "ko",
    "ri",
    "sto",
    "lan",
    "der",
    "mi",
    "ne",
    "fa",
    "hu",
    "gold",
    "pra",
    "ti",
    "wes",
    "quo",
    "zan",
    "ul",
    "ver",
    "berg",
    "nox",
    "thal",
    "mann",
    "stein",
]


def assembly_of(engine: Engine) -> Assembly:
    """The core's customers over an empty, migrated database: no module, no web."""
    opened = Database(engine.url)
    upgrade(opened, [CORE])
    return Assembly(Settings(), opened, Hooks([], (), True, False), [], resources={CUSTOMERS.key: CUSTOMERS})


def fill(assembly: Assembly, customers: int) -> None:
    """Customers with names of many kinds, a hundredth of them owned by each user, and their search entries."""
    rng = random.Random(1)
    words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))).capitalize() for _ in range(3000)]
    with assembly.database.write() as session:
        session.add_all(User(id=i, email=f"{i}@example.test", name=str(i)) for i in range(1, USERS + 1))
        session.flush()
        ctx = Context(session, assembly)
        for start in range(0, customers, BATCH):
            batch = [
                _customer(rng, words, number + 1) for number in range(start, min(start + BATCH, customers))
            ]
            session.execute(insert(table(Customer)), [record.model_dump() for record in batch])
            search.index_many(ctx, CUSTOMERS, batch)
    settle(assembly.database)


def _customer(rng: random.Random, words: Sequence[str], number: int) -> Customer:
    name = f"{rng.choice(words)} {rng.choice(words)}"
    if number % 10 == 0:
        name = f"Smartline {name}" if rng.random() < 0.2 else f"{name} Smartline"
    city = rng.choice(words)
    return Customer(
        id=number, name=name, name_key=sort_key(name), match_key=fold(name), city=city, city_key=fold(city),
        owner_id=rng.randint(1, USERS), primary_email=f"{rng.choice(words).lower()}{number}@example.test",
    )  # fmt: skip


def settle(opened: Database) -> None:
    """Statistics and index as a database has them that was not filled a moment ago."""
    if opened.dialect == "sqlite":
        with opened.migration() as connection:
            connection.exec_driver_sql("ANALYZE")
        return
    with opened.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _find(needle: str, ctx: Context) -> object:
    return search.find(ctx, needle)


def _list(listing: Listing, ctx: Context) -> object:
    return read_page(ctx, CUSTOMERS, listing)


def _works(assembly: Assembly) -> Iterator[tuple[str, Callable[[], object]]]:
    def within(actor: Actor, work: Callable[[Context], object]) -> Callable[[], object]:
        def call() -> object:
            with assembly.database.read() as session:
                return work(Context(session, assembly, actor))

        return call

    for who, actor in ACTORS.items():
        for kind, needle in NEEDLES.items():
            listing = Listing(search=needle)
            yield f"find, {kind}, {who}", within(actor, partial(_find, needle))
            yield f"list, {kind}, {who}", within(actor, partial(_list, listing))


def measure(engine: Engine, customers: int, count: int) -> Iterator[Result]:
    """A result for each kind of search, beside the shortest statement in the same kind of transaction."""
    assembly = assembly_of(engine)
    fill(assembly, customers)

    def shortest() -> object:
        with assembly.database.read() as session:
            return session.execute(select(func.count(1))).scalar_one()

    roots = (os.getpid(), *engine.roots)
    for name, call in _works(assembly):
        samples = in_turn({"ours": Peer(call, roots), "driver": Peer(shortest)}, count=count)
        yield _result(name, engine.name, customers, samples["ours"], samples["driver"])
    assembly.database.dispose()


def _result(work: str, engine: str, customers: int, ours: Sample, floor: Sample) -> Result:
    goal = GOAL_MS if work.endswith("own 1 %") else None
    return Result(
        work,
        engine,
        customers,
        ours.median_ms,
        ours.p95_ms,
        ours.cpu_ms,
        None,
        ours.per_s,
        floor.median_ms,
        0.0,
        goal,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--output", type=Path, default=None)
    options = parser.parse_args()
    results: list[Result] = []
    for name in options.engine or ENGINES:
        with database(name) as engine:
            results.extend(measure(engine, options.customers, options.count))
    if options.output:
        write_results(results, options.output)
    shown = Table("work", "engine", "median ms", "p95 ms", "CPU ms", "goal")
    for row in results:
        figures = (f"{value:.2f}" for value in (row.median_ms, row.p95_ms, row.cpu_ms))
        shown.add_row(row.work, row.engine, *figures, str(row.goal or ""))
    Console().print(shown)


if __name__ == "__main__":
    main()
