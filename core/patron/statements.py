"""Counts the statements that a thread sends to a database: pages have a fixed number, and tests hold them to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

_local = threading.local()
_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SET ", "SAVEPOINT", "RELEASE")


@dataclass
class StatementCount:
    """``total`` statements so far, with their texts in ``texts``; transaction bookkeeping is left out."""

    total: int = 0
    texts: list[str] = field(default_factory=list)


@contextmanager
def statement_count() -> Iterator[StatementCount]:
    """Count what this thread sends while the block runs."""
    count = StatementCount()
    before = getattr(_local, "count", None)
    _local.count = count
    try:
        yield count
    finally:
        _local.count = before


@event.listens_for(Engine, "before_cursor_execute")
def _note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    count: StatementCount | None = getattr(_local, "count", None)
    if count is not None and not statement[:10].upper().startswith(_BOOKKEEPING):
        count.total += 1
        count.texts.append(statement)
