"""What is no single call: starting, memory, the weight of the first page, importing files."""

from __future__ import annotations

import csv
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from patron.assembly import assemble
from patron.imports import engine, staging
from patron.settings import load_settings

from bench.harness import Client, Result, percentile
from bench.installation import Installation, cold_start_ms, first_load_bytes, patron, served
from bench.run import Site
from bench.soak import memory_mib
from bench.works import Work

START_GOAL_MS, MEMORY_GOAL_MIB, WEIGHT_GOAL_KB = 1000, 250, 150
FLAT_GOAL, RELATED_GOAL, LOCK_GOAL_MS = 6000, 4000, 100
_CLIENTS = 8


def whole(installation: Installation, works: Sequence[Work], *, rows: int) -> Iterator[Result]:
    """Start, memory under load, weight, and both imports of ``rows`` rows."""
    result = partial(Result, engine=installation.engine.name, customers=installation.customers)
    start = min(cold_start_ms(installation) for _ in range(3))
    yield result("cold start to first answer", value=start, unit="ms", goal=START_GOAL_MS)
    with served(installation, worker=True) as site:
        _load(site, works)
        yield result("memory under load, with worker", value=memory_mib(site.pid), unit="MiB",
                     goal=MEMORY_GOAL_MIB)  # fmt: skip
        person = {"Cookie": f"__Host-patron={installation.filled.cookie}"}
        weight = first_load_bytes(site, "/customers", person) / 1000
        yield result("first page load, compressible", value=weight, unit="kB", goal=WEIGHT_GOAL_KB)
    yield result("import, flat", value=_import(installation, "flat", rows), unit="rows/s", goal=FLAT_GOAL)
    related = _import(installation, "related", rows)
    yield result("import, with employer", value=related, unit="rows/s", goal=RELATED_GOAL)
    held = _lock_ms(installation, rows)
    middle, most = percentile(held, 50), percentile(held, 95)
    yield result("import, lock held by a batch", median_ms=middle, p95_ms=most, value=most, unit="ms (p95)",
                 goal=LOCK_GOAL_MS)  # fmt: skip


def _load(site: Site, works: Sequence[Work], calls: int = 50) -> None:
    """Each work from several clients at once."""

    def one(client_number: int) -> None:
        with closing(Client(site.client.connection.port)) as client:
            for number in range(calls):
                for work in works:
                    work.call(client, -1 - (client_number * calls + number))

    with ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(one, range(_CLIENTS)))


def _import(installation: Installation, kind: str, rows: int) -> float:
    """Rows a second of ``patron import``, from starting the program to its answer."""
    path = installation.folder / f"{kind}.csv"
    _write_file(path, rows, related=kind == "related")
    began = time.perf_counter()
    done = subprocess.run(
        [*patron(), "import", "customers", str(path), "--json"], cwd=installation.folder, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    told = json.loads(done.stdout)
    if told["rejected"] or told["created"] < rows:
        raise RuntimeError(f"the import did not take every row: {told}")
    return rows / seconds


def _lock_ms(installation: Installation, rows: int) -> list[float]:
    """How long each batch of another import with employers kept others from writing, its commit included."""
    path = installation.folder / "locked.csv"
    _write_file(path, rows, related=True)
    held: list[float] = []
    assembly = assemble(load_settings(installation.folder))
    try:
        with assembly.database.write() as session:
            import_id = staging.new_import(
                session,
                assembly.resource("customers"),
                path.name,
                sha256="",
                source="",
                match="",
                user_id=None,
            )
        staging.stage(assembly, import_id, path)
        engine.apply(assembly, import_id, on_batch=lambda _, seconds: held.append(1000 * seconds))
    finally:
        assembly.database.dispose()
    return held


def _write_file(path: Path, rows: int, *, related: bool) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ["Given name", "Family name", "E-mail", "Phone", "City", *(["Company"] if related else [])]
        )
        for number in range(rows):
            row = [f"Given{number}", f"Family{path.stem}{number}", f"{path.stem}{number}@import.example.test"]
            row += [f"+49 30 {(7 if related else 6) * 10**6 + number}", f"City {number % 100}"]
            out.writerow([*row, *([f"Firm {number // 10} GmbH"] if related else [])])
