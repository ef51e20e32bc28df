"""What marketing's tests share: its tables on both engines, an assembly, and ways to make things happen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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

sys.path.insert(0, str(Path(__file__).parent))  # for marketing_world


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, Distribution("marketing", "patron_marketing"))


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    changes: dict[str, Any] = {"modules": ("marketing",), "strict": True, "folder": str(tmp_path)}
    made = assemble(settings_for(database, **changes))
    with working(made) as ctx:
        accounts.sync_roles(ctx)
    yield made
    made.database.dispose()


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made
