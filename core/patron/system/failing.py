"""What is connected to another system and failed last: mailboxes, telephone systems."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from patron.context import Context
from patron.records import table


def failed_last(ctx: Context, model: type[SQLModel]) -> Any:
    """The name and last error of one that is in use and has not succeeded since it failed; None where all is well."""
    t = table(model)
    failing = t.c.last_error_at.is_not(None) & (
        t.c.last_success_at.is_(None) | (t.c.last_success_at < t.c.last_error_at)
    )
    in_use = (t.c.active.is_(True), t.c.trashed_at.is_(None))
    return ctx.session.execute(select(t.c.name, t.c.last_error).where(*in_use, failing).limit(1)).first()
