"""Requests generated from the OpenAPI document, valid and not: none crashes, none is answered otherwise than it says.

Half of them are about records that exist. In the suite the same cases each time; the soak takes new ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.contributions import Field
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.plugins import discover
from patron.resources.openapi import document
from patron.testing.canaries import Canaries, hatch
from patron.testing.faces import app_client, settings_for, signed_in, token_for
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
pytest_plugins = ("schemathesis.pytest.plugin",)  # without it the application's end is waited for without end
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
EITHER = st.booleans()


@pytest.fixture(scope="module")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, *(plugin.migrations for plugin in discover(None)))


@dataclass
class Asked:
    """An application with all modules, its document, and what it answered so far."""

    client: TestClient[Litestar]
    found: Canaries
    schema: Any
    statuses: Counter[int] = field(default_factory=Counter)
    created: Counter[str] = field(default_factory=Counter)

    def ask(self, case: Any, existing: bool) -> None:
        """Send a generated case and compare the answer with the document."""
        left_out = {"authorization"}
        if existing:
            self.point(case)
            left_out.add("idempotency-key")  # the same short keys come again and again
        case.headers = {n: v for n, v in (case.headers or {}).items() if n.lower() not in left_out}
        answer = case.call(
            base_url="https://testserver.local", session=self.client, headers=self.token(), timeout=60
        )
        self.statuses[answer.status_code] += 1
        if answer.status_code == 201:
            self.created[case.operation.path] += 1
        case.validate_response(answer, checks=CHECKS)

    def creations(self) -> list[Any]:
        """The operations that make a record of a resource."""
        assembly: Assembly = self.client.app.state.assembly
        paths = {f"/api/v1{r.path}" for r in assembly.resources.values() if "create" in r.verbs}
        found = (result.ok() for result in self.schema.get_all_operations())
        return [operation for operation in found if operation.path in paths and operation.method == "post"]

    def token(self) -> dict[str, str]:
        return {"Authorization": self.client.headers["Authorization"], "Accept": "application/json"}

    def point(self, case: Any) -> None:
        """Make the case one about records that exist: itself, and those that it refers to."""
        assembly: Assembly = self.client.app.state.assembly
        path = f"{case.operation.path}/"
        resource = next(
            (r for r in assembly.resources.values() if path.startswith(f"/api/v1{r.path}/")), None
        )
        if resource is None:
            return
        if case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, self.found.of(resource))
        if isinstance(case.body, dict):
            fields = [item for item in resource.fields if item.name in case.body]
            case.body = {**case.body, **{f.name: str(id) for f in fields if (id := self.referred(f))}}

    def referred(self, item: Field) -> int | None:
        """A record that the field can refer to."""
        assembly: Assembly = self.client.app.state.assembly
        known = {"customer": self.found.customer, "user": self.found.keeper, "team": self.found.team}
        if item.kind == "ref" and item.ref in assembly.resources:
            return self.found.ids.get(assembly.resources[item.ref].table)
        return known.get(item.kind)


@pytest.fixture
def asked(database: Database, tmp_path: Path) -> Iterator[Asked]:
    assembly = assemble(settings_for(database, modules=None, folder=str(tmp_path)))
    after_migration(assembly)
    found = hatch(assembly)
    with app_client(assembly) as client:
        token_for(client, signed_in(client, "admin"))
        schema = schemathesis.openapi.from_dict(document(assembly))
        schema.app = client.app
        yield Asked(client, found, schema)
    assembly.database.dispose()


def run(asked: Asked, cases: int, repeatable: bool) -> None:
    """That many cases over all operations, half of them valid; then a few valid ones that create each resource."""
    for mode in MODES:
        generate(asked, asked.schema.as_strategy(generation_mode=mode), cases // 2, repeatable)
    for operation in asked.creations():
        made = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
        generate(asked, made, max(4, cases // 500), repeatable, existing=st.just(True))


def generate(asked: Asked, cases: Any, many: int, repeatable: bool, existing: Any = EITHER) -> None:
    """Ask so many of these cases."""

    @settings(
        max_examples=many, derandomize=repeatable, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases, existing=existing)
    def one(case: Any, existing: bool) -> None:
        asked.ask(case, existing)

    one()


def check_enough_got_through(asked: Asked, cases: int) -> None:
    """That the cases went as deep as they should: a tenth changed or showed something, records were created."""
    assert sum(asked.statuses.values()) > cases * 0.9
    assert asked.statuses[200] + asked.statuses[201] + asked.statuses[204] > cases / 10, asked.statuses
    assert len(asked.created) > len(asked.creations()) / 3, (asked.created, asked.statuses)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_no_generated_request_crashes_or_is_answered_otherwise_than_documented(asked: Asked) -> None:
    run(asked, 500, repeatable=True)
    check_enough_got_through(asked, 500)


@pytest.mark.soak
def test_nor_do_many_thousands(asked: Asked) -> None:
    run(asked, 20_000, repeatable=False)
    check_enough_got_through(asked, 20_000)
