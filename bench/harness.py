"""Measuring: latency as the caller sees it, CPU as the kernel counted it, peers in turn in one run."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
STATEMENTS_HEADER = "X-Patron-Statements"


@dataclass(frozen=True)
class Peer:
    """Something to call. ``roots`` are the processes whose CPU counts, with all their children."""

    call: Callable[[], object]
    roots: Sequence[int] = ()


@dataclass(frozen=True)
class Sample:
    """What many calls of one peer took: ``latencies`` in milliseconds, ``cpu_ms`` per call."""

    latencies: Sequence[float]
    cpu_ms: float

    @property
    def median_ms(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p95_ms(self) -> float:
        return percentile(self.latencies, 95)

    @property
    def per_s(self) -> float:
        return 1000 * len(self.latencies) / sum(self.latencies)


@dataclass(frozen=True)
class Result:
    """One row of ``results.json``. Times are milliseconds of one call; ``goal`` is the CPU aimed at.

    What is no time of a call (memory, rows a second, size) stands in ``value``, in its ``unit``, with its goal.
    """

    work: str
    engine: str
    customers: int
    median_ms: float | None = None
    p95_ms: float | None = None
    cpu_ms: float | None = None
    statements: int | None = None
    per_s: float | None = None
    driver_ms: float | None = None
    hello_ms: float | None = None
    goal: float | None = None
    value: float | None = None
    unit: str = ""


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of ``values`` do not exceed. Raises ValueError on none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile of nothing")
    return ordered[max(0, -(-len(ordered) * percent // 100).__trunc__() - 1)]


def processes(root: int) -> Iterator[int]:
    """``root`` and everything it started that still runs."""
    yield root
    try:
        tasks = list(Path(f"/proc/{root}/task").iterdir())
        children = [pid for task in tasks for pid in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield from processes(int(child))


def cpu_ms(roots: Iterable[int]) -> float:
    """CPU used so far by the processes under ``roots``, in user and kernel; ended ones count too."""
    return TICK_MS * sum(_ticks(pid) for root in roots for pid in processes(root))


def _ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    # The name, in brackets, may hold spaces: utime, stime, cutime, cstime are fields 14 to 17 of the line.
    return sum(int(value) for value in stat.rpartition(")")[2].split()[11:15])


def in_turn(peers: Mapping[str, Peer], *, count: int, rounds: int = 5) -> dict[str, Sample]:
    """Call each peer ``count`` times after a warm-up, in ``rounds`` blocks that take turns.

    So whatever else the machine does meanwhile falls on all of them alike.
    """
    block = max(1, count // rounds)
    latencies: dict[str, list[float]] = {name: [] for name in peers}
    spent = dict.fromkeys(peers, 0.0)
    for peer in peers.values():
        for _ in range(block):
            peer.call()
    for _ in range(rounds):
        for name, peer in peers.items():
            before = cpu_ms(peer.roots)
            latencies[name] += [_timed(peer.call) for _ in range(block)]
            spent[name] += cpu_ms(peer.roots) - before
    return {name: Sample(latencies[name], spent[name] / len(latencies[name])) for name in peers}


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


class Client:
    """One kept-alive connection to a server on this machine, thin, so that it is not what is measured."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.headers = dict(headers or {})
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.last: HTTPMessage | None = None

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The answer's body; ``body`` is sent as JSON. Raises RuntimeError on a status of 400 or more."""
        data = None if body is None else json.dumps(body)
        sent = {**self.headers, **(headers or {}), **({"Content-Type": "application/json"} if data else {})}
        self.connection.request(method, path, data, sent)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path} answered {response.status}: {answer[:500]!r}")
        self.last = response.headers
        return answer

    @property
    def statements(self) -> int | None:
        """How many statements the last answer took, where the server says so."""
        told = self.last and self.last.get(STATEMENTS_HEADER)
        return int(told) if told else None

    def close(self) -> None:
        self.connection.close()


def write_results(results: Iterable[Result], path: Path) -> None:
    """Write what was measured as JSON, figures rounded to what can be told apart."""
    rows = [
        {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(result).items()}
        for result in results
    ]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
