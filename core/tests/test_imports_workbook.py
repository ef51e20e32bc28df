"""Workbooks: what a cell shows is what is imported, and what is broken or packed to harm is refused in words."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.customers.models import Customer
from patron.errors import Invalid
from patron.imports import workbook
from patron.imports.commands import run_import
from patron.imports.reading import open_table
from patron.records import table
from patron.testing.faces import app_client, signed_in
from sqlalchemy import select

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LINKS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
STYLES = (
    f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="170" formatCode="yyyy\\-mm\\-dd&quot; day&quot;"/>'
    '<numFmt numFmtId="171" formatCode="0.00&quot; years&quot;"/></numFmts><cellXfs>'
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="22"/></cellXfs>'
    "</styleSheet>"
)


def book(*sheets: str, texts: str = "", properties: str = "", **more: str) -> bytes:
    """A workbook of these sheets' rows, as XML; ``more`` replaces or adds parts."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(f'<Relationship Id="rId{n}" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f"<workbook {MAIN} {LINKS}>{properties}<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="r">{related}</Relationships>',
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f"<sst {MAIN}>{texts}</sst>",
        **{
            f"xl/worksheets/sheet{n}.xml": f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"
            for n, rows in zip(numbers, sheets, strict=True)
        },
        **more,
    }
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            if text:
                archive.writestr(name, text)
    return buffer.getvalue()


def row(*cells: str) -> str:
    return f"<row>{''.join(cells)}</row>"


def said(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def rows(data: bytes, sheet: str = "") -> list[list[str]]:
    with open_table(data, sheet=sheet) as opened:
        return [opened.headers, *(one.cells for one in opened.rows)]


def test_cells_are_what_they_show() -> None:
    texts = "<si><t>Name</t></si><si><r><t>Bir</t></r><r><t>th</t></r><rPh><t>no</t></rPh></si>"
    shared = row('<c t="s"><v>0</v></c>', '<c t="s"><v>1</v></c>', *(said(name) for name in "CDEFG"))
    values = row(
        '<c r="A2" t="str"><f>A1&amp;"x"</f><v>Ada</v></c>', '<c r="B2" s="1"><v>29586</v></c>',
        '<c r="C2"><v>12.50</v></c>',
        '<c r="D2" t="b"><v>1</v></c>', '<c r="E2" s="4"><v>45000.5</v></c>', '<c r="G2" s="3"><v>3</v></c>',
    )  # fmt: skip
    more = row(
        '<c r="B3" s="2"><v>45000</v></c>', '<c r="C3" t="e"><v>#N/A</v></c>', "<c><v>4930123456</v></c>"
    )
    assert rows(book(shared + values + more, texts=texts)) == [
        ["Name", "Birth", "C", "D", "E", "F", "G"],
        ["Ada", "1980-12-31", "12.5", "true", "2023-03-15 12:00", "", "3"],
        ["", "2023-03-15", "", "4930123456", "", "", ""],
    ]
    begun_1904 = book(shared + values, texts=texts, properties='<workbookPr date1904="1"/>')
    assert rows(begun_1904)[1][1] == "1985-01-01"


def test_a_sheet_is_chosen_by_name() -> None:
    data = book(row(said("Name")) + row(said("Ada")), row(said("Nom")) + row(said("Zoé")))
    assert (rows(data)[1], rows(data, "S2")) == (["Ada"], [["Nom"], ["Zoé"]])
    with pytest.raises(Invalid, match="There are: S1, S2"):
        rows(data, "S3")


BROKEN = {
    "cut off": (book(row(said("Name")))[:-60], "damaged"),
    "another archive": (book(row(said("Name")), **{"xl/workbook.xml": ""}), "no Excel workbook"),
    "no sheet": (book(), "no visible sheet"),
    "empty": (book(""), "empty"),
    "broken XML": (book("<row><c></row>"), "damaged"),
    "text that is not there": (book(row('<c t="s"><v>7</v></c>')), "damaged"),
    "entities": (
        book("", **{"xl/worksheets/sheet1.xml": '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'}), "damaged",
    ),
    "too wide": (book(row('<c r="ZZZ1"><v>1</v></c>')), "more than 500 columns"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old \\(.xls\\)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_said(kind: str) -> None:
    data, message = BROKEN[kind]
    with pytest.raises(Invalid, match=message):
        rows(data)


def test_what_unpacks_to_too_much_is_stopped_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for bomb in (
        book(row(said("a" * 60_000_000))),
        book(row(said("N")), texts=f"<si><t>{'a' * 60_000_000}</t></si>"),
    ):
        assert len(bomb) < 200_000
        tracemalloc.start()
        with pytest.raises(Invalid, match="unpacks to more"):
            rows(bomb)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
        tracemalloc.stop()
    monkeypatch.setattr(workbook, "UNPACKED", 100_000)
    with pytest.raises(Invalid, match="unpacks to more"):
        rows(book(row(said("Name")) * 5000))


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def test_a_workbook_goes_the_way_of_a_csv(
    assembly: Assembly, client: TestClient[Litestar], tmp_path: Path
) -> None:
    head = row(said("First name"), said("Last name"), said("E-mail"), said("Birthday"))
    ada = row(said("Ada"), said("Lo"), said("ada@example.com"), '<c s="1"><v>29586</v></c>')
    data = book(row(said("Nothing")) + row(said("here")), head + ada)
    path = tmp_path / "people.xlsx"
    path.write_bytes(data)
    done = run_import(assembly, "customers", path, sheet="S2")
    with assembly.database.read() as session:
        found = session.execute(select(table(Customer))).one()
    assert (done["created"], found.name, found.birth_date.isoformat()) == (1, "Ada Lo", "1980-12-31")
    sent = client.post("/customers/import", files={"file": ("people.xlsx", data, "application/octet-stream")})
    url = str(sent.headers["location"])
    assert "Nothing" in client.get(url).text
    client.post(f"{url}/map", data={"sheet": "S2", "shown_sheet": "S1", "column-0": "name"})
    assert "ada@example.com" in client.get(url).text
    client.post(f"{url}/map", data={"sheet": "S2", "shown_sheet": "S2", "source": "people"})
    assert "Unchanged" in client.get(url).text
