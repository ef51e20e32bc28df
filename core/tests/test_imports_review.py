"""Rows that look like a known customer wait for a person: the same, or new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from patron.assembly import Assembly
from patron.customers.models import Customer
from patron.imports import engine, undo
from patron.imports.commands import resume_import, run_import
from patron.imports.review import decide, waiting
from patron.records import table
from patron.testing.faces import app_client, signed_in
from sqlalchemy import select

HEAD = "First name,Last name,Birthday,Street,Postcode,City\n"
KNOWN = (
    "Annemarie,Schmidtbauer,1980-12-31,Hafenstr. 12,20457,Hamburg\nBen,Weber,1970-01-01,Weg 1,10115,Berlin\n"
)
ALIKE = (
    "Annemarie,Schmidtbaur,1980-12-31,Hafenstr. 12,20457,Hamburg\nCleo,Okafor,1990-02-03,Ring 4,50667,Köln\n"
)


def write(path: Path, text: str) -> Path:
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def names(assembly: Assembly) -> list[str]:
    with assembly.database.read() as session:
        return sorted(session.execute(select(table(Customer).c.name)).scalars())


def imported(assembly: Assembly, tmp_path: Path) -> dict[str, Any]:
    run_import(assembly, "customers", write(tmp_path / "known.csv", KNOWN))
    return run_import(assembly, "customers", write(tmp_path / "alike.csv", ALIKE), match="likely")


def test_a_row_that_looks_like_somebody_waits_and_is_decided(assembly: Assembly, tmp_path: Path) -> None:
    done = imported(assembly, tmp_path)
    assert (done["created"], done["skipped"], done["rows"]) == (1, 1, 2)
    with assembly.database.read() as session:
        [row] = waiting(session, done["import_id"])
    assert (row.line, row.name, row.customer) == (2, "Annemarie Schmidtbaur", "Annemarie Schmidtbauer")
    assert row.percent >= 90
    assert "family name one letter apart" in row.reasons
    assert "same date of birth" in row.reasons
    with assembly.database.write() as session:
        assert decide(session, done["import_id"], "same", [2]) == 1
    told = resume_import(assembly, done["import_id"])
    assert (told["created"], told["updated"], told["skipped"]) == (1, 1, 0)
    assert names(assembly) == ["Annemarie Schmidtbaur", "Ben Weber", "Cleo Okafor"]
    assert undo.undo(assembly, done["import_id"]).state == "undone"
    assert names(assembly) == ["Annemarie Schmidtbauer", "Ben Weber"]


def test_all_are_decided_on_the_page(assembly: Assembly, tmp_path: Path) -> None:
    done = imported(assembly, tmp_path)
    url = f"/customers/import/{done['import_id']}"
    with app_client(assembly) as client:
        signed_in(client)
        assert "family name one letter apart" in client.get(url).text
        assert client.post(f"{url}/review", data={"answer": "perhaps"}).status_code == 422
        assert client.post(f"{url}/review", data={"answer": "new"}).status_code == 303
        assert client.post(f"{url}/review", data={"answer": "new"}).status_code == 303  # twice is once
        assert "one letter apart" not in client.get(url).text
    with assembly.database.write() as session:
        assert decide(session, done["import_id"], "new") == 0
        after = engine.status(session, done["import_id"])
    assert (after.state, after.skipped, len(names(assembly))) == ("applied", 0, 4)
    again = run_import(assembly, "customers", tmp_path / "alike.csv", match="likely")
    assert (again["created"], again["skipped"]) == (0, 2)
