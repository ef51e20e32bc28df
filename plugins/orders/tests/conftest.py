"""What the tests of orders share: the tables on both engines, a context, and a customer with an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from patron import SYSTEM, Context, Money, editing
from patron.assembly import Assembly, assemble
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.settings import Settings
from patron_orders.api import Line, create_order


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, Distribution("catalog", "patron_catalog"), Distribution("orders", "patron_orders"))


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    settings = Settings(
        database_url=database.url, modules=("orders",), strict=True, folder=str(tmp_path), secret_key="k" * 40
    )
    made = assemble(settings)
    yield made
    made.database.dispose()


@pytest.fixture
def ctx(assembly: Assembly) -> Iterator[Context]:
    """A context in one write transaction, as the system."""
    with assembly.database.write() as session:
        yield Context(session, assembly, SYSTEM)


@pytest.fixture
def add_customer() -> Callable[..., int]:
    def add(ctx: Context, name: str = "Adler GmbH", **values: Any) -> int:
        given = {"kind": "organisation", "name": name, **values}
        return int(editing.create(ctx, ctx.assembly.resource("customers"), given).key)

    return add


@pytest.fixture
def add_order() -> Callable[..., int]:
    """Makes a confirmed order of one line: two pieces at 50.00 EUR, 19 % tax."""

    def add(ctx: Context, customer_id: int, reference_id: int = 1, **options: Any) -> int:
        line = Line(None, "Chair", Decimal(2), Money(5000, "EUR"), "19.00")
        return create_order(
            ctx,
            customer_id,
            [line],
            source="test",
            reference_resource="test.things",
            reference_id=reference_id,
            currency="EUR",
            **options,
        )

    return add
