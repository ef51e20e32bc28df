"""The tables of what is reckoned: definitions of stages by version, each customer's stage, and data quality."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from patron.db import BigInt, Json
from patron.records import Row, instant, reference, table_args


class StageDefinition(Row, table=True):
    """One version of what the firm calls active, lapsed, lost and prospect; the newest is in force, all are kept."""

    __tablename__ = "core_stage_definition"
    rules: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)  # stage: filter
    note: str = Field(default="", nullable=False)
    at: datetime = instant(now=True)
    by: str = Field(default="", nullable=False)


class CustomerStage(Row, table=True):
    """A customer's stage, since when, and by which version of the definition it was reckoned last."""

    __tablename__ = "core_customer_stage"
    __table_args__ = table_args(Index("ix_core_customer_stage_stage", "stage", "customer_id"))
    customer_id: int = reference("core_customer", unique=True)
    stage: str = Field(default="", nullable=False)
    since: datetime = instant(now=True)
    definition: int = Field(default=0, sa_type=BigInt, nullable=False)  # 0: the one that comes with Patron


class CustomerQuality(Row, table=True):
    """How good the data of a customer is, per cent, and what to do about it, the most useful first."""

    __tablename__ = "core_customer_quality"
    __table_args__ = table_args(
        Index("ix_core_customer_quality_score", "score", "customer_id"),
        Index("ix_core_customer_quality_fix", "first_fix", "customer_id"),
    )
    customer_id: int = reference("core_customer", unique=True)
    score: int = Field(nullable=False)
    completeness: int = Field(nullable=False)
    validity: int = Field(nullable=False)
    freshness: int = Field(nullable=False)
    uniqueness: int = Field(nullable=False)
    first_fix: str = Field(default="", nullable=False)
    fixes: str = Field(default="", nullable=False)  # words with commas between
    as_of: datetime = instant(now=True)


class BaseQuality(Row, table=True):
    """How good the whole base was on a day, and the part of it that came by one source (``*``: all of it)."""

    __tablename__ = "core_base_quality"
    __table_args__ = table_args(UniqueConstraint("day", "source", name="uq_core_base_quality"))
    day: date = Field(nullable=False)
    source: str = Field(nullable=False)
    customers: int = Field(sa_type=BigInt, nullable=False)
    score: int = Field(nullable=False)
    completeness: int = Field(nullable=False)
    validity: int = Field(nullable=False)
    freshness: int = Field(nullable=False)
    uniqueness: int = Field(nullable=False)
    fixes: dict[str, Any] = Field(
        default_factory=dict, sa_type=Json, nullable=False
    )  # what to do first: customers
