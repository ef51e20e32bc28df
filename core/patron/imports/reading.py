"""Tables as people save them: any common delimiter and encoding, one row at a time, no row lost."""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self, TextIO

from patron.errors import Invalid
from patron.imports.calendar import HEADERS, is_calendar, read_events
from patron.imports.encodings import detect_encoding
from patron.imports.evidence import looks_like_data
from patron.imports.workbook import Workbook, checked_rows, is_workbook, open_workbook

DELIMITERS = ",;\t|"
MAX_LINES_OF_A_ROW = 500
"""A quoted cell that runs longer than this many lines is a quote somebody forgot to close."""

LONGEST_CELL = 100_000
"""Characters; a longer one is no field of a customer, and only its beginning is kept."""

_SHOWN_OF_LONG = 200
_SAMPLE_ROWS = 50


class Row(NamedTuple):
    """``line`` counts from 1 and is where the row starts; ``problem`` says why it cannot be used, else
    ``""``.
    """

    line: int
    cells: list[str]
    problem: str


@dataclass
class Table:
    """An open table. Iterate over ``rows`` once; ``position`` of ``size`` bytes tells how far that is."""

    name: str
    headers: list[str]
    rows: Iterator[Row]
    delimiter: str
    encoding: str
    has_header: bool
    size: int
    warnings: list[str] = field(default_factory=list)
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    _raw: BinaryIO = field(default_factory=io.BytesIO, repr=False)
    _book: Workbook | None = field(default=None, repr=False)
    _head: list[Row] = field(default_factory=list, repr=False)

    @property
    def position(self) -> int:
        """Bytes of the file read so far, a buffer ahead of the row in hand."""
        return self.size if self._raw.closed else min(self._raw.tell(), self.size)

    def sample(self) -> list[list[str]]:
        """The cells of the first good rows, which ``rows`` still gives."""
        return [row.cells for row in self._head if not row.problem]

    def close(self) -> None:
        self._raw.close()
        if self._book is not None:
            self._book.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_table(
    source: Path | bytes,
    name: str = "",
    *,
    has_header: bool | None = None,
    encoding: str = "",
    sheet: str = "",
) -> Table:
    """Open delimited text or a workbook's sheet, the first where none is named; memory stays bounded however long
    the file is. Raises ``Invalid`` for an empty file, a broken workbook or a sheet that there is not.

    Encoding, delimiter and whether the first row names the columns are found out (``has_header`` and
    ``encoding`` override). Empty headers become "Column 3", repeated ones "E-mail (2)". Blank lines are no
    rows. A row with more or fewer cells than the header, or with a quote that is never closed, comes out with
    its ``problem``.
    """
    if is_workbook(source):
        return _open_sheet(source, name, has_header, sheet)
    raw: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    if is_calendar(raw.read(400)):
        events = (Row(line, cells, problem) for line, cells, problem in read_events(source))
        return _table(name, chain([Row(0, HEADERS, "")], events), True, raw, 0)
    size = raw.seek(0, io.SEEK_END)
    raw.seek(0)
    encoding = encoding or detect_encoding(raw)
    lines = _Lines(io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=""))
    delimiter = _declared_delimiter(lines) or _guess_delimiter(lines)
    rows = _rows(lines, delimiter)
    return _table(name, rows, has_header, raw, size, delimiter=delimiter, encoding=encoding)


def _open_sheet(source: Path | bytes, name: str, has_header: bool | None, sheet: str) -> Table:
    book = open_workbook(source)
    chosen = sheet or next(iter(book.sheets))
    if chosen not in book.sheets:
        book.close()
        raise Invalid.field("sheet", f"There is no sheet “{sheet}”. There are: {', '.join(book.sheets)}.")
    raw: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    rows = (Row(number, cells, "") for number, cells in checked_rows(book, chosen))
    try:
        table = _table(name, rows, has_header, raw, 0, filled=True)
    except Invalid:
        book.close()
        raise
    table.sheets, table.sheet, table._book = tuple(book.sheets), chosen, book
    return table


def _table(
    name: str, rows: Iterator[Row], has_header: bool | None, raw: BinaryIO, size: int, *, delimiter: str = "",
    encoding: str = "", filled: bool = False,
) -> Table:  # fmt: skip
    """``filled``: rows come without their last empty cells."""
    first = next(rows, None)
    if first is None:
        raw.close()
        raise Invalid.field("file", "The file is empty: it has no row.")
    named = not looks_like_data(first.cells) if has_header is None else has_header
    headers = _headers(first.cells if named else [""] * len(first.cells))
    body = _checked(rows if named else _chain(first, rows), len(headers), filled=filled)
    head = [row for _, row in zip(range(_SAMPLE_ROWS), body, strict=False)]
    table = Table(
        name, headers, _chain_all(head, body), delimiter, encoding, named, size, _raw=raw, _head=head
    )
    if not named:
        table.warnings.append("The first row holds data, so the columns have no names.")
    return table


