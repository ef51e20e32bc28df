"""``python -m bench``: measure on both databases and write ``bench/results.json``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.daily import works
from bench.harness import Result, write_results
from bench.installation import Installation, install, served
from bench.peers import ENGINES, database
from bench.run import measure
from bench.soak import soak
from bench.whole import whole

RESULTS = Path(__file__).with_name("results.json")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000, help="how many the database holds")
    parser.add_argument("--count", type=int, default=300, help="calls of each work")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each import")
    parser.add_argument("--only", default="", metavar="WORDS", help="only works whose name holds this")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="only this database")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="mixed work for so long, instead")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def show(results: list[Result]) -> None:
    """The same figures for a person; the ratio is what was measured to its goal."""
    names = ["median ms", "p95 ms", "CPU ms", "statements", "driver ms", "hello ms", "value", "goal", "ratio"]
    shown = Table("work", "engine", *names)
    for row in results:
        measured = row.value if row.cpu_ms is None else row.cpu_ms
        ratio = measured / row.goal if measured and row.goal else None
        value = "" if row.value is None else f"{row.value:,.0f} {row.unit}"
        timed = (row.median_ms, row.p95_ms, row.cpu_ms, row.statements, row.driver_ms, row.hello_ms)
        shown.add_row(row.work, row.engine, *map(_figure, timed), value, *map(_figure, (row.goal, ratio)))
    Console(width=160).print(shown)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


@contextmanager
def installed(name: str, options: argparse.Namespace) -> Iterator[Installation]:
    """A filled installation on an engine, gone afterwards."""
    with database(name) as engine, tempfile.TemporaryDirectory(prefix="patron-bench-") as folder:
        began = time.monotonic()
        installation = install(Path(folder), engine, options.customers)
        taken = time.monotonic() - began
        print(f"{name}: {options.customers} customers in {taken:.0f} s", file=sys.stderr)
        yield installation


def soak_all(options: argparse.Namespace) -> int:
    """Soak on each database, a line a minute; 1 when a call failed."""
    failed = 0
    for name in options.engine or ENGINES:
        with installed(name, options) as installation, served(installation, worker=True) as site:
            for minute in soak(site, works(installation), seconds=options.soak):
                failed |= bool(minute.failures)
                print(name, minute)
    return failed


def main() -> None:
    options = arguments()
    if options.soak:
        sys.exit(soak_all(options))
    results: list[Result] = []
    try:
        for name in options.engine or ENGINES:
            with installed(name, options) as installation:
                for result in bench(installation, options):
                    results.append(result)
                    write_results(results, options.output)
    finally:
        show(results)


def bench(installation: Installation, options: argparse.Namespace) -> Iterator[Result]:
    """Every work and, unless some were chosen, what is no single call."""
    every = works(installation)
    chosen = [work for work in every if options.only in work.name]
    with served(installation) as site:
        yield from measure(site, chosen, count=options.count)
    if not options.only:
        yield from whole(installation, every, rows=options.rows)


if __name__ == "__main__":
    main()
