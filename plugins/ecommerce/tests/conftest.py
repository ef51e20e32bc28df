"""What the shop's tests share: the tables on both engines, an assembly, articles, and buyers at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.testing.faces import app_client, settings_for

sys.path.insert(0, str(Path(__file__).parent))  # for shop_world

SHOP = {"test_payments": "on", "invoice": "everybody"}


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    modules = ("catalog", "orders", "ecommerce")
    return (CORE, *(Distribution(name, f"patron_{name}") for name in modules))


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    changes: dict[str, Any] = {"modules": ("ecommerce",), "strict": True, "folder": str(tmp_path)}
    made = assemble(settings_for(database, plugins={"ecommerce": SHOP}, **changes))
    after_migration(made)
    yield made
    made.database.dispose()


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made