def _chain(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def _chain_all(head: Sequence[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from head
    yield from rest


class _Unclosed(Exception):
    """A row has pulled more lines than a row may have."""


class _Lines:
    """Physical lines without NUL bytes, counted, with those of the row in hand kept to be given back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self.line = 0
        self.limit = MAX_LINES_OF_A_ROW

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= self.limit:
            raise _Unclosed
        text = self._back.popleft() if self._back else next(self._text)
        if "\0" in text:
            text = text.replace("\0", "")
        self._taken.append(text)
        self.line += 1
        return text

    def start_row(self) -> int:
        """Forget the last row; the line number that the next one starts at."""
        self._taken.clear()
        return self.line + 1

    def give_back(self, kept: int = 0) -> list[str]:
        """Give back the lines of the row in hand but the first ``kept``, which are returned."""
        kept_lines = self._taken[:kept]
        self._back.extendleft(reversed(self._taken[kept:]))
        self.line -= len(self._taken) - kept
        self._taken.clear()
        return kept_lines

    def peek(self, count: int) -> list[str]:
        """Up to ``count`` next lines, not taken."""
        self.limit = max(count, MAX_LINES_OF_A_ROW) + 1
        lines = [line for _, line in zip(range(count), self, strict=False)]
        self.give_back()
        self.limit = MAX_LINES_OF_A_ROW
        return lines


def _rows(lines: _Lines, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), 1 << 24))
    strict = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.start_row()
        try:
            cells = next(strict)
        except StopIteration:
            return
        except (csv.Error, _Unclosed) as fault:
            strict = csv.reader(lines, delimiter=delimiter, strict=True)
            yield _repaired(lines, delimiter, line, unclosed=not _is_stray_quote(fault))
            continue
        if cells and (len(cells) > 1 or cells[0].strip()) and any(cells):
            yield Row(line, cells, "")


def _is_stray_quote(fault: Exception) -> bool:
    return isinstance(fault, csv.Error) and "expected after" in str(fault)


def _repaired(lines: _Lines, delimiter: str, line: int, *, unclosed: bool) -> Row:
    """Read a row again that a strict reader refused: text behind a closing quote is kept, a lost quote
    reported.
    """
    lines.give_back()
    if not unclosed:
        try:
            return Row(line, next(csv.reader(lines, delimiter=delimiter)), "")
        except (csv.Error, _Unclosed):
            lines.give_back()
    next(lines)
    [text] = lines.give_back(kept=1)
    return Row(
        line, text.rstrip("\r\n").split(delimiter), "A quotation mark is opened here and never closed."
    )


def _checked(rows: Iterator[Row], width: int, *, filled: bool = False) -> Iterator[Row]:
    for row in rows:
        count = len(row.cells)
        if filled and count < width:
            row, count = row._replace(cells=[*row.cells, *[""] * (width - count)]), width
        if max(map(len, row.cells)) > LONGEST_CELL:
            cut = [cell[:_SHOWN_OF_LONG] for cell in row.cells]
            yield Row(row.line, cut, f"A cell has more than {LONGEST_CELL} characters.")
        elif count == width:
            yield row
        elif count > width and not any(row.cells[width:]):
            yield Row(row.line, row.cells[:width], row.problem)
        else:
            problem = (
                row.problem or f"The row has {count} cells and the header {width}; is a delimiter not quoted?"
            )
            yield Row(row.line, row.cells, problem)


def _declared_delimiter(lines: _Lines) -> str:
    """What a spreadsheet's ``sep=;`` line says; the line is taken."""
    head = lines.peek(1)
    text = head[0].strip() if head else ""
    if len(text) == 5 and text.lower().startswith("sep=") and not text[4].isalnum():
        next(lines)
        return text[4]
    return "\t" if head and head[0].lower().rstrip("\r\n") == "sep=\t" and next(lines) else ""


def _guess_delimiter(lines: _Lines) -> str:
    sample = lines.peek(200)
    scores = {delimiter: _fit(sample, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best][0] > 0 else ","


def _fit(sample: list[str], delimiter: str) -> tuple[float, int]:
    """How much a sample looks like a table with ``delimiter``: rows that agree on a width over one, and the
    width.
    """
    try:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    counts = Counter(widths)
    width, times = max(counts.items(), key=lambda item: (item[1], item[0]))
    if width < 2:
        return 0.0, 0
    agreement = times / len(widths) + (0.5 if widths[0] == width else 0.0)
    return agreement, width


def _headers(cells: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    taken = {" ".join(cell.split()) for cell in cells}
    headers = []
    for number, cell in enumerate(cells, 1):
        header = " ".join(cell.split()) or f"Column {number}"
        seen[header] += 1
        unique, count = header, seen[header]
        while (count > 1 and unique in taken) or unique in headers:
            unique, count = f"{header} ({max(count, 2)})", max(count, 2) + 1
        headers.append(unique)
    return headers
