"""The line on the timeline that an import writes for the notes of a row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

KIND, TITLE = "core.note", "Note from an import"


def is_import_note(entry: Any) -> ColumnElement[bool]:
    """Which entries of the timeline imports wrote."""
    return and_(entry.c.kind == KIND, entry.c.title == TITLE)
