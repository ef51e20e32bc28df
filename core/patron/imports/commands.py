"""Imports for the command line and for programs: one call from file to counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from patron.assembly import Assembly
from patron.contributions import Resource
from patron.errors import Invalid, NotFound
from patron.imports import engine, preview, staging, undo
from patron.imports.encodings import checked_encoding
from patron.imports.rejects import reject_lines
from patron.records import table
from patron.system.models import ImportRow

OnProgress = Callable[[str, int, int], None]
"""Called with what is going on (``reading``, ``applying``, ``checking``), what is done and the whole."""


def resource_for_import(assembly: Assembly, key: str) -> Resource:
    """The resource of that key that may be imported. NotFound says which there are."""
    known = [name for name, found in sorted(assembly.resources.items()) if "import" in found.verbs]
    if key not in known:
        raise NotFound(f"There is no “{key}” to import. There are: {', '.join(known)}.")
    return assembly.resource(key)


def run_import(
    assembly: Assembly, resource: str, path: Path, *, mapping: Mapping[str, str | None] | None = None,
    source: str = "", match: str = "", dry_run: bool = False, rejects_path: Path | None = None,
    user_id: int | None = None, on_progress: OnProgress | None = None, encoding: str = "", sheet: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Import a file: ``{"import_id", "rows", "created", "updated", "skipped", "rejected"}``.

    A dry run adds ``first`` (effects of the first rows) and ``errors`` (refusals by kind) and applies nothing.
    ``mapping`` is column to field (None leaves it out). Without ``source`` external ids are kept under the
    file's name without its ending, and without ``encoding`` the file's is found out. ``on_progress`` gets bytes
    while reading, then rows.
    Invalid for a file or mapping that cannot be read, before anything is written.
    """
    if not path.is_file():
        raise Invalid.field("file", f"There is no file {path}.")
    found = resource_for_import(assembly, resource)
    encoding = checked_encoding(encoding)
    staging.guess(found, path, mapping, encoding=encoding, sheet=sheet)
    with assembly.database.write() as session:
        import_id = staging.new_import(
            session, found, path.name, sha256=staging.digest_of(path), source=source or path.stem, match=match,
            user_id=user_id, dry_run=dry_run, encoding=encoding, sheet=sheet,
        )  # fmt: skip
    staging.stage(assembly, import_id, path, mapping=mapping, on_progress=_named(on_progress, "reading"))
    if dry_run:
        return _checked(assembly, import_id, rejects_path, on_progress)
    return resume_import(assembly, import_id, rejects_path=rejects_path, on_progress=on_progress)


def resume_import(
    assembly: Assembly,
    import_id: int,
    *,
    rejects_path: Path | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Any]:
    """Go on with an import that stopped half-way; the same counts as ``run_import``. NotFound, Conflict."""
    done = engine.apply(assembly, import_id, on_progress=_named(on_progress, "applying"))
    write_rejects(assembly, import_id, rejects_path)
    return done.counts()


def undo_import(
    assembly: Assembly, import_id: int, *, on_progress: OnProgress | None = None
) -> dict[str, Any]:
    """Take an import back: ``{"import_id", "state", "undone", "kept", "rows"}``, of which ``rows`` stay and why.

    NotFound, Conflict.
    """
    done = undo.undo(assembly, import_id, on_progress=_named(on_progress, "undoing"))
    with assembly.database.read() as session:
        rows = [asdict(row) for row in undo.kept_rows(session, import_id, limit=done.rows)]
    return {
        "import_id": import_id,
        "state": done.state,
        "undone": done.undone,
        "kept": len(rows),
        "rows": rows,
    }


def _checked(
    assembly: Assembly, import_id: int, rejects_path: Path | None, on_progress: OnProgress | None
) -> dict[str, Any]:
    first = preview.check(assembly, import_id, on_progress=_named(on_progress, "checking"))
    with assembly.database.read() as session:
        done = engine.status(session, import_id)
        errors = preview.errors_by_kind(session, import_id)
    write_rejects(assembly, import_id, rejects_path)
    t = table(ImportRow)
    with assembly.database.write() as session:
        session.execute(delete(t).where(t.c.import_id == import_id, t.c.state == "staged"))
    shown = [{"line": e.line, "state": e.state, "name": e.title, "changes": list(e.changes)} for e in first]
    return {**done.counts(), "first": shown, "errors": errors}


def write_rejects(assembly: Assembly, import_id: int, path: Path | None) -> None:
    """Write the refused rows to a file, where one is wanted and there are any."""
    if path is None:
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(reject_lines(assembly, import_id))


def _named(on_progress: OnProgress | None, stage: str) -> staging.Progress | None:
    if on_progress is None:
        return None
    return lambda done, whole: on_progress(stage, done, whole)
