"""The import wizard over HTTP: its steps, and that an import exists for its user alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.customers.models import Customer
from patron.imports import claims, mending
from patron.imports.background import continue_imports
from patron.records import table, utc_now
from patron.resources import importing
from patron.system.models import Import
from patron.testing.faces import app_client, signed_in
from sqlalchemy import func, select

Client = TestClient[Litestar]
CSV = "Kundennr;Vorname;Nachname;E-Mail;Ort\r\n1;Jörg;Müller;joerg@example.com;Köln\r\n2;Anna;Weiß;anna@;Bonn\r\n"


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def upload(client: Client, data: bytes = CSV.encode("cp1252"), name: str = "kunden.csv") -> str:
    answer = client.post("/customers/import", files={"file": (name, data, "text/csv")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def imported(assembly: Assembly) -> Any:
    with assembly.database.read() as session:
        return session.execute(select(table(Import)).order_by(table(Import).c.id.desc())).first()


def people(assembly: Assembly) -> int:
    with assembly.database.read() as session:
        return int(session.execute(select(func.count()).select_from(table(Customer))).scalar_one())


def test_from_upload_to_result(client: Client, assembly: Assembly) -> None:
    assert "Next: columns" in client.get("/customers/import").text
    url = upload(client)
    mapping = client.get(url).text
    assert "Vorname" in mapping
    assert "Jörg" in mapping
    assert client.post(f"{url}/map", data={"source": "shop", "column-4": ""}).headers["location"] == url
    preview = client.get(url).text
    assert "Jörg Müller" in preview
    assert people(assembly) == 0
    assert client.get(f"{url}?step=columns").status_code == 200
    assert client.get("/customers/import/sample").text.startswith("\ufeffCustomer ID,")
    assert client.post(f"{url}/apply").status_code == 303
    assert "Import of kunden.csv" in client.get(url).text
    assert "kunden.csv" in client.get("/customers/import").text
    row = imported(assembly)
    assert (row.state, row.rows, row.created, row.rejected, row.source) == ("applied", 2, 1, 1, "shop")
    rejects = client.get(f"{url}/rejects")
    assert "Weiß" in rejects.text
    assert rejects.headers["content-disposition"].startswith("attachment")
    with assembly.database.read() as session:
        found = session.execute(select(table(Customer))).one()
    assert (found.name, found.city) == ("Jörg Müller", "")
    assert client.post(f"{url}/apply").status_code == 409
    assert people(assembly) == 1


def test_wrong_files_and_wrong_columns_are_told_at_once(client: Client, assembly: Assembly) -> None:
    assert client.post("/customers/import", files={"file": ("a.csv", b"", "text/csv")}).status_code == 422
    assert "Choose a file" in client.post("/customers/import", data={}).text
    url = upload(client)
    for bad in ("owner_id", "role", "standing"):
        assert client.post(f"{url}/map", data={"column-0": bad}).status_code == 422
    assert client.post(f"{url}/map", data={"match": "anything"}).status_code == 422
    assert imported(assembly).state == "uploaded"


def test_an_import_of_someone_else_does_not_exist(client: Client, assembly: Assembly) -> None:
    with app_client(assembly) as theirs:
        signed_in(theirs, "manager")
        url = upload(theirs)
        theirs.post(f"{url}/map", data={})
    with app_client(assembly) as mine:
        signed_in(mine, "manager")
        for path in (url, f"{url}/rejects"):
            assert mine.get(path).status_code == 404
        for step in ("map", "apply", "resume", "cancel"):
            assert mine.post(f"{url}/{step}", data={}).status_code == 404
        assert "kunden.csv" not in mine.get("/customers/import").text
    assert imported(assembly).state == "staged"
    assert client.get(url).status_code == 200  # an administrator


def test_refused_rows_are_corrected_in_the_page(client: Client, assembly: Assembly) -> None:
    url = upload(client)
    client.post(f"{url}/map", data={"source": "shop"})
    client.post(f"{url}/apply")
    assert "Correct them here" in client.get(url).text
    page = client.get(f"{url}/refused").text
    assert 'name="cell-3-3" value="anna@"' in page
    row = {f"cell-3-{place}": cell for place, cell in enumerate(("2", "Anna", "Weiß", "anna@x", "Bonn"))}
    assert client.post(f"{url}/refused", data=row).status_code == 422
    assert 'value="anna@x"' in client.get(f"{url}/refused").text
    assert client.post(f"{url}/refused", data={**row, "cell-3-3": "anna@example.com"}).status_code == 303
    done = imported(assembly)
    assert (done.state, done.created, done.rejected, people(assembly)) == ("applied", 2, 0, 2)
    again = {3: ["2", "Anna", "Weiß", "anna@example.com", "Bonn"]}  # sent twice
    assert mending.mend(assembly, assembly.resource("customers"), done.id, again) == 0
    assert imported(assembly) == done
    assert "No row is refused" in client.get(f"{url}/refused").text
    client.post(f"{url}/undo")
    assert people(assembly) == 0
    assert client.get(f"{url}/refused").status_code == 404


def test_an_import_is_undone_from_its_page(
    client: Client, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = upload(client)
    client.post(f"{url}/map", data={"source": "shop"})
    assert "Undo this import" not in client.get(url).text
    client.post(f"{url}/apply")
    assert "Undo this import" in client.get(url).text
    with app_client(assembly) as other:
        signed_in(other, "manager")
        assert other.post(f"{url}/undo").status_code == 404
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 0)
    assert client.post(f"{url}/undo").status_code == 303
    assert (imported(assembly).state, people(assembly)) == ("undoing", 1)
    assert "Undoing" in client.get(url).text
    continue_imports(assembly)
    assert (imported(assembly).state, people(assembly)) == ("undone", 0)
    assert "Everything is as it was" in client.get(url).text
    assert client.post(f"{url}/undo").status_code == 409


def test_who_may_not_import_gets_nowhere(assembly: Assembly) -> None:
    with app_client(assembly) as reader:
        signed_in(reader, "reader")
        assert reader.get("/customers/import").status_code == 403
        refused = reader.post("/customers/import", files={"file": ("a.csv", CSV.encode(), "text/csv")})
        assert refused.status_code == 403
    assert imported(assembly) is None


def test_large_files_are_the_worker_s_and_a_dead_one_is_followed(
    client: Client, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 10)
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 0)
    url = upload(client)
    client.post(f"{url}/map", data={})
    assert imported(assembly).state == "staging"
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 200
    continue_imports(assembly)
    assert imported(assembly).state == "staged"
    client.post(f"{url}/apply")
    assert imported(assembly).state == "applying"
    alive = claims.new_claim()
    t = table(Import)
    with assembly.database.write() as session:
        session.execute(t.update().values(claimed_by=alive, heartbeat_at=utc_now()))
    continue_imports(assembly)
    assert people(assembly) == 0  # somebody alive is at it
    with assembly.database.write() as session:
        session.execute(t.update().values(claimed_by=alive, heartbeat_at=utc_now() - 2 * claims.STALE))
    assert "Go on" in client.get(url).text
    continue_imports(assembly)
    assert (imported(assembly).state, people(assembly)) == ("applied", 1)
    assert client.get(url, headers={"HX-Request": "true"}).headers["hx-refresh"] == "true"


def test_cancelling_before_anything_is_applied(client: Client, assembly: Assembly) -> None:
    url = upload(client)
    client.post(f"{url}/map", data={})
    assert client.post(f"{url}/cancel").status_code == 303
    row = imported(assembly)
    assert (row.state, row.rows, row.skipped + row.rejected) == ("cancelled", 2, 2)
    assert client.post(f"{url}/apply").status_code == 409
    assert people(assembly) == 0
