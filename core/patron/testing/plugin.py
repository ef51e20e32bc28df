"""Pytest fixtures: ``pytest_plugins = ["patron.testing.plugin"]`` in a ``conftest.py``.

``database`` runs a test on both engines with the core's tables. A suite that needs its own tables too
overrides ``distributions``::

    @pytest.fixture(scope="session")
    def distributions():
        return (CORE, Distribution("sales", "patron_sales"))
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.testing.databases import ENGINES, Databases
from patron.testing.quick import be_quick

pytest.register_assert_rewrite("patron.testing.contract")  # what a module's test is told when it fails
be_quick()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """The session's templates; ``databases.fresh(engine, tmp_path, distributions)`` gives another one."""
    return Databases(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    """Whose tables ``database`` has, the core's first."""
    return (CORE,)


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """``"sqlite"``, then ``"postgresql"``."""
    return str(request.param)


@pytest.fixture
def database(
    engine_name: str, databases: Databases, distributions: tuple[Distribution, ...], tmp_path: Path
) -> Iterator[Database]:
    """A database for this test alone, with the tables of ``distributions``."""
    with databases.fresh(engine_name, tmp_path, distributions) as fresh:
        yield fresh
