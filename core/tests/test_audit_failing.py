"""No change without its audit: where the audit cannot be written, the change is gone too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.digest import digest_of
from patron.testing.faces import app_client, make_customer, signed_in, working
from sqlalchemy import text

Client = TestClient[Litestar]
FULL = {
    "sqlite": (
        "CREATE TRIGGER full BEFORE INSERT ON {} BEGIN SELECT RAISE(ABORT, 'no space for the audit'); END",
        "DROP TRIGGER full",
    ),
    "postgresql": (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no space for the audit'; END $$;
        CREATE TRIGGER "full" BEFORE INSERT ON {} EXECUTE FUNCTION refuse()""",
        "DROP FUNCTION refuse CASCADE",
    ),
}
BULK = [{"id": "1", "note": "bulk"}, {"id": "2", "note": "bulk"}]
CHANGES = (  # method, address, JSON or form, the audit's table whose rows it needs
    ("POST", "/api/v1/customers", {"name": "New", "kind": "person"}, "core_audit_value"),
    ("PATCH", "/api/v1/customers/1", {"note": "changed"}, "core_audit_value"),
    ("PATCH", "/api/v1/customers/1", {"note": "changed"}, "core_audit"),
    ("DELETE", "/api/v1/customers/1", None, "core_audit"),
    ("POST", "/api/v1/customers/bulk", {"records": BULK}, "core_audit"),
    ("POST", "/customers/1/edit", {"name": "Ada King"}, "core_audit"),
    ("POST", "/customers/1/merge", {"other": "2"}, "core_audit"),
    ("POST", "/customers/1/roles", {"role": "supplier"}, "core_audit"),
    ("POST", "/admin/teams", {"name": "North"}, "core_audit"),
)


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    make_customer(assembly, "Ada")
    make_customer(assembly, "Ada Twice")
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def send(client: Client, method: str, url: str, body: dict[str, object] | None) -> int:
    given: dict[str, Any] = {"json" if url.startswith("/api/") else "data": body} if body is not None else {}
    return client.request(method, url, **given).status_code


def test_where_the_audit_cannot_be_written_the_change_is_gone_too(client: Client, assembly: Assembly) -> None:
    block, unblock = FULL[assembly.database.dialect]
    with working(assembly) as ctx:
        before = digest_of(ctx)
    for method, url, body, table in CHANGES:
        with assembly.database.migration() as connection:
            for statement in block.format(table).split(";\n"):
                connection.execute(text(statement))
        assert send(client, method, url, body) >= 400, (method, url)
        with working(assembly) as ctx:
            assert digest_of(ctx) == before, (method, url)
        with assembly.database.migration() as connection:
            connection.execute(text(unblock))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]} {change[1]}")
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_where_it_can_be_written_the_change_stands(
    client: Client, assembly: Assembly, change: tuple[str, str, dict[str, object] | None, str]
) -> None:
    """Else the other test would prove nothing."""
    method, url, body, table = change
    with working(assembly) as ctx:
        before = digest_of(ctx)
    assert send(client, method, url, body) < 400
    with working(assembly) as ctx:
        after = digest_of(ctx)
    changed = {name for name in after if after[name] != before[name]}
    assert table in changed
    assert changed - {"core_audit", "core_audit_value", "core_outbox", "core_delivery"}
