"""The first half of an import: the file read, its columns guessed, every row staged or rejected with its reason."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from patron.assembly import Assembly
from patron.bulk import insert_rows
from patron.contributions import Resource
from patron.errors import Conflict, Invalid
from patron.imports import claims, records
from patron.imports.candidates import Rejected
from patron.imports.encodings import checked_encoding
from patron.imports.fields import CUSTOMER_FIELDS, ImportField
from patron.imports.history import HISTORY_FIELDS, RESOURCE, read_touch
from patron.imports.mapping import ColumnMapping, guess_mapping
from patron.imports.matching import RULES
from patron.imports.pace import Pace
from patron.imports.presets import Preset, preset_of
from patron.imports.reading import Row, Table, open_table
from patron.imports.record_fields import import_fields, read_row
from patron.imports.staged import staged
from patron.imports.vcard import read_cards
from patron.records import table, utc_now
from patron.resources.export import unguarded
from patron.system.models import Import, ImportRow

Progress = Callable[[int, int], None]
"""Called with what is done and the whole: bytes while staging, rows while applying."""


@dataclass(frozen=True)
class Guess:
    """What an upload shows before anything is staged. An address book has no ``columns`` to map."""

    columns: ColumnMapping | None
    samples: list[list[str]]
    warnings: list[str]
    fields: tuple[ImportField, ...]
    encoding: str = ""
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    preset: Preset | None = None


def fields_of(resource: Resource) -> tuple[ImportField, ...]:
    """What the columns of a file for this resource may be."""
    if resource.key == RESOURCE:
        return HISTORY_FIELDS
    return CUSTOMER_FIELDS if resource.key == "customers" else import_fields(resource)


def is_address_book(source: Path | bytes) -> bool:
    """Whether a file begins like vCard, in whatever encoding."""
    if isinstance(source, bytes):
        head = source[:400]
    else:
        with source.open("rb") as file:
            head = file.read(400)
    return b"BEGIN:VCARD" in head.replace(b"\x00", b"").upper()


def guess(
    resource: Resource,
    source: Path | bytes,
    chosen: Mapping[str, str | None] | None = None,
    *,
    encoding: str = "",
    sheet: str = "",
) -> Guess:
    """The mapping of a file, with what was chosen by hand. Invalid for an empty file or a wrong choice.

    Without an ``encoding`` it is found out; of a workbook without a ``sheet`` it is the first.
    """
    fields, encoding = fields_of(resource), checked_encoding(encoding)
    if resource.key == "customers" and is_address_book(source):
        return Guess(None, [], [], fields, encoding)
    with open_table(source, encoding=encoding, sheet=sheet) as opened:
        samples = opened.sample()
        columns = _mapping(opened, fields, chosen)
        return Guess(
            columns,
            samples[:5],
            opened.warnings,
            fields,
            opened.encoding,
            opened.sheets,
            opened.sheet,
            preset_of(opened.headers) if fields is CUSTOMER_FIELDS else None,
        )


def _mapping(
    opened: Table, fields: tuple[ImportField, ...], chosen: Mapping[str, str | None] | None
) -> ColumnMapping:
    guessed = guess_mapping(opened.headers, opened.sample(), fields)
    preset = preset_of(opened.headers) if fields is CUSTOMER_FIELDS else None
    if preset is not None:
        known = _once(preset.columns(opened.headers), fields)
        guessed = guessed.override(known, fields, f"as {preset.label} exports it")
    return guessed.override(chosen, fields) if chosen else guessed


def _once(known: Mapping[str, str | None], fields: tuple[ImportField, ...]) -> dict[str, str | None]:
    """Each field that may be given once at its first column."""
    multiple, taken = {field.name for field in fields if field.multiple}, set[str]()
    found: dict[str, str | None] = {}
    for header, name in known.items():
        again = name in taken and name not in multiple
        found[header] = None if again else name
        taken.add(name or "")
    return found


def new_import(
    session: Session, resource: Resource, name: str, *, sha256: str, source: str, match: str, user_id: int | None,
    dry_run: bool = False, state: str = "uploaded", encoding: str = "", sheet: str = "",
) -> int:  # fmt: skip
    """An import with nothing staged yet; its id. Invalid for a ``match`` that there is not."""
    if match and match not in RULES:
        raise Invalid.field("match", f"Rows are matched by one of: {', '.join(RULES)}.")
    values = {
        "resource": resource.key, "file_name": name[:200], "file_sha256": sha256, "source": source.strip()[:100],
        "match": match, "mapping": reading_of(encoding, sheet), "state": state, "dry_run": dry_run,
        "rows": 0, "created": 0, "updated": 0,
        "skipped": 0, "rejected": 0, "undone": 0, "user_id": user_id, "created_at": utc_now(), "finished_at": None,
        "claimed_by": "", "heartbeat_at": None, "error": "",
    }  # fmt: skip
    t = table(Import)
    return int(session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())


def reading_of(encoding: str, sheet: str) -> dict[str, str]:
    """What was asked for of the reading of a file, as an import keeps it."""
    return {name: value for name, value in (("encoding", encoding), ("sheet", sheet)) if value}


def digest_of(source: Path | bytes) -> str:
    """The SHA-256 by which the same file is known again."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stage(
    assembly: Assembly, import_id: int, source: Path | bytes, *, mapping: Mapping[str, str | None] | None = None,
    on_progress: Progress | None = None,
) -> None:  # fmt: skip
    """Stage the whole file, anew if some of it was staged before. Afterwards the import is ``staged``.

    Rows are read outside of any transaction and written in batches. Invalid, Conflict.
    """
    database = assembly.database
    with database.write() as session:
        mine = claims.claim(session, import_id, "staging", ("uploaded", "staged"))
        t = table(Import)
        row = session.execute(select(t.c.resource, t.c.mapping).where(t.c.id == import_id)).one()
    clear(assembly, import_id)
    resource = assembly.resource(row.resource)
    asked = reading_of(row.mapping.get("encoding", ""), row.mapping.get("sheet", ""))
    with _opened(assembly, resource, source, mapping, asked) as (columns, rows, position, size):
        pace = Pace()
        while batch := list(islice(rows, pace.size)):
            began = time.monotonic()
            with database.write() as session:
                began = time.monotonic()
                _write(session, import_id, mine, batch)
            pace.took(len(batch), time.monotonic() - began)
            if on_progress is not None:
                on_progress(position(), size)
    with database.write() as session:
        _mark(session, import_id, mine, {"state": "staged", "mapping": columns, "claimed_by": ""})


