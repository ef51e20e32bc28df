"""The tables of telephony: systems that tell of calls, and the calls that they told of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from patron.db import BigInt
from patron.records import Record, Row, instant, reference, table_args


class PhoneLine(Record, table=True):
    """A telephone system that tells of its calls. Its signing secret is sealed and shown once, when it is made."""

    __tablename__ = "core_phone_line"
    name: str = Field(nullable=False, unique=True)
    country: str = Field(default="", nullable=False)  # whose dialling rules a number without + follows
    secret: str = Field(default="", nullable=False)
    active: bool = Field(default=True, nullable=False)
    last_success_at: datetime | None = instant(nullable=True)
    last_error: str = Field(default="", nullable=False)
    last_error_at: datetime | None = instant(nullable=True)
    calls: int = Field(default=0, sa_type=BigInt, nullable=False)


class Call(Row, table=True):
    """One call as its system names it: how far it came, and the touch that it is. The number stands with the touch."""

    __tablename__ = "core_call"
    __table_args__ = table_args(
        UniqueConstraint("line_id", "external_id", name="uq_core_call"),
        Index("ix_core_call_state", "state", "at", "id"),
    )
    line_id: int = reference("core_phone_line", index=False)
    external_id: str = Field(nullable=False)
    state: str = Field(default="ringing", nullable=False)  # ringing | answered | ended | missed
    at: datetime = instant(now=True)
    answered_at: datetime | None = instant(nullable=True)
    user_id: int | None = reference("core_user", nullable=True, index=False)
    interaction_id: int | None = reference("core_interaction", nullable=True)
