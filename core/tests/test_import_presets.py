"""Exports of other systems, in their own form with made-up people: known without a word, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.customers.models import ContactHolder, ContactPoint, Customer, ExternalId, Relationship
from patron.imports.commands import run_import
from patron.imports.presets import PRESETS
from patron.imports.staging import guess
from patron.records import table
from patron.testing.faces import app_client, signed_in
from sqlalchemy import select

EXPORTS = sorted((Path(__file__).parent / "import_exports").glob("*.csv"))


def test_each_preset_has_an_export() -> None:
    assert {path.stem.partition("-")[0] for path in EXPORTS} == {preset.source for preset in PRESETS}
    assert len(EXPORTS) == len(PRESETS)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_an_export_is_known(assembly: Assembly, path: Path) -> None:
    found = guess(assembly.resource("customers"), path)
    assert found.preset is not None
    assert found.preset.source == path.stem.partition("-")[0]
    done = run_import(assembly, "customers", path, source=found.preset.source)
    assert (done["rejected"], done["rows"]) == (0, done["created"])
    c, r, e, h, p = (table(m) for m in (Customer, Relationship, ExternalId, ContactHolder, ContactPoint))
    with assembly.database.read() as session:
        people = {row.name: row for row in session.execute(select(c))}
        amara = next(row for row in people.values() if row.family_name == "Okafor")
        assert (amara.kind, amara.given_name, amara.primary_email) == (
            "person",
            "Amara",
            "amara@baobab.example",
        )
        assert amara.primary_phone == "+49405550199"
        assert people["Bo Li"].primary_email == "bo@example.com"
        works = select(c.c.name, r.c.role).join(r, r.c.to_id == c.c.id).where(r.c.from_id == amara.id)
        [(firm, role)] = session.execute(works).all()
        assert (firm.removesuffix(" GmbH"), role) == ("Baobab Logistics", "Buyer")
        assert {row.kind for row in people.values()} == {"person", "organisation"}
        ids = session.execute(select(e.c.value).where(e.c.customer_id == amara.id)).scalars().all()
        assert len(ids) == (0 if found.preset.source in ("outlook", "google") else 1)
        reached = select(p.c.value).join(h, h.c.contact_point_id == p.c.id).where(h.c.customer_id == amara.id)
        if found.preset.source == "google":  # several in one cell
            assert {"a.okafor@example.com", "+49405550200"} <= set(session.execute(reached).scalars())


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def upload(client: TestClient[Litestar], data: bytes) -> str:
    answer = client.post("/customers/import", files={"file": ("people.csv", data, "text/csv")})
    return str(answer.headers["location"])


def test_columns_are_taken_as_they_were_before(client: TestClient[Litestar]) -> None:
    url = upload(client, b"Kol,Wer\n7,Ada Lo\n")
    assert "of a file with the same ones" not in client.get(url).text
    client.post(f"{url}/map", data={"column-0": "external_id", "column-1": "name", "source": "old shop"})
    client.post(f"{url}/apply")
    page = client.get(upload(client, b"Wer,Kol\nBo Li,8\n")).text
    assert "of a file with the same ones" in page
    assert 'value="old shop"' in page
    assert page.count('value="external_id" selected') == page.count('value="name" selected') == 1
    assert "This is an export of HubSpot" in client.get(upload(client, EXPORTS[1].read_bytes())).text
