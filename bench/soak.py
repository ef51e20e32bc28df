"""Mixed work for a long while: does memory grow, do answers slow down, does anything fail?"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count as counter
from itertools import cycle
from pathlib import Path

from bench.harness import percentile, processes
from bench.run import Site
from bench.works import Work

PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Minute:
    """What one stretch of the soak saw: seconds since the start, calls, failures, and the server's memory."""

    at: float
    calls: int
    failures: Sequence[str]
    p95_ms: float
    memory_mib: float


def memory_mib(root: int) -> float:
    """Proportional memory of a process and all it started, in MiB."""
    total = 0
    for pid in processes(root):
        try:
            found = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(found[1]) if found else 0
    return total / 1024


def soak(site: Site, works: Sequence[Work], *, seconds: float, stretch: float = 60.0) -> Iterator[Minute]:
    """Do the works in turn for ``seconds``, and tell of each ``stretch``. A failure does not end it."""
    start = time.monotonic()
    numbers, turns = counter(), cycle(works)
    while (began := time.monotonic()) - start < seconds:
        latencies: list[float] = []
        failures: list[str] = []
        while time.monotonic() - began < min(stretch, seconds):
            work, called = next(turns), time.perf_counter()
            try:
                work.call(site.client, next(numbers))
            except (RuntimeError, OSError) as error:
                failures.append(f"{work.name}: {error}")
            latencies.append(1000 * (time.perf_counter() - called))
        p95 = percentile(latencies, 95)
        yield Minute(time.monotonic() - start, len(latencies), failures, p95, memory_mib(site.pid))