class _opened:
    """The rows of a file as they are stored, with its mapping and how far the reading is."""

    def __init__(
        self,
        assembly: Assembly,
        resource: Resource,
        source: Path | bytes,
        mapping: Mapping[str, str | None] | None,
        asked: Mapping[str, str],
    ) -> None:
        self.asked = dict(asked)
        self.assembly, self.resource, self.source, self.mapping = assembly, resource, source, mapping
        self.table: Table | None = None

    def __enter__(self) -> tuple[dict[str, Any], Iterator[dict[str, Any]], Callable[[], int], int]:
        settings, people = self.assembly.settings, self.resource.key == "customers"
        if people and is_address_book(self.source):
            made = records.to_candidates(
                read_cards(self.source, self.asked.get("encoding", "")),
                None,
                settings.country,
                settings.locale,
            )
            return {"format": "vcard", **self.asked}, _customers(made, settings.locale), lambda: 0, 0
        opened = self.table = open_table(
            self.source, encoding=self.asked.get("encoding", ""), sheet=self.asked.get("sheet", "")
        )
        opened.rows = (row._replace(cells=[unguarded(cell) for cell in row.cells]) for row in opened.rows)
        preset = preset_of(opened.headers) if people else None
        if preset is not None:
            opened.rows = _in_our_words(preset, opened.headers, opened.rows)
        columns = _mapping(opened, fields_of(self.resource), self.mapping)
        kept = {"format": "csv", "headers": opened.headers, "columns": columns.as_dict(), **self.asked}
        if people:
            made = records.to_candidates(opened, columns, settings.country, settings.locale)
            rows = _customers(made, settings.locale)
        elif self.resource.key == RESOURCE:
            rows = _history(opened, columns, settings.country)
        else:
            rows = _records(self.resource, opened, columns, settings.currency, settings.country)
        return kept, rows, lambda: opened.position, opened.size

    def __exit__(self, *_: object) -> None:
        if self.table is not None:
            self.table.close()


