"""The import wizard of a resource: upload, columns, preview, progress, result; each step works by reload.

An import is its user's own: to everybody else but an administrator it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from patron.context import Context
from patron.contributions import Resource
from patron.errors import Conflict, FieldError, Invalid, NotFound
from patron.files import services as files
from patron.imports import engine, layouts, mending, preview, review, staging, undo
from patron.imports.encodings import OFFERED, checked_encoding
from patron.imports.history import RESOURCE as HISTORY
from patron.imports.matching import RULES
from patron.imports.origin import LABELS
from patron.imports.rejects import reject_lines
from patron.imports.retention import FORGOTTEN, kept_days
from patron.records import table
from patron.resources import page_frame
from patron.responses import Download, Flash, Page, Redirect
from patron.system.models import Import
from patron.web import whole_number

UPLOAD = 50_000_000
"""The largest file, in bytes."""
AT_ONCE = 2_000_000
"""Files up to so many bytes are staged while the user waits; larger ones by the worker."""
ROWS_AT_ONCE = 1000
"""Imports up to so many rows are applied while the user waits."""

KEPT = 50
"""Of the rows that an undo left as they are, so many are listed."""

MATCHES = {
    "external_id": "Number in the other system",
    "email": "E-mail address",
    "phone": "Phone number",
    "name": "Name",
    "likely": "Whatever is certain; what only looks alike waits for me",
}


@contextmanager
def _reading(ctx: Context) -> Iterator[Context]:
    with ctx.assembly.database.read() as session:
        ctx.session = session
        yield ctx


@contextmanager
def _writing(ctx: Context) -> Iterator[Context]:
    with ctx.assembly.database.write() as session:
        ctx.session = session
        yield ctx


def _own(ctx: Context, resource: Resource, import_id: int) -> engine.Status:
    """The import, if it is of this resource and the actor may see it; NotFound whether it exists or not."""
    t = table(Import)
    mine = select(t.c.id).where(
        t.c.id == import_id, t.c.resource == resource.key, engine.mine_or_all(ctx.actor)
    )
    if ctx.session.execute(mine).first() is None:
        raise NotFound("There is no such import.")
    return engine.status(ctx.session, import_id)


def _path(ctx: Context, import_id: int) -> Path:
    """The uploaded file; NotFound once it is gone."""
    t = table(Import)
    sha256 = ctx.session.execute(select(t.c.file_sha256).where(t.c.id == import_id)).scalar_one()
    path = files.store_of(ctx).path(sha256)
    if not path.exists():
        raise NotFound("The uploaded file is no longer there: upload it again.")
    return path


def _url(resource: Resource, import_id: int) -> str:
    return f"{resource.path}/import/{import_id}"


def show_upload(ctx: Context, *, resource: Resource) -> Page:
    """Step 1: choose a file; what is accepted, and the imports so far."""
    return _upload_page(ctx, resource)


def _upload_page(ctx: Context, resource: Resource, errors: tuple[FieldError, ...] = ()) -> Page:
    t = table(Import)
    recent = (
        select(t.c.id, t.c.file_name, t.c.state, t.c.rows, t.c.created_at)
        .where(t.c.resource == resource.key, engine.mine_or_all(ctx.actor), t.c.dry_run.is_(False))
        .order_by(t.c.id.desc())
        .limit(10)
    )
    with _reading(ctx):
        rows = [{**row, "url": _url(resource, row["id"])} for row in ctx.session.execute(recent).mappings()]
        data = {
            **page_frame.frame(ctx, resource), "errors": errors, "by_field": {e.field: e.message for e in errors},
            "recent": rows, "people": resource.key == "customers", "megabytes": UPLOAD // 1_000_000,
            "kept_days": kept_days(ctx.assembly),
            "names": [field.name for field in staging.fields_of(resource)],
            "encodings": [("", "Found out by itself"), *((name, name) for name in OFFERED)],
            "encoding": ctx.web.value("encoding"),
        }  # fmt: skip
    return Page("imports/upload.html", data, status=422 if errors else 200)


def upload(ctx: Context, *, resource: Resource) -> Page | Redirect:
    """Keep the file and go on to its columns; a file that cannot be read is refused at its field."""
    file = ctx.web.upload("file")
    if file is None or not file.data:
        return _upload_page(ctx, resource, (FieldError("file", "Choose a file that is not empty."),))
    try:
        encoding = checked_encoding(ctx.web.value("encoding"))
        staging.guess(resource, file.data, encoding=encoding)
    except Invalid as error:
        field = error.errors[0].field if error.errors else "file"
        return _upload_page(ctx, resource, (FieldError(field, error.detail),))
    sha256 = files.store_of(ctx).put(file.data)
    name = file.name.replace("\\", "/").rpartition("/")[2]
    with _writing(ctx):
        import_id = staging.new_import(
            ctx.session, resource, name, sha256=sha256, source=name.rpartition(".")[0], match="",
            user_id=ctx.actor.user_id, encoding=encoding,
        )  # fmt: skip
    return Redirect(_url(resource, import_id))


def sample(ctx: Context, *, resource: Resource) -> Download:
    """A file with the columns that are understood, and no rows."""
    if resource.key == "customers":
        text = (
            "Customer ID,First name,Last name,E-mail,Phone,Company,Job title,Street,Postcode,City,Country\r\n"
            "C-1001,Amara,Okafor,amara@example.com,+49 40 5550199,Baobab Logistics GmbH,Buyer,Hafenstr. 1,20457,"
            "Hamburg,DE\r\n"
        )
    else:
        text = ",".join(_label(resource, field.name) for field in staging.fields_of(resource)) + "\r\n"
    return Download(text.encode("utf-8-sig"), f"{resource.name}-sample.csv", "text/csv; charset=utf-8")


def show_import(ctx: Context, import_id: int, *, resource: Resource) -> Page:
    """The step that the import is at: columns, preview, progress or result. htmx asks for the progress alone."""
    with _reading(ctx):
        status = _own(ctx, resource, import_id)
        if status.state == "uploaded" or (status.state == "staged" and ctx.web.param("step") == "columns"):
            return _mapping_page(ctx, resource, status)
        data = {
            **page_frame.frame(ctx, resource), "status": status, "url": _url(resource, import_id),
            "kept_days": kept_days(ctx.assembly), "forgotten": FORGOTTEN in status.mapping,
            "kinds": preview.errors_by_kind(ctx.session, import_id) if status.rejected else [],
            "likely": review.waiting(ctx.session, import_id, limit=KEPT),
            "likely_count": review.count(ctx.session, import_id),
            "undoable": undo.may_be_undone(ctx.assembly, status), "kept_limit": KEPT,
            "mending_open": mending.OPEN,
            "kept": undo.kept_rows(ctx.session, import_id, limit=KEPT + 1),
        }  # fmt: skip
        if status.state == "staged":
            effects = preview.first_effects(ctx, import_id)
            return Page("imports/preview.html", {**data, "effects": effects})
        done = status.state in ("applied", "cancelled", "checked", "undone", "part undone")
        headers = {"HX-Refresh": "true"} if done and ctx.web.htmx else {}
        template = "imports/result.html" if done else "imports/progress.html"
        return Page(template, data, partial="imports/progress_part.html", headers=headers)


def _mapping_page(
    ctx: Context, resource: Resource, status: engine.Status, errors: tuple[FieldError, ...] = ()
) -> Page:
    """Step 2: each column with some of its values, what it was taken for and why."""
    chosen, asked = status.mapping.get("columns"), _asked(status)
    guessed = _guess(resource, _path(ctx, status.id), chosen, asked)
    before = None if chosen or guessed.columns is None else layouts.remembered(ctx, resource, guessed.columns)
    if before is not None:
        guessed = _guess(resource, _path(ctx, status.id), before.columns, asked)
    source = before.source if before is not None else guessed.preset.source if guessed.preset else ""
    if source and status.state == "uploaded":
        status = replace(status, source=source, match=before.match if before is not None else status.match)
    columns = guessed.columns.columns if guessed.columns is not None else ()
    rows = [
        {
            "number": number, "header": column.header, "field": column.field or "", "reason": column.reason,
            "confidence": round(column.confidence * 100),
            "samples": [row[number] for row in guessed.samples if number < len(row) and row[number].strip()][:3],
        }
        for number, column in enumerate(columns)
    ]  # fmt: skip
    options = [(field.name, _label(resource, field.name)) for field in guessed.fields]
    data = {
        **page_frame.frame(ctx, resource), "status": status, "url": _url(resource, status.id), "columns": rows,
        "options": options, "encoding": guessed.encoding, "sheets": [(name, name) for name in guessed.sheets],
        "sheet": guessed.sheet, "preset": guessed.preset, "before": before, "warnings": guessed.warnings,
        "matches": list(MATCHES.items()),
        "people": resource.key == "customers", "errors": errors, "by_field": {e.field: e.message for e in errors},
    }  # fmt: skip
    return Page("imports/mapping.html", data, status=422 if errors else 200)


def _label(resource: Resource, name: str) -> str:
    if resource.key in ("customers", HISTORY):
        return name.replace("_", " ").capitalize()
    return {**LABELS, **{field.name: field.label for field in resource.fields}}[name]


def choose_columns(ctx: Context, import_id: int, *, resource: Resource) -> Page | Redirect:
    """Take the columns as chosen and stage the rows: at once, or by the worker when there are many."""
    with _reading(ctx):
        status = _own(ctx, resource, import_id)
        path = _path(ctx, import_id)
        match = ctx.web.value("match")
        try:
            if status.state not in ("uploaded", "staged"):
                raise Conflict(f"This import is {status.state}.")
            if match and match not in RULES:
                raise Invalid.field("match", "Choose one of those offered.")
            asked = _asked(status)
            if ctx.web.value("sheet") and ctx.web.value("sheet") != ctx.web.value("shown_sheet"):
                return _other_sheet(ctx, resource, status, path)
            chosen = _chosen(ctx, _guess(resource, path, None, asked))
            _guess(resource, path, chosen, asked)
        except Invalid as error:
            return _mapping_page(
                ctx, resource, status, tuple(error.errors) or (FieldError("", error.detail),)
            )
    t = table(Import)
    large = path.stat().st_size > AT_ONCE
    source = ctx.web.value("source")[:100]
    with _writing(ctx):
        values: dict[str, Any] = {"source": source, "match": match, "mapping": {"columns": chosen, **asked}}
        if large:
            values |= {"state": "staging", "claimed_by": "", "heartbeat_at": None}
        still = t.c.state == status.state
        ctx.session.execute(update(t).where(t.c.id == import_id, still).values(values))
    if not large:
        staging.stage(ctx.assembly, import_id, path, mapping=chosen)
    return Redirect(_url(resource, import_id))


def _asked(status: engine.Status) -> dict[str, str]:
    return staging.reading_of(status.mapping.get("encoding", ""), status.mapping.get("sheet", ""))


def _guess(
    resource: Resource, path: Path, chosen: dict[str, str | None] | None, asked: dict[str, str]
) -> staging.Guess:
    encoding, sheet = asked.get("encoding", ""), asked.get("sheet", "")
    return staging.guess(resource, path, chosen, encoding=encoding, sheet=sheet)


def _other_sheet(ctx: Context, resource: Resource, status: engine.Status, path: Path) -> Redirect:
    """Show the columns of another sheet of the workbook. Invalid for one that it has not."""
    sheet = ctx.web.value("sheet")
    staging.guess(resource, path, sheet=sheet)
    t = table(Import)
    with _writing(ctx):
        again = {"mapping": {"sheet": sheet}, "state": "uploaded"}
        ctx.session.execute(update(t).where(t.c.id == status.id, t.c.state == status.state).values(again))
    return Redirect(_url(resource, status.id))


def _chosen(ctx: Context, guessed: staging.Guess) -> dict[str, str | None]:
    """What the form says of each column, by its number: a header may hold anything."""
    columns = guessed.columns.columns if guessed.columns is not None else ()
    return {
        column.header: ctx.web.value(f"column-{number}") or None
        for number, column in enumerate(columns)
        if f"column-{number}" in ctx.web.form
    }


def start(ctx: Context, import_id: int, *, resource: Resource) -> Redirect:
    """Apply what is staged, or go on where it stopped: a small import at once, a large one by the worker."""
    with _writing(ctx):
        status = _own(ctx, resource, import_id)
        engine.request_apply(ctx.session, import_id)
    if status.rows - status.done <= ROWS_AT_ONCE:
        engine.apply(ctx.assembly, import_id)
    return Redirect(_url(resource, import_id))


def decide(ctx: Context, import_id: int, *, resource: Resource) -> Redirect:
    """Say of one row that looks like somebody, or of all, whether it is (form: answer; line, none for all)."""
    line = whole_number(ctx.web.value("line"))
    with _writing(ctx):
        _own(ctx, resource, import_id)
        number = review.decide(
            ctx.session, import_id, ctx.web.value("answer"), None if line is None else [line]
        )
        if number:
            engine.request_apply(ctx.session, import_id)
    if 0 < number <= ROWS_AT_ONCE:
        engine.apply(ctx.assembly, import_id)
    return Redirect(_url(resource, import_id))


def show_refused(ctx: Context, import_id: int, *, resource: Resource) -> Page:
    """The refused rows, each cell to be corrected."""
    with _reading(ctx):
        return _refused_page(ctx, resource, _own(ctx, resource, import_id))


def _refused_page(ctx: Context, resource: Resource, status: engine.Status, left: int = 0) -> Page:
    headers = mending.headers_of(ctx.session, status.id)
    if status.state not in mending.OPEN or not headers:
        raise NotFound("There is nothing to correct here.")
    meanings = status.mapping.get("columns") or {}
    data = {
        **page_frame.frame(ctx, resource), "status": status, "url": _url(resource, status.id), "left": left,
        "headers": headers, "meanings": [meanings.get(header) for header in headers],
        "rows": mending.refused(ctx.session, status.id, headers, KEPT),
    }  # fmt: skip
    return Page("imports/refused.html", data, status=422 if left else 200)


def mend(ctx: Context, import_id: int, *, resource: Resource) -> Page | Redirect:
    """Read the corrected rows again (form: cell-LINE-COLUMN) and apply them, if the others are applied already."""
    with _reading(ctx):
        status = _own(ctx, resource, import_id)
        headers = mending.headers_of(ctx.session, import_id)
        shown = mending.refused(ctx.session, import_id, headers, KEPT)
    sent = {
        row.line: [ctx.web.value(f"cell-{row.line}-{place}") for place in range(len(headers))]
        for row in shown
        if f"cell-{row.line}-0" in ctx.web.form
    }
    changed = {row.line: sent[row.line] for row in shown if row.line in sent and sent[row.line] != row.cells}
    good = mending.mend(ctx.assembly, resource, import_id, changed)
    if good and status.state != "staged":
        with _writing(ctx):
            engine.request_apply(ctx.session, import_id)
        engine.apply(ctx.assembly, import_id)
    if good < len(changed):
        with _reading(ctx):
            return _refused_page(ctx, resource, _own(ctx, resource, import_id), len(changed) - good)
    return Redirect(
        _url(resource, import_id), Flash(f"{good} corrected." if good else "Nothing was changed.")
    )


def take_back(ctx: Context, import_id: int, *, resource: Resource) -> Redirect:
    """Undo it as far as nobody stands in the way: a small import at once, a large one by the worker."""
    with _writing(ctx):
        status = _own(ctx, resource, import_id)
        undo.request_undo(ctx.session, ctx.assembly, import_id, ctx.actor.user_id)
    if status.created + status.updated <= ROWS_AT_ONCE:
        undo.undo(ctx.assembly, import_id)
    return Redirect(_url(resource, import_id))


def cancel(ctx: Context, import_id: int, *, resource: Resource) -> Redirect:
    """Stop it: what is applied stays."""
    with _writing(ctx):
        _own(ctx, resource, import_id)
        engine.cancel(ctx.session, import_id)
    return Redirect(_url(resource, import_id), Flash("Import cancelled.", "info"))


def rejects(ctx: Context, import_id: int, *, resource: Resource) -> Download:
    """The refused rows with their reasons, to be corrected and imported again."""
    with _reading(ctx):
        status = _own(ctx, resource, import_id)
    if FORGOTTEN in status.mapping:
        raise NotFound("The rows of this import are no longer kept.")
    lines = reject_lines(ctx.assembly, import_id)
    name = f"{status.file_name.rpartition('.')[0] or resource.name}-rejected.csv"
    return Download(_marked(lines), name, "text/csv; charset=utf-8")


def _marked(lines: Iterator[str]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"  # spreadsheets take UTF-8 for what it is only with this mark
    for line in lines:
        yield line.encode()
