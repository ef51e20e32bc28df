"""Storing and reading files."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from patron.assembly import Assembly
from patron.bulk import among
from patron.context import Context
from patron.db import after_commit, savepoint
from patron.errors import NotFound, TooLarge
from patron.files.sniffing import sniff
from patron.records import table
from patron.system.models import File, FileLink, Import

LARGEST = 50_000_000  # bytes
_UNCLAIMED = 86_400.0  # seconds that bytes without a row may lie: their row may be about to commit


@dataclass(frozen=True)
class FileStore:
    """Bytes by their SHA-256 below a folder. A file is synced before its row can commit, and written once."""

    folder: Path

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their hash. The same bytes are kept once."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        with suppress(FileNotFoundError):
            os.utime(path)  # what is claimed anew is young again: whoever is about to remove it sees that
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes; NotFound when they are gone."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("The file is no longer there.") from error


def store_of(ctx: Context) -> FileStore:
    """The installation's store."""
    settings = ctx.assembly.settings
    return FileStore(settings.path(settings.files_dir))


def keep(ctx: Context, content: bytes) -> str:
    """Keep bytes that a row of this transaction will name; returns their hash.

    Once the row is there they are put again: somebody who did not see it yet may have removed them meanwhile.
    """
    put = partial(store_of(ctx).put, content)
    after_commit(ctx.session, put)
    return put()


def store(ctx: Context, name: str, content: bytes) -> int:
    """Keep a file; its type is sniffed, its name only ever shown. Returns the file's id. TooLarge."""
    if len(content) > LARGEST:
        raise TooLarge(f"A file has at most {LARGEST // 1_000_000} MB.")
    sha256 = keep(ctx, content)
    shown = "".join(char for char in Path(name.replace("\\", "/")).name if char.isprintable())[:200] or "file"
    values = {
        "sha256": sha256,
        "size": len(content),
        "content_type": sniff(content),
        "name": shown,
        "created_at": ctx.now,
    }
    return int(
        ctx.session.execute(insert(table(File)).values(values).returning(table(File).c.id)).scalar_one()
    )


def attach(ctx: Context, file_id: int, resource: str, record_id: int) -> None:
    """Make a file an attachment of a record: who may read the record may then read the file."""
    ctx.session.execute(
        insert(table(FileLink)).values(file_id=file_id, resource=resource, record_id=record_id)
    )


def attachments(ctx: Context, resource: str, record_id: int) -> list[dict[str, Any]]:
    """The attachments of a record: id, name, content_type, size."""
    f, link = table(File), table(FileLink)
    statement = (
        select(f.c.id, f.c.name, f.c.content_type, f.c.size)
        .select_from(link.join(f, f.c.id == link.c.file_id))
        .where(link.c.resource == resource, link.c.record_id == record_id)
        .order_by(f.c.id)
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def read_file(ctx: Context, file_id: int) -> tuple[str, str, bytes]:
    """Name, type and bytes. Whether the actor may read it was asked before."""
    f = table(File)
    row = ctx.session.execute(select(f.c.name, f.c.content_type, f.c.sha256).where(f.c.id == file_id)).first()
    if row is None:
        raise NotFound("There is no such file.")
    return row.name, row.content_type, store_of(ctx).get(row.sha256)


def records_with(ctx: Context, file_id: int) -> list[tuple[str, int]]:
    """The records (resource key and id) that a file is attached to; at most twenty."""
    link = table(FileLink)
    statement = select(link.c.resource, link.c.record_id).where(link.c.file_id == file_id).limit(20)
    return [(row.resource, row.record_id) for row in ctx.session.execute(statement)]


def detach(ctx: Context, resource: str, *record_ids: int) -> None:
    """Take the attachments of records from them; a file that nothing else refers to goes."""
    link = table(FileLink)
    mine = (link.c.resource == resource) & among(link.c.record_id, record_ids)
    gone = ctx.session.execute(delete(link).where(mine).returning(link.c.file_id)).scalars()
    discard(ctx, set(gone))


def discard(ctx: Context, file_ids: Collection[int]) -> None:
    """Throw away those of the files that nothing refers to: the rows now, the bytes once that is committed."""
    f = table(File)
    for file_id in file_ids:
        try:
            with savepoint(ctx.session):
                gone = ctx.session.execute(delete(f).where(f.c.id == file_id).returning(f.c.sha256)).scalars()
                hashes = list(gone)
        except IntegrityError:
            continue  # something refers to it
        for sha256 in hashes:
            after_commit(ctx.session, partial(_drop_bytes, ctx.assembly, store_of(ctx).path(sha256)))


def _drop_bytes(assembly: Assembly, path: Path) -> None:
    """Put aside first, then ask: who stores the same later finds nothing there and writes it anew (see ``keep``)."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with suppress(FileNotFoundError):
        os.replace(path, aside)
        with assembly.database.read() as session:
            needed = _needed(session, [path.name])
        if needed:
            os.replace(aside, path)
        else:
            aside.unlink(missing_ok=True)


def _needed(session: Session, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that a file, or an import's upload, still has."""
    f, i = table(File).c.sha256, table(Import).c.file_sha256
    return set(
        session.execute(select(f).where(f.in_(hashes)).union(select(i).where(i.in_(hashes)))).scalars()
    )


def sweep(assembly: Assembly) -> None:
    """The job: bytes that no row claims for a day go; a process may have died between its commit and their removal."""
    folder = assembly.settings.path(assembly.settings.files_dir)
    old = time.time() - _UNCLAIMED
    for part in sorted(folder.glob("[0-9a-f][0-9a-f]")):
        lying = {path.name.partition(".")[0]: path for path in part.iterdir() if path.stat().st_mtime < old}
        with assembly.database.read() as session:
            needed = _needed(session, lying.keys()) if lying else set()
        for sha256, path in lying.items():
            if path.name != sha256 and sha256 not in needed:
                path.unlink(missing_ok=True)
            elif sha256 not in needed:
                _drop_bytes(assembly, path)
