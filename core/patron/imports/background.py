"""Imports in the background: the worker stages and applies what was asked for, or left behind by a dead process."""

from __future__ import annotations

import logging

from sqlalchemy import select, update

from patron.assembly import Assembly
from patron.context import Context
from patron.errors import Conflict, PatronError
from patron.files.services import store_of
from patron.imports import claims, engine, staging, undo
from patron.records import table, utc_now
from patron.system.models import Import

log = logging.getLogger("patron.imports")


def continue_imports(assembly: Assembly) -> None:
    """Take each import that waits as far as it goes; one that cannot go on says why and lets the others pass."""
    for state, work in (("staging", _stage), ("applying", _apply), ("undoing", undo.undo)):
        with assembly.database.read() as session:
            waiting = claims.waiting(session, (state,))
        for import_id in waiting:
            try:
                work(assembly, import_id)
            except Conflict:
                continue
            except Exception:
                log.exception("import %s could not go on", import_id)


def _stage(assembly: Assembly, import_id: int) -> None:
    t = table(Import)
    with assembly.database.read() as session:
        row = session.execute(select(t.c.file_sha256, t.c.mapping).where(t.c.id == import_id)).one()
        path = store_of(Context(session, assembly)).path(row.file_sha256)
    if not path.exists():
        _give_up(assembly, import_id, "The file is no longer there: import it again.")
        return
    try:
        staging.stage(assembly, import_id, path, mapping=row.mapping.get("columns"))
    except Conflict:
        raise
    except PatronError as error:
        _give_up(assembly, import_id, error.detail)


def _apply(assembly: Assembly, import_id: int) -> None:
    try:
        engine.apply(assembly, import_id)
    except Conflict:
        raise
    except PatronError as error:
        # What stops it before its first batch (a right that was taken away) would stop it again at once.
        t = table(Import)
        with assembly.database.write() as session:
            held = update(t).where(t.c.id == import_id, t.c.state == "applying")
            session.execute(held.values(state="part applied", claimed_by="", error=error.detail[:1000]))


def _give_up(assembly: Assembly, import_id: int, reason: str) -> None:
    t = table(Import)
    with assembly.database.write() as session:
        stopped = update(t).where(t.c.id == import_id, t.c.state == "staging")
        session.execute(
            stopped.values(state="cancelled", claimed_by="", error=reason[:1000], finished_at=utc_now())
        )
