"""Settings kept in the database: read and written by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session

from patron.records import table
from patron.system.models import Setting


def stored_setting(session: Session, name: str, default: Any = None) -> Any:
    """What is stored under the name, else the default."""
    t = table(Setting)
    row = session.execute(select(t.c.value).where(t.c.name == name)).first()
    return default if row is None else row.value


def store_setting(session: Session, name: str, value: Any) -> None:
    """Store a JSON value under the name."""
    t = table(Setting)
    if (
        session.execute(update(t).where(t.c.name == name).values(value=value).returning(t.c.id)).first()
        is None
    ):
        session.execute(insert(t).values(name=name, value=value))
