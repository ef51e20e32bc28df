"""Workbooks (XLSX) as tables: one row at a time, in bounded memory however well the file was packed.

Formulas give the value that was last reckoned, dates come as ISO dates, numbers as people write them. Whatever a
workbook declares of its own size is not believed: what is unpacked is counted.
"""

from __future__ import annotations

import io
import re
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError, iterparse
from zipfile import BadZipFile, ZipFile

from patron.errors import Invalid

UNPACKED = 600_000_000
"""The most bytes that a part of a workbook may unpack to."""
ELEMENT = 20_000_000
"""The most bytes that a row or a text may take: so many are in memory at once."""
COLUMNS = 500
CELL = 32_767
"""The most characters that a cell of a spreadsheet holds."""
_KEPT = 8_000_000  # bytes of texts held in memory; more lie in a file
_RELATION = ("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
             "{http://purl.oclc.org/ooxml/officeDocument/relationships}id")  # fmt: skip
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BROKEN = "The workbook is damaged or incomplete: open it in a spreadsheet and save it again, or as CSV."
_FAULTS = (
    BadZipFile, ParseError, OSError, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError, zlib.error,
)  # fmt: skip
_BOMB = "The workbook unpacks to more than is allowed: save the sheet as CSV."


def is_workbook(source: Path | bytes) -> bool:
    """Whether a file begins like XLSX. Invalid for other kinds of spreadsheets, which are told how to be saved."""
    head = source[:8] if isinstance(source, bytes) else _head(source)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid.field(
            "file", "This is an old (.xls) or a password-protected workbook: save it as .xlsx without one, or as CSV."
        )  # fmt: skip
    return head.startswith(b"PK\x03\x04")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


class _Counted:
    """A part of the archive that is not read further than allowed, all in all and without an element being complete."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._left, self.element_left, self._tail = source, UNPACKED, ELEMENT, b""

    def read(self, size: int = -1) -> bytes:
        found = self._source.read(1 << 16 if size < 0 else size)
        self._left -= len(found)
        self.element_left -= len(found)
        if min(self._left, self.element_left) < 0:
            raise Invalid.field("file", _BOMB)
        seen = self._tail + found.replace(b"\0", b"")
        if b"<!DOCTYPE" in seen:  # declares entities, which may hold anything; no spreadsheet writes one
            raise Invalid.field("file", _BROKEN)
        self._tail = seen[-8:]
        return found


class _Texts:
    """The texts that cells share, in a file where they are many."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_KEPT)  # noqa: SIM115 - closed with the workbook
        self._ends = array("Q", [0])

    def add(self, text: str) -> None:
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "replace")))

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            raise Invalid.field("file", _BROKEN)
        self._file.seek(self._ends[index])
        return self._file.read(self._ends[index + 1] - self._ends[index]).decode()

    def close(self) -> None:
        self._file.close()


@dataclass
class Workbook:
    """An open workbook; ``sheets`` are the names of its visible sheets in their order."""

    archive: ZipFile
    sheets: dict[str, str]
    epoch: date
    _texts: _Texts
    _dates: frozenset[int]

    def rows(self, sheet: str) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of each row that has any."""
        for row in self._elements(self.sheets[sheet], "row"):
            cells = self._cells(row)
            if any(cells):
                yield int(row.get("r") or 0), cells
            row.clear()

    def close(self) -> None:
        self._texts.close()
        self.archive.close()

    def _elements(self, part: str, name: str) -> Iterator[Element]:
        yield from _elements(self.archive, part, name)

    def _cells(self, row: Element) -> list[str]:
        cells: list[str] = []
        for cell in row:
            place = _column(cell.get("r", "")) if cell.get("r") else len(cells)
            if place >= COLUMNS:
                raise Invalid.field("file", f"The sheet has more than {COLUMNS} columns.")
            cells.extend([""] * (place + 1 - len(cells)))
            cells[place] = self._value(cell)
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def _value(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _text(next((child for child in cell if _name(child) == "is"), None))
        text = next((child.text or "" for child in cell if _name(child) == "v"), "")
        if not text or kind == "e":  # #N/A and the like say nothing
            return ""
        if kind == "s":
            return self._texts[int(text)] if text.isdigit() else ""
        if kind == "b":
            return "true" if text == "1" else "false"
        if kind in ("str", "d"):
            return text[: CELL + 1]
        return self._number(text, int(cell.get("s") or 0))

    def _number(self, text: str, style: int) -> str:
        try:
            value = float(text)
        except ValueError:
            return text
        if style in self._dates and 0 <= value < 2_958_466:
            return _moment(self.epoch, value)
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"


def open_workbook(source: Path | bytes) -> Workbook:
    """Open a workbook. Invalid for one that is broken, unpacks to too much, or is of another program."""
    raw: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    archive: ZipFile | None = None
    try:
        archive = ZipFile(raw)
        if "xl/workbook.xml" not in archive.namelist():
            raise Invalid.field(
                "file", "This archive is no Excel workbook (.xlsx): save the sheet as .xlsx or CSV."
            )
        return Workbook(archive, _sheets(archive), _epoch(archive), _shared(archive), _date_styles(archive))
    except _FAULTS as error:
        if archive is not None:
            archive.close()
        raise Invalid.field("file", _BROKEN) from error


def checked_rows(book: Workbook, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet; what is broken further down ends in Invalid too."""
    try:
        yield from book.rows(sheet)
    except _FAULTS as error:
        raise Invalid.field("file", _BROKEN) from error


