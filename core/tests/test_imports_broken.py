"""Files as they come: broken, disguised or made to harm. Each says what is wrong, and nothing is half imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from patron.assembly import Assembly
from patron.customers.models import Customer, Relationship
from patron.errors import Invalid
from patron.imports.commands import run_import
from patron.imports.preview import errors_by_kind
from patron.records import table
from sqlalchemy import func, select

HEAD = b"First name,Last name,E-mail,Company,Birthday\n"
ADA = b"Ada,Lo,ada@example.com,,\n"
REFUSED = {  # of a file as a whole
    "empty": (b"", "The file is empty"),
    "only blank lines": (b"\n\n  \n", "The file is empty"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old (.xls) or a password-protected"),
    "another archive": (b"PK\x03\x04" + b"\0" * 200, "The workbook is damaged or incomplete"),
}  # fmt: skip
ROWS = {  # the file, how many become customers, and what is said of the other rows
    "cut off in a quote": (HEAD + ADA + b'"Bo,Li,bo@example.com\nCy,Po,,,\n', 2, ["A quotation mark is opened here"]),
    "too many cells": (HEAD + ADA + b"Bo,Li,bo@example.com,a,b,c,d\n", 1, ["The row has 7 cells and the header 5"]),
    "too few cells": (HEAD + ADA + b"Bo,Li\n", 1, ["The row has 2 cells and the header 5"]),
    "a line of another delimiter": (HEAD + ADA + b"Bo;Li;bo@example.com;;\n", 1, ["The row has 1 cells"]),
    "zero bytes": (HEAD + b"A\0da,L\0o,ada@example.com,,\n", 1, []),
    "UTF-16 without a mark": ((HEAD + ADA).decode().encode("utf-16-le"), 1, []),
    "an encoding of old": ("First name,Last name,City\nJörg,Müller,Köln\n".encode("cp1252"), 1, []),
    "bytes of no encoding": (HEAD + b"\xff\xfeA,Lo,ada@example.com,,\n", 1, []),
    "a formula": (HEAD + b"=HYPERLINK(\"http://x\"),Lo,ada@example.com,,\n", 1, []),  # a text, and guarded in exports
    "a huge cell": (HEAD + ADA + b"B" * 10_000_000 + b",Li,,,\n", 1, ["A cell has more than 100000 characters"]),
    "no day": (HEAD + b"Ada,Lo,,,2021-02-30\nBo,Li,,,31.04.1999\nCy,Po,,,tomorrow\n", 0,
               ["is no day of the calendar", "is no day of the calendar", "is not a date"]),
    "days of every kind": (HEAD + b"Ada,Lo,,,31.12.1980\nBo,Li,,,1980-12-31\nCy,Po,,,12/31/1980\n", 3, []),
    "employers in a circle": (b"Kind,Name,Company\norganisation,Alpha,Beta\norganisation,Beta,Alpha\n", 2, []),
    "an address that is none": (HEAD + b"Ada,Lo,ada@@example,,\n", 0, ["has more than one @"]),
    "a row of nothing": (HEAD + b",,,,1980-12-31\n", 0, ["neither name nor organisation"]),
}  # fmt: skip


def customers(assembly: Assembly) -> int:
    with assembly.database.read() as session:
        return int(session.execute(select(func.count()).select_from(table(Customer))).scalar_one())


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_file_that_cannot_be_read_is_refused_before_anything(
    assembly: Assembly, tmp_path: Path, kind: str
) -> None:
    data, message = REFUSED[kind]
    path = tmp_path / "broken.csv"
    path.write_bytes(data)
    with pytest.raises(Invalid) as refused:
        run_import(assembly, "customers", path)
    assert message in refused.value.detail
    assert customers(assembly) == 0


def test_each_row_is_whole_or_refused_with_its_reason(assembly: Assembly, tmp_path: Path) -> None:
    before, wrong = 0, dict[str, Any]()
    for number, (kind, (data, good, messages)) in enumerate(ROWS.items()):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        done = run_import(assembly, "customers", path, match="external_id")
        assert sum(done[name] for name in ("created", "updated", "skipped", "rejected")) == done["rows"], kind
        now = customers(assembly)
        with assembly.database.read() as session:
            errors = errors_by_kind(session, done["import_id"])
        said = [row["reason"] for row in errors for _ in range(row["number"])]
        fits = len(said) == len(messages) and all(any(text in one for one in said) for text in messages)
        if now - before != good or not fits:
            wrong[kind] = (now - before, said)
        before = now
    assert wrong == {}
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(Relationship))).scalar_one() == 0
