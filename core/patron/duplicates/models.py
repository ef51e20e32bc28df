"""Pairs that are probably one customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from patron.db import BigInt, Json
from patron.records import Row, instant, table_args


class Duplicate(Row, table=True):
    """Two customers, ``first_id`` below ``second_id``, with what spoke for their being one when they were compared.

    The ids are no references: a merge moves references, and what was said of two records must stay said of these two,
    also after a split. ``score`` is per mille. ``reasons`` holds pairs of field and level, the weightiest first.
    """

    __tablename__ = "core_duplicate"
    __table_args__ = table_args(
        UniqueConstraint("first_id", "second_id", name="uq_core_duplicate"),
        Index("ix_core_duplicate_queue", "state", "score", "id"),
        Index("ix_core_duplicate_second", "second_id"),
    )
    first_id: int = Field(sa_type=BigInt, nullable=False)
    second_id: int = Field(sa_type=BigInt, nullable=False)
    score: int = Field(nullable=False)
    reasons: list[Any] = Field(default_factory=list, sa_type=Json, nullable=False)
    state: str = Field(default="open", nullable=False)  # open | dismissed
    found_at: datetime = instant(now=True)
    decided_at: datetime | None = instant(nullable=True)
    decided_by: str = Field(default="", nullable=False)
