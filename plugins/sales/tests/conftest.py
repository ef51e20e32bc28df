"""What the tests of sales share: its tables on both engines, an assembly, products with prices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Context, editing
from patron.accounts import services
from patron.assembly import Assembly, assemble
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.testing.faces import app_client, settings_for, working

MODULES = ("workflow", "catalog", "orders", "sales")


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, *(Distribution(name, f"patron_{name}") for name in MODULES))


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    settings = settings_for(
        database, modules=("sales",), strict=True, debug_statements=True, folder=str(tmp_path)
    )
    made = assemble(settings)
    with working(made) as ctx:
        services.sync_roles(ctx)
    yield made
    made.database.dispose()


@pytest.fixture
def ctx(assembly: Assembly) -> Iterator[Context]:
    """A context of the system in a write transaction."""
    with working(assembly) as made:
        yield made


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


@pytest.fixture
def products(assembly: Assembly, request: pytest.FixtureRequest) -> dict[str, int]:
    """A chair at 100.00 EUR (from ten 90.00) and a lamp at 49.90 EUR, both at 19 %; ids by SKU."""
    if "ctx" in request.fixturenames:
        return add_products(request.getfixturevalue("ctx"))
    with working(assembly) as ctx:
        return add_products(ctx)


def add_products(ctx: Context) -> dict[str, int]:
    resources, made = ctx.assembly.resources, {}
    for sku, name, minor in (("CH-1", "Oak chair", 10_000), ("LA-1", "Lamp", 4_990)):
        values = {"sku": sku, "name": name, "list_price": {"minor": minor, "currency": "EUR"}}
        made[sku] = int(editing.create(ctx, resources["catalog.products"], values).key)
    tier = {"product": made["CH-1"], "price": {"minor": 9_000, "currency": "EUR"}, "minimum_quantity": 10}
    editing.create(ctx, resources["catalog.prices"], tier)
    return made
