"""What knowledge's tests share: its tables and service's on both engines, and an assembly of both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import services as accounts
from patron.assembly import Assembly, assemble
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.testing.faces import app_client, settings_for, working

sys.path.insert(0, str(Path(__file__).parent))  # for knowledge_world


SERVED = ("service",) if find_spec("patron_service") else ()


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    names = (*(("workflow", "service") if SERVED else ()), "knowledge")
    return (CORE, *(Distribution(name, f"patron_{name}") for name in names))


@pytest.fixture
def modules() -> tuple[str, ...]:
    return (*SERVED, "knowledge")


@pytest.fixture
def assembly(database: Database, tmp_path: Path, modules: tuple[str, ...]) -> Iterator[Assembly]:
    changes: dict[str, Any] = {"modules": modules, "strict": True, "folder": str(tmp_path)}
    contact = {"contact_email": "hello@firm.example", "contact_phone": "+49 30 901820"}
    made = assemble(settings_for(database, **changes, **contact))
    with working(made) as ctx:
        accounts.sync_roles(ctx)
    yield made
    made.database.dispose()


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made
