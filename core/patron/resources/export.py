"""Export of a list as CSV: streamed in batches, formula injection guarded, under its own permission, audited."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from patron.accounts import audit
from patron.context import Context
from patron.contributions import Field, Resource
from patron.errors import Invalid
from patron.resources import list_page
from patron.resources.declaration import table_of
from patron.resources.filters import parse_filter
from patron.resources.query import Listing
from patron.resources.rules import rules_of
from patron.resources.scope import row_scope
from patron.resources.search import search_clause
from patron.resources.values import columns_of, give
from patron.responses import Download

BATCH = 1000
_LEADING = re.compile(r"^[\s\x00-\x1f\x7f\u00a0\u200b\ufeff]*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"^[+-]?\d+([.,]\d+)*$")


def guarded(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    if _LEADING.match(text) and not _NUMBER.match(text):
        return f"'{text}"
    return text


def unguarded(text: str) -> str:
    """What ``guarded`` was given: an exported file that is imported again says the same."""
    return text[1:] if text[:1] == "'" and guarded(text[1:]) == text else text


def download(ctx: Context, *, resource: Resource) -> Download:
    """The list as it is filtered, every page of it."""
    if ctx.web.param("format", "csv") != "csv":
        raise Invalid.field("format", "Lists are exported as csv.")
    listing = list_page.listing_of(ctx, resource)
    with ctx.assembly.database.write() as session:
        ctx.session = session
        audit.record(ctx, "export", resource.key, None)
    return Download(
        _encoded(export_lines(ctx, resource, listing)), f"{resource.name}.csv", "text/csv; charset=utf-8"
    )


def export_lines(ctx: Context, resource: Resource, listing: Listing) -> Iterator[str]:
    """CSV lines: a header, then a line a record, read in keyset batches each in its own short transaction."""
    fields = [item for item in resource.fields if item.kind != "computed"]
    yield _line(["id", *(item.name for item in fields)])
    last = 0
    while True:
        with ctx.assembly.database.read() as session:
            ctx.session = session
            rows = _batch(ctx, resource, listing, last)
        for row in rows:
            yield _line([row["id"], *(guarded(plain_text(item, row.get(item.name))) for item in fields)])
        if len(rows) < BATCH:
            return
        last = int(rows[-1]["id"])


def _encoded(lines: Iterator[str]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"  # spreadsheets take UTF-8 for what it is only with this mark
    for line in lines:
        yield line.encode()


def _batch(ctx: Context, resource: Resource, listing: Listing, last: int) -> list[dict[str, Any]]:
    t = table_of(resource)
    clauses = [
        t.c.id > last,
        t.c.trashed_at.is_(None),
        row_scope(ctx, resource, "export"),
        parse_filter(ctx, resource, listing.filter),
    ]
    if listing.search:
        clauses.append(search_clause(ctx, resource, listing.search))
    statement = (
        select(*(t.c[name] for name in columns_of(resource))).where(*clauses).order_by(t.c.id).limit(BATCH)
    )
    items = [give(resource, row) for row in ctx.session.execute(statement).mappings()]
    rules_of(resource).expand(ctx, items, None)
    return items


def plain_text(item: Field, value: Any) -> str:
    """A value in a cell."""
    if value is None:
        return ""
    if item.kind == "money":
        from babel.numbers import get_currency_precision

        digits = get_currency_precision(value["currency"])
        sign, minor = ("-" if value["minor"] < 0 else ""), abs(value["minor"])
        amount = f"{sign}{minor // 10**digits}" + (f".{minor % 10**digits:0{digits}}" if digits else "")
        return f"{amount} {value['currency']}"
    if item.kind == "bool":
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(_entry(entry) for entry in value)
    return str(audit.plain(value))


def _entry(entry: Any) -> str:
    if isinstance(entry, dict):
        return ", ".join(str(value) for value in entry.values() if value not in (None, "", False))
    return str(entry)


def _line(values: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue()
