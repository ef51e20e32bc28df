"""The number that tells every process that the live state has changed."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import Session

from patron.records import table
from patron.system.models import Generation


def bump_generation(session: Session) -> None:
    """Roles, settings, fields or enabled modules have changed: a process that lags reloads before it answers."""
    t = table(Generation)
    session.execute(update(t).values(number=t.c.number + 1))
