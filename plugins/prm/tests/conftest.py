"""What the tests of partner management share: its tables, beside those of sales where that is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import services as accounts
from patron.assembly import Assembly, assemble
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.testing.faces import app_client, settings_for, working

sys.path.insert(0, str(Path(__file__).parent))  # for prm_world

SELLING = ("sales",) if find_spec("patron_sales") else ()
collect_ignore = [] if SELLING else ["test_prm_with_sales.py"]
MODULES = ("workflow", *(("catalog", "orders", "sales") if SELLING else ()), "prm")


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, *(Distribution(name, f"patron_{name}") for name in MODULES))


@pytest.fixture
def modules() -> tuple[str, ...]:
    """What is assembled; without sales, override it."""
    return (*SELLING, "prm")


@pytest.fixture
def assembly(database: Database, modules: tuple[str, ...], tmp_path: Path) -> Iterator[Assembly]:
    made = assemble(settings_for(database, modules=modules, strict=True, folder=str(tmp_path)))
    with working(made) as ctx:
        accounts.sync_roles(ctx)
    yield made
    made.database.dispose()


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made
