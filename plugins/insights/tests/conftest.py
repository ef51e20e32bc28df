"""Insights alone with the core, beside a small module that has a number to pin, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import patron_insights.plugin
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Measure, Metric, hookimpl
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.testing.faces import app_client, settings_for


class Counting:
    """Counts people by their city."""

    @hookimpl
    def register_metrics(self) -> list[Metric]:
        people = Measure("customers", {"kind": "person"}, by="city")
        return [
            Metric("people", "People", of=people, pinned=True, per_customer=True),
            Metric("rate", "Answers that helped", lambda _: {"": 1250}, unit="percent", url="/customers"),
        ]


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    settings = settings_for(database, folder=str(tmp_path), strict=True)
    made = assemble(settings, {"insights": patron_insights.plugin, "counting": Counting()})
    after_migration(made)
    yield made
    made.database.dispose()


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made
