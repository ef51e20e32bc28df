"""What workflow's tests share: its tables on both engines, and a context over them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patron import SYSTEM, Context
from patron.assembly import Assembly, assemble
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.settings import Settings

sys.path.insert(0, str(Path(__file__).parent))  # for automation_world


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, Distribution("workflow", "patron_workflow"))


@pytest.fixture
def assembly(database: Database) -> Iterator[Assembly]:
    made = assemble(Settings(database_url=database.url, modules=("workflow",), strict=True))
    yield made
    made.database.dispose()


@pytest.fixture
def ctx(assembly: Assembly) -> Iterator[Context]:
    """A context in one write transaction, as the system."""
    with assembly.database.write() as session:
        yield Context(session, assembly, SYSTEM)
