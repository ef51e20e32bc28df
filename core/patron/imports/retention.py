"""What an import keeps, and for how long: the values of its rows and its file go, its counts and outcomes stay.

Which line made which record stays too, so that the same file again still makes nothing twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, func, select, update

from patron.assembly import Assembly
from patron.context import Context
from patron.files.services import store_of
from patron.records import table, utc_now
from patron.system.models import File, Import, ImportChange, ImportRow

DAYS = 30
FORGOTTEN = "forgotten_at"  # in the import's mapping
BATCH = 2000  # rows to a transaction: others write in between
_AT_WORK = ("staging", "applying", "undoing")
_ENDED = ("applied", "checked", "cancelled", "undone", "part undone")


def kept_days(assembly: Assembly) -> int:
    """For how many days after its end an import keeps what was read."""
    return max(1, int(assembly.setting("core", "import_days")))


def forget_imports(assembly: Assembly) -> None:
    """Throw away what imports read, of all that ended, or were left lying, longer ago than the setting says."""
    t = table(Import)
    before = utc_now() - timedelta(days=kept_days(assembly))
    over = func.coalesce(t.c.finished_at, t.c.created_at) <= before
    with assembly.database.read() as session:
        statement = select(t.c.id, t.c.mapping).where(over, t.c.state.not_in(_AT_WORK)).order_by(t.c.id)
        rows = session.execute(statement).all()
    for row in rows:
        if FORGOTTEN not in row.mapping and _closed(assembly, row.id):
            _forget(assembly, row.id)


def _closed(assembly: Assembly, import_id: int) -> bool:
    """End an import that was left lying, so that nobody goes on with it meanwhile; False where somebody just has."""
    t = table(Import)
    ended = case((t.c.state.in_(_ENDED), t.c.state), else_="cancelled")
    idle = update(t).where(t.c.id == import_id, t.c.state.not_in(_AT_WORK)).values(state=ended)
    with assembly.database.write() as session:
        return session.execute(idle.returning(t.c.id)).first() is not None


def _forget(assembly: Assembly, import_id: int) -> None:
    last: int | None = 0
    while last is not None:
        with assembly.database.write() as session:
            last = _blank(session, import_id, last)
    t = table(Import)
    with assembly.database.write() as session:
        row = session.execute(select(t.c.mapping, t.c.file_sha256).where(t.c.id == import_id)).one()
        # Samples of the columns stand in the mapping's guesses.
        mapping = {"columns": row.mapping.get("columns"), FORGOTTEN: utc_now().isoformat()}
        session.execute(update(t).where(t.c.id == import_id).values(mapping=mapping))
        _discard_file(Context(session, assembly), row.file_sha256)


def _blank(session: Any, import_id: int, after: int) -> int | None:
    """Blank the next rows. Returns where to go on, None at the end."""
    t = table(ImportRow)
    chosen = select(t.c.id).where(t.c.import_id == import_id, t.c.id > after).order_by(t.c.id).limit(BATCH)
    ids = list(session.execute(chosen).scalars())
    if not ids:
        return None
    session.execute(
        update(t).where(t.c.import_id == import_id, t.c.id.between(ids[0], ids[-1])).values(raw=[], values={})
    )
    kept = table(ImportChange)
    session.execute(delete(kept).where(kept.c.import_id == import_id, kept.c.row_id.between(0, ids[-1])))
    return int(ids[-1])


def _discard_file(ctx: Context, sha256: str) -> None:
    """The upload's bytes, unless another import that is not forgotten yet, or any file of ours, is the same."""
    t, f = table(Import), table(File)
    others = ctx.session.execute(select(t.c.mapping).where(t.c.file_sha256 == sha256)).scalars()
    needed = any(FORGOTTEN not in mapping for mapping in others)
    if (
        sha256
        and not needed
        and ctx.session.execute(select(f.c.id).where(f.c.sha256 == sha256)).first() is None
    ):
        store_of(ctx).path(sha256).unlink(missing_ok=True)
