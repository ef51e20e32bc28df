"""What imports read goes after the stated days; what came of it stays, so that nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.context import Context
from patron.customers.models import Customer
from patron.files import store_of
from patron.imports import retention
from patron.imports.retention import forget_imports
from patron.records import table, utc_now
from patron.system.models import Import, ImportRow
from patron.testing.faces import app_client, signed_in
from sqlalchemy import func, select, update

Client = TestClient[Litestar]
CSV = b"First name,Last name,City\r\nAda,Canary,Bonn\r\nBob,,\r\n,,Ulm\r\n"


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def import_file(client: Client, *, apply: bool = True) -> str:
    url = str(
        client.post("/customers/import", files={"file": ("a.csv", CSV, "text/csv")}).headers["location"]
    )
    client.post(f"{url}/map", data={})
    if apply:
        assert client.post(f"{url}/apply").status_code == 303
    return url


def rows(assembly: Assembly, model: Any) -> list[Any]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(model)).order_by(table(model).c.id)).all())


def stored(assembly: Assembly) -> Path:
    with assembly.database.read() as session:
        return store_of(Context(session, assembly)).path(rows(assembly, Import)[0].file_sha256)


def age(assembly: Assembly, days: int) -> None:
    t, then = table(Import), utc_now() - timedelta(days=days)
    with assembly.database.write() as session:
        session.execute(update(t).values(created_at=then))
        session.execute(update(t).where(t.c.finished_at.is_not(None)).values(finished_at=then))


def test_rows_and_file_go_and_the_outcome_stays(
    client: Client, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)  # more than one round
    url = import_file(client)
    assert "30 days after" in client.get(url).text
    assert "30 days after" in client.get("/customers/import").text
    age(assembly, 29)
    forget_imports(assembly)
    assert "Canary" in str(rows(assembly, ImportRow))
    assert stored(assembly).exists()
    before = [(row.line, row.state, row.record_id) for row in rows(assembly, ImportRow)]
    age(assembly, 31)
    forget_imports(assembly)
    assert "Canary" not in str(rows(assembly, ImportRow)) + str(rows(assembly, Import))
    assert not stored(assembly).exists()
    assert [(row.line, row.state, row.record_id) for row in rows(assembly, ImportRow)] == before
    page = client.get(url)
    assert "no longer kept" in page.text
    assert f"{url}/rejects" not in page.text
    assert client.get(f"{url}/rejects").status_code == 404
    made = len(rows(assembly, Customer))
    import_file(client)
    assert len(rows(assembly, Customer)) == made


def test_the_bytes_stay_while_a_younger_import_needs_them(client: Client, assembly: Assembly) -> None:
    import_file(client, apply=False)
    age(assembly, 31)
    import_file(client, apply=False)
    forget_imports(assembly)
    assert [row.state for row in rows(assembly, Import)] == ["cancelled", "staged"]
    assert stored(assembly).exists()
    with assembly.database.read() as session:
        t = table(ImportRow)
        left = session.execute(
            select(func.count()).where(t.c.import_id == rows(assembly, Import)[1].id)
        ).scalar()
    assert left == 3
