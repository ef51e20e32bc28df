"""One run: each work, the framework's hello and the bare statement, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count as counter

from bench.harness import Client, Peer, Result, in_turn
from bench.peers import Engine, driver, hello_server
from bench.works import HELLO, Work


@dataclass(frozen=True)
class Site:
    """A running Patron: how to reach it, and its processes; ``customers`` is how many it holds."""

    engine: Engine
    client: Client
    pid: int
    customers: int


def measure(site: Site, works: Iterable[Work], *, count: int, workers: int = 2) -> Iterator[Result]:
    """A result for each work, ``count`` calls of each peer; hello runs in as many ``workers`` as the site."""
    with hello_server(workers) as (port, pid), driver(site.engine) as run, closing(Client(port)) as client:
        hello = Peer(partial(client.request, "GET", "/"), (pid,))
        for work in works:
            yield _measure(site, work, hello, partial(run, work.statement, work.parameters), count)


def _measure(site: Site, work: Work, hello: Peer, statement: Callable[[], object], count: int) -> Result:
    numbers = counter()
    ours = Peer(lambda: work.call(site.client, next(numbers)), (site.pid, *site.engine.roots))
    samples = in_turn({"ours": ours, "hello": hello, "driver": Peer(statement)}, count=count)
    sample = samples["ours"]
    return Result(
        work=work.name,
        engine=site.engine.name,
        customers=site.customers,
        median_ms=sample.median_ms,
        p95_ms=sample.p95_ms,
        cpu_ms=sample.cpu_ms,
        statements=site.client.statements,
        per_s=sample.per_s,
        driver_ms=samples["driver"].median_ms,
        hello_ms=samples["hello"].median_ms,
        goal=work.goal,
    )


@contextmanager
def hello_site(engine: Engine, workers: int = 2) -> Iterator[Site]:
    """The hello application as if it were ours: what no page can go below."""
    with hello_server(workers) as (port, pid), closing(Client(port)) as client:
        yield Site(engine, client, pid, 0)


def floor(engine: Engine, *, count: int, workers: int = 2) -> Result:
    """The framework's hello measured beside itself and the shortest statement."""
    with hello_site(engine, workers) as site:
        (result,) = measure(site, [HELLO], count=count, workers=workers)
    return result
