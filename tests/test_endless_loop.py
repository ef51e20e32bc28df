"""An endless loop in a module ends the web process it runs in, nothing else: Patron answers again shortly."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from patron.db import Database

PROBE = Path(__file__).with_name("hang_probe.py")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def process_at(url: str) -> int:
    """The process that answers; 0 when none does."""
    try:
        return int(httpx.get(f"{url}/loop/process", timeout=5).json()["process"])
    except httpx.HTTPError:
        return 0


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    (tmp_path / "patron.toml").write_text(
        f'database_url = "{database.url}"\nmodules = []\nhang_seconds = 1.0\n'
    )
    port, log = free_port(), tmp_path / "serve.log"
    with log.open("w") as output:
        command = [sys.executable, "-W", "ignore", str(PROBE), str(tmp_path), str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    yield f"http://127.0.0.1:{port}", log
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_an_endless_loop_ends_its_process_and_the_next_one_answers(served: tuple[str, Path]) -> None:
    url, log = served
    assert wait_for(lambda: process_at(url) > 0, 90), log.read_text()
    first = process_at(url)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{url}/loop/for-ever", timeout=30)
    assert wait_for(lambda: process_at(url) not in (0, first), 90), log.read_text()
    assert "has run for more than 1.0 s: ending this process" in log.read_text()
    assert "in loop" in log.read_text(), "the stack says where it hung"
    assert not (Path("/proc") / str(first)).exists()
