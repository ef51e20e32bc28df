"""``patron serve`` keeps its web processes and its worker alive, and leaves none behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patron.db import Database
from patron.serve import Pause, environment_of
from patron.settings import load_settings
from patron.worker.durable import prepare_dbos

PROBE = Path(__file__).with_name("serve_probe.py")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def children(pid: int) -> dict[int, str]:
    """The commands of the child processes, by id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == pid and status[0] != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def worker_of(pid: int) -> int | None:
    return next((child for child, command in children(pid).items() if "patron.worker" in command), None)


def exists(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    (tmp_path / "patron.toml").write_text(f'database_url = "{database.url}"\nmodules = []\n')
    prepare_dbos(load_settings(tmp_path))
    port = free_port()
    log = tmp_path / "serve.log"
    with log.open("w") as output:
        command = [sys.executable, "-W", "ignore", str(PROBE), str(tmp_path), str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    yield process, port, log
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


def answering(port: int) -> int:
    """The process that answers; 0 when none does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return int(answer.read())
    except OSError:
        return 0


def test_what_dies_is_replaced_and_the_end_is_clean(
    served: tuple[subprocess.Popen[bytes], int, Path],
) -> None:
    process, port, log = served
    assert wait_for(lambda: answering(port) > 0), log.read_text()
    assert wait_for(lambda: "is ready" in log.read_text()), log.read_text()

    web, worker = answering(port), worker_of(process.pid)
    assert web in children(process.pid)
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    os.kill(web, signal.SIGKILL)
    assert wait_for(lambda: worker_of(process.pid) not in (None, worker)), log.read_text()
    assert wait_for(lambda: answering(port) not in (0, web)), log.read_text()
    assert wait_for(lambda: log.read_text().count("is ready") == 2), log.read_text()

    left = [*children(process.pid), process.pid]
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0, log.read_text()
    assert wait_for(lambda: not any(exists(pid) for pid in left), 10)


def test_nothing_outlives_its_supervisor(served: tuple[subprocess.Popen[bytes], int, Path]) -> None:
    process, port, log = served
    assert wait_for(lambda: answering(port) > 0 and "is ready" in log.read_text()), log.read_text()
    left = list(children(process.pid))
    assert len(left) >= 3
    process.kill()
    assert wait_for(lambda: not any(exists(pid) for pid in left), 30), log.read_text()


def test_a_child_that_keeps_ending_is_started_less_and_less_often() -> None:
    pause = Pause()
    assert [pause.after(0.1) for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert pause.after(100.0) == 0.5


def test_child_processes_get_the_settings_that_differ(tmp_path: Path) -> None:
    (tmp_path / "patron.toml").write_text('site_name = "Acme"\nport = 1\n')
    settings = load_settings(tmp_path, port=2, modules=("sales",), strict=True)
    given = environment_of(settings)
    assert given["PATRON_HOME"] == str(tmp_path)
    assert (given["PATRON_PORT"], given["PATRON_MODULES"], given["PATRON_STRICT"]) == ("2", "sales", "1")
    assert not {"PATRON_SITE_NAME", "PATRON_SECRET_KEY"} & set(given)
