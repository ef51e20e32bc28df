"""The measuring instrument measures: CPU that was burnt, calls that were made, peers in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest

from bench.daily import measured_of
from bench.harness import Client, Peer, Result, Sample, cpu_ms, in_turn, percentile, processes, write_results
from bench.peers import ENGINES, database, driver, free_port, hello_server, serving
from bench.run import floor, hello_site
from bench.soak import soak
from bench.works import HELLO, Work

ROOT = Path(__file__).resolve().parents[1]
BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 95), percentile(values, 50), percentile([7.0], 95)) == (95, 50, 7)
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 95)


def test_cpu_counts_children_while_they_run_and_after() -> None:
    before = cpu_ms([os.getpid()])
    with subprocess.Popen([sys.executable, "-c", f"{BURN}input()"], stdin=subprocess.PIPE) as child:
        deadline = time.monotonic() + 20
        while cpu_ms([child.pid]) < 290 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert child.pid in processes(os.getpid())
        assert cpu_ms([os.getpid()]) - before >= 290
        child.communicate(b"\n")
    assert child.pid not in processes(os.getpid())
    assert cpu_ms([os.getpid()]) - before >= 290


def test_peers_take_turns() -> None:
    calls: list[str] = []
    peers = {name: Peer(lambda name=name: calls.append(name)) for name in "ab"}
    samples = in_turn(peers, count=4, rounds=2)
    assert "".join(calls) == "aabb" + "aabbaabb"
    assert [len(sample.latencies) for sample in samples.values()] == [4, 4]


def test_a_sample_tells_rate_and_median() -> None:
    sample = Sample([1.0, 2.0, 7.0], 0.5)
    assert (sample.median_ms, sample.p95_ms, sample.per_s) == (2, 7, 300)


def test_the_client_refuses_to_measure_an_error() -> None:
    with hello_server(workers=1) as (port, _):
        client = Client(port)
        assert client.request("GET", "/") == b"hello"
        with pytest.raises(RuntimeError, match="404"):
            client.request("GET", "/nothing")
        client.close()


def test_a_server_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="status 3"),
        serving([sys.executable, "-c", "raise SystemExit(3)"], free_port(), cwd=tmp_path),
    ):
        pass


@pytest.mark.parametrize("name", ENGINES)
def test_a_run_gives_the_agreed_figures(name: str, tmp_path: Path) -> None:
    with database(name) as engine:
        with driver(engine) as run:
            assert run("SELECT ? + 1", [41])[0][0] == 42
        result = floor(engine, count=10, workers=1)
    write_results([result], tmp_path / "results.json")
    (row,) = json.loads((tmp_path / "results.json").read_text())
    assert list(row) == [field.name for field in fields(Result)]
    assert (row["work"], row["engine"], row["statements"], row["goal"]) == ("hello", name, None, None)
    assert min(row["median_ms"], row["driver_ms"], row["hello_ms"], row["per_s"]) > 0


def test_a_soak_tells_of_failures_and_memory_and_goes_on() -> None:
    broken = Work("broken", lambda client, _: client.request("GET", "/nothing"), "SELECT 1")
    with database("sqlite") as engine, hello_site(engine, workers=1) as site:
        first, second, *_ = soak(site, [HELLO, broken], seconds=0.6, stretch=0.3)
    assert first.calls > len(first.failures) > 0
    assert first.failures[0].startswith("broken: GET /nothing answered 404")
    assert second.calls > 0
    assert second.memory_mib > 5


@pytest.mark.parametrize(
    "module", sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())
)
def test_each_module_is_measured_and_its_page_says_by_what(module: str) -> None:
    assert measured_of(module)
    assert measured_of(module) in (ROOT / "docs" / "modules" / f"{module}.md").read_text("utf-8")