def _in_our_words(preset: Preset, headers: list[str], rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield row._replace(cells=preset.read(headers, row.cells))


def _customers(made: Iterable[Any], locale: str) -> Iterator[dict[str, Any]]:
    for one in made:
        if isinstance(one, Rejected):
            yield _rejected(one.line, one.raw, one.reason, one.field)
        else:
            yield _staged(one.line, one.raw, staged(one, locale))


def _history(opened: Table, columns: ColumnMapping, country: str) -> Iterator[dict[str, Any]]:
    for row in opened.rows:
        try:
            if row.problem:
                raise Invalid(row.problem)
            yield _staged(row.line, row.cells, read_touch(columns, row.cells, country))
        except Invalid as error:
            yield _rejected(row.line, row.cells, error.detail, error.errors[0].field if error.errors else "")


def _records(
    resource: Resource, opened: Table, columns: ColumnMapping, currency: str, country: str
) -> Iterator[dict[str, Any]]:
    for row in opened.rows:
        if row.problem:
            yield _rejected(row.line, row.cells, row.problem, "")
            continue
        try:
            yield _staged(row.line, row.cells, read_row(resource, columns, row.cells, currency, country))
        except Invalid as error:
            first = error.errors[0] if error.errors else None
            yield _rejected(row.line, row.cells, error.detail, first.field if first else "")


def _staged(line: int, raw: Iterable[str], values: Any) -> dict[str, Any]:
    return {
        "line": line,
        "raw": list(raw),
        "values": values,
        "state": "staged",
        "reason": "",
        "field": "",
        "undo": "",
    }


def _rejected(line: int, raw: Iterable[str], reason: str, field: str) -> dict[str, Any]:
    return {
        "line": line,
        "raw": list(raw),
        "values": {},
        "state": "rejected",
        "undo": "",
        "reason": reason,
        "field": field,
    }


def _write(session: Session, import_id: int, mine: str, batch: list[dict[str, Any]]) -> None:
    insert_rows(
        session, table(ImportRow), [{"import_id": import_id, "record_id": None, **row} for row in batch]
    )
    t = table(Import)
    rejected = sum(row["state"] == "rejected" for row in batch)
    _mark(session, import_id, mine, {"rows": t.c.rows + len(batch), "rejected": t.c.rejected + rejected})


def _mark(session: Session, import_id: int, mine: str, values: Mapping[str, Any]) -> None:
    """Write on the import what is true now, as long as it is this process's. Conflict once it is not."""
    t = table(Import)
    held = update(t).where(t.c.id == import_id, t.c.claimed_by == mine, t.c.state == "staging")
    if session.execute(held.values(heartbeat_at=utc_now(), **values).returning(t.c.id)).first() is None:
        raise Conflict("The import was cancelled, or another process has taken it over.")


def clear(assembly: Assembly, import_id: int) -> None:
    """Take the staged rows of an import away, in short transactions."""
    t, imports = table(ImportRow), table(Import)
    pace = Pace(size=1000)
    while True:
        with assembly.database.write() as session:
            began = time.monotonic()
            some = select(t.c.id).where(t.c.import_id == import_id).limit(pace.size)
            gone = len(session.execute(delete(t).where(t.c.id.in_(some)).returning(t.c.id)).all())
            if not gone:
                session.execute(update(imports).where(imports.c.id == import_id).values(rows=0, rejected=0))
        pace.took(gone, time.monotonic() - began)
        if not gone:
            return
