"""An installation as a firm has it: made by ``patron init``, filled, and served by ``patron serve``."""

from __future__ import annotations

import gzip
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.permissions import SYSTEM
from patron.settings import CONFIG_NAME, load_settings

from bench.filling import Filled, fill
from bench.harness import Client
from bench.peers import Engine, free_port, serving
from bench.run import Site


@dataclass(frozen=True)
class Installation:
    """A folder with its ``patron.toml``, and how to get in."""

    folder: Path
    engine: Engine
    filled: Filled
    customers: int
    modules: frozenset[str]


def patron() -> list[str]:
    """The command of the environment that this runs in."""
    return [str(Path(sys.executable).with_name("patron"))]


def install(folder: Path, engine: Engine, customers: int) -> Installation:
    """Make and fill one with every module that is installed."""
    url = ["--database-url", engine.url]
    subprocess.run([*patron(), "init", "--yes", *url], cwd=folder, env=_environment(), check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    config = folder / CONFIG_NAME
    config.write_text(f"debug_statements = true\n{config.read_text('utf-8')}", "utf-8")
    assembly = assemble(load_settings(folder))
    try:
        modules = frozenset(
            plugin.name for plugin in assembly.plugins if plugin.module and not plugin.refused
        )
        filled = fill(assembly, customers)
        add_samples(assembly)
        return Installation(folder, engine, filled, customers, modules)
    finally:
        assembly.database.dispose()


def add_samples(assembly: Assembly) -> None:
    """What each module shows in a demo, so that its pages have something on them."""
    numbers = random.Random(1)
    for module, sample in assembly.samples:
        if module != "core":
            with assembly.database.write() as session:
                sample.run(Context(session, assembly, SYSTEM), numbers)


@contextmanager
def served(installation: Installation, *, workers: int = 2, worker: bool = False) -> Iterator[Site]:
    """The site behind its own server; ``worker`` runs the background process beside it, as in production."""
    port = free_port()
    command = [*patron(), "serve", "--port", str(port), "--workers", str(workers)]
    command.append("--worker" if worker else "--no-worker")
    with (
        serving(command, port, cwd=installation.folder, env=_environment()) as pid,
        closing(Client(port)) as client,
    ):
        yield Site(installation.engine, client, pid, installation.customers)


def cold_start_ms(installation: Installation) -> float:
    """From starting the server to the first page that it answers."""
    began = time.perf_counter()
    with served(installation, worker=True) as site:
        site.client.request("GET", "/sign-in")
        return 1000 * (time.perf_counter() - began)


def first_load_bytes(site: Site, page: str, headers: Mapping[str, str]) -> int:
    """What a browser without a cache gets for a page: it and its style, script, font and icons, compressed."""
    html = site.client.request("GET", page, headers=headers).decode()
    found = re.findall(r'(?:href|src)="(/static/[^"#]+)', html)
    parts = [html.encode(), *(site.client.request("GET", path) for path in dict.fromkeys(found))]
    return sum(_compressed(part) for part in parts)


def _compressed(data: bytes) -> int:
    return min(len(data), len(gzip.compress(data, 6)))


def _environment() -> dict[str, str]:
    """Without what the caller set for a Patron of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PATRON_")}
