"""``python -m bench``: measure on both databases and write ``bench/results.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.harness import Result, write_results
from bench.peers import ENGINES, database
from bench.run import floor, hello_site
from bench.soak import soak
from bench.works import HELLO

FIGURES = ("median_ms", "p95_ms", "cpu_ms", "statements", "driver_ms", "hello_ms", "goal")
RESULTS = Path(__file__).with_name("results.json")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000, help="how many the database holds")
    parser.add_argument("--count", type=int, default=500, help="calls of each work")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="only this database")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="mixed work for so long, instead")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def show(results: list[Result]) -> None:
    """The same figures for a person."""
    table = Table(
        "work", "engine", *(["median ms", "p95 ms", "CPU ms", "statements", "driver ms", "hello ms", "goal"])
    )
    for row in results:
        figures = (
            row.median_ms,
            row.p95_ms,
            row.cpu_ms,
            row.statements,
            row.driver_ms,
            row.hello_ms,
            row.goal,
        )
        table.add_row(row.work, row.engine, *("" if value is None else f"{value:.3g}" for value in figures))
    Console().print(table)


def soak_all(engines: Sequence[str], seconds: float) -> int:
    """Soak on each database, a line a minute; 1 when a call failed."""
    failed = 0
    for name in engines:
        with database(name) as engine, hello_site(engine) as site:
            for minute in soak(site, [HELLO], seconds=seconds):
                failed |= bool(minute.failures)
                print(name, minute)
    return failed


def main() -> None:
    options = arguments()
    if options.soak:
        sys.exit(soak_all(options.engine or ENGINES, options.soak))
    results = []
    for name in options.engine or ENGINES:
        with database(name) as engine:
            results.append(floor(engine, count=options.count))
    write_results(results, options.output)
    show(results)


if __name__ == "__main__":
    main()
