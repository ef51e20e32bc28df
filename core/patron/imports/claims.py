"""One process at a time works on an import: it claims it, gives signs of life, and another one follows when it ends."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import or_, select, update
from sqlmodel import Session

from patron.errors import Conflict, NotFound
from patron.records import table, utc_now
from patron.system.models import Import

STALE = timedelta(seconds=30)


def new_claim() -> str:
    """A name for this piece of work: machine, process and a number of its own."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"


def is_dead(claim: str, heartbeat: datetime | None, now: datetime) -> bool:
    """Whether whoever claimed an import works no longer: its process has ended, or it has been silent for long."""
    host, _, rest = claim.partition(":")
    pid = rest.partition(":")[0]
    if not claim or (host == socket.gethostname() and pid.isdigit() and not _runs(int(pid))):
        return True
    return heartbeat is None or heartbeat < now - STALE


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def claim(session: Session, import_id: int, working: str, ready: tuple[str, ...]) -> str:
    """Take an import in one of the states ``ready``, or left behind in ``working``. NotFound, Conflict."""
    t = table(Import)
    row = session.execute(
        select(t.c.state, t.c.claimed_by, t.c.heartbeat_at).where(t.c.id == import_id)
    ).first()
    if row is None:
        raise NotFound("There is no such import.")
    now = utc_now()
    free = row.state in ready or (row.state == working and is_dead(row.claimed_by, row.heartbeat_at, now))
    mine = new_claim()
    taken = (
        free
        and session.execute(
            update(t)
            .where(t.c.id == import_id, t.c.state == row.state, t.c.claimed_by == row.claimed_by)
            .values(state=working, claimed_by=mine, heartbeat_at=now, error="")
            .returning(t.c.id)
        ).first()
    )
    if not taken:
        doing = "is being worked on" if row.state == working else f"is {row.state}"
        raise Conflict(f"Import {import_id} {doing}.")
    return mine


def waiting(session: Session, states: tuple[str, ...]) -> list[int]:
    """Imports in these states that nobody alive works on, the oldest first."""
    t = table(Import)
    old = or_(t.c.heartbeat_at.is_(None), t.c.heartbeat_at < utc_now() - timedelta(seconds=1))
    rows = session.execute(
        select(t.c.id, t.c.claimed_by, t.c.heartbeat_at).where(t.c.state.in_(states), old).order_by(t.c.id)
    )
    return [row.id for row in rows if is_dead(row.claimed_by, row.heartbeat_at, utc_now())]