def _elements(archive: ZipFile, part: str, name: str) -> Iterator[Element]:
    """Each element of that name when it is complete; what lies before is forgotten."""
    with archive.open(part) as packed:
        counted, ending = _Counted(packed), f"}}{name}"
        parents: list[Element] = []
        for event, element in iterparse(counted, ("start", "end")):  # noqa: S314 - no entities: see _Counted
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if element.tag.endswith(ending):
                counted.element_left = ELEMENT
                yield element
                if parents:
                    parents[-1].clear()


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element | None) -> str:
    """The runs of a text together, but how they are spoken."""
    if element is None:
        return ""
    parts = []
    for child in element:
        if _name(child) == "t":
            parts.append(child.text or "")
        elif _name(child) == "r":
            parts.extend(run.text or "" for run in child if _name(run) == "t")
    return "".join(parts)[: CELL + 1]


def _sheets(archive: ZipFile) -> dict[str, str]:
    targets = {
        one.get("Id"): one.get("Target", "")
        for one in _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship")
    }
    found: dict[str, str] = {}
    for sheet in _elements(archive, "xl/workbook.xml", "sheet"):
        target = targets.get(next((sheet.get(key) for key in _RELATION if sheet.get(key)), ""), "")
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if target and sheet.get("state", "visible") == "visible" and part in archive.namelist():
            found[sheet.get("name") or f"Sheet {len(found) + 1}"] = part
    if not found:
        raise Invalid.field("file", "The workbook has no visible sheet.")
    return found


def _epoch(archive: ZipFile) -> date:
    properties = next(_elements(archive, "xl/workbook.xml", "workbookPr"), None)
    begun_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    return date(1904, 1, 1) if begun_1904 else date(1899, 12, 30)


def _shared(archive: ZipFile) -> _Texts:
    texts = _Texts()
    if "xl/sharedStrings.xml" in archive.namelist():
        for item in _elements(archive, "xl/sharedStrings.xml", "si"):
            texts.add(_text(item))
    return texts


def _date_styles(archive: ZipFile) -> frozenset[int]:
    """Numbers of the cell styles that show a number as a date."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    formats = set(_DATE_FORMATS)
    for one in _elements(archive, "xl/styles.xml", "numFmt"):
        if one.get("numFmtId", "").isdigit() and _shows_date(one.get("formatCode", "")):
            formats.add(int(one.get("numFmtId", "0")))
    styles = next(_elements(archive, "xl/styles.xml", "cellXfs"), None)
    cells = [] if styles is None else [int(one.get("numFmtId") or 0) for one in styles if _name(one) == "xf"]
    return frozenset(index for index, number in enumerate(cells) if number in formats)


def _shows_date(code: str) -> bool:
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code)
    return bool(re.search(r"[ymdh]", bare, re.IGNORECASE)) and "general" not in bare.lower()


def _moment(epoch: date, value: float) -> str:
    """A day count as an ISO date, with the time of day where it has one."""
    if epoch.year == 1899 and 0 < value < 60:  # a leap day that never was
        value += 1
    moment = datetime.combine(epoch, time()) + timedelta(seconds=round(value * 86_400))
    if value < 1:
        return moment.strftime("%H:%M")
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat(" ", "minutes")


def _column(place: str) -> int:
    """A1 → 0, B7 → 1, AA3 → 26."""
    number = 0
    for letter in place.upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return number - 1 if number else 0
