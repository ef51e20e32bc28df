"""The encoding of a file as it was chosen, over what would be guessed; and what columns are taken for, said as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from patron.assembly import Assembly
from patron.cli import data as commands
from patron.customers.models import Customer
from patron.errors import Invalid
from patron.imports.commands import run_import
from patron.imports.mapping import guess_mapping
from patron.records import table
from patron.testing.faces import app_client, signed_in
from sqlalchemy import select

# As cp1251 Cyrillic; valid as cp1252 too, where the same bytes are Latin letters.
ROWS = "Name,City\r\nИван Петров,Омск\r\n".encode("cp1251")
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Иван Петров\r\nN:Петров;Иван;;;\r\nEND:VCARD\r\n".encode("cp1251")


def names(assembly: Assembly) -> list[str]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(Customer).c.name)).scalars())


@pytest.mark.parametrize("content", [ROWS, CARD], ids=["table", "cards"])
@pytest.mark.parametrize("encoding", ["cp1251", "windows-1251", "utf-8"])
def test_what_was_chosen_is_read(assembly: Assembly, tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "people.txt"
    utf_8 = content.decode("cp1251").encode("utf-8-sig")  # with its mark
    path.write_bytes(utf_8 if encoding == "utf-8" else content)
    assert run_import(assembly, "customers", path, encoding=encoding)["created"] == 1
    assert names(assembly) == ["Иван Петров"]


@pytest.mark.parametrize("encoding", ["klingon", "hex", "zip"])
def test_an_encoding_that_there_is_not_is_refused(assembly: Assembly, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(ROWS)
    with pytest.raises(Invalid, match="no encoding"):
        run_import(assembly, "customers", path, encoding=encoding)


def test_the_wizard_keeps_the_choice_to_the_end(assembly: Assembly) -> None:
    with app_client(assembly) as client:
        signed_in(client)
        file = {"file": ("people.csv", "Name,City\r\nŁukasz Żak,Łódź\r\n".encode("cp1250"), "text/csv")}
        assert "encoding" in client.post("/customers/import", files=file, data={"encoding": "klingon"}).text
        url = client.post("/customers/import", files=file, data={"encoding": "mac-roman"}).headers["location"]
        page = client.get(url).text
        assert "read as mac-roman" in page
        url = client.post("/customers/import", files=file, data={"encoding": "cp1250"}).headers["location"]
        assert "Łukasz Żak" in client.get(url).text
        client.post(f"{url}/map", data={})
        assert "Łukasz Żak" in client.get(url).text
        client.post(f"{url}/apply")
    assert names(assembly) == ["Łukasz Żak"]


def test_the_command_says_what_it_took_the_columns_for(
    assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(ROWS)
    monkeypatch.setattr(commands, "get_assembly", lambda: assembly)
    arguments = ["customers", str(path), "--encoding", "cp1251", "--dry-run", "--json"]
    ran = CliRunner().invoke(commands.import_file, arguments, catch_exceptions=False)
    told: dict[str, Any] = json.loads(ran.stdout)
    assert told["encoding"] == "cp1251"
    assert [(c["header"], c["field"]) for c in told["columns"]] == [("Name", "name"), ("City", "city")]
    assert all(0 < c["confidence"] <= 1 and c["reason"] for c in told["columns"])
    assert told["rows"] == 1


PEOPLE = [["Ada Lovelace", "ada@example.com", "London"], ["Dr. Grace Brewster Hopper", "g@example.com", "New York"],
          ["Ludwig van Beethoven", "l@example.com", "Bonn"], ["Łukasz Żak", "z@example.com", "Łódź"],
          ["Smith & Sons Ltd", "s@example.com", "London"]]  # fmt: skip


@pytest.mark.parametrize(
    "headers", [["Column 1", "Column 2", "Column 3"], ["A", "B", "C"], ["Feld 1", "Feld 2", ""]]
)
def test_names_are_known_by_content_where_headers_say_nothing(headers: list[str]) -> None:
    assert [c.field for c in guess_mapping(headers, PEOPLE).columns] == ["name", "email", None]


@pytest.mark.parametrize("header", ["Superior", "Column 1"])
def test_what_only_looks_like_names_is_left_out(header: str) -> None:
    """A header that says something unknown, and a column in which the same comes again and again."""
    rows = PEOPLE if header == "Superior" else [["Sales Manager"], ["Sales Manager"], ["Head Nurse"]] * 2
    assert guess_mapping([header], [row[:1] for row in rows]).columns[0].field is None
