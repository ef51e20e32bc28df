"""The tables of workflow: working calendars, assignment rules, and whose turn it was."""

from __future__ import annotations

from datetime import datetime

from patron import Column, Record, Row, SortKey, instant, reference, table_args
from sqlalchemy import Index, UniqueConstraint


class Calendar(Record, table=True):
    """When a firm works. ``hours`` and ``holidays`` are lines as ``patron_workflow.calendars`` reads them."""

    __tablename__ = "workflow_calendar"
    __table_args__ = table_args(Index("ix_workflow_calendar_name_key", "name_key", "id"))
    name: str = Column(nullable=False, unique=True)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    time_zone: str = Column(default="", nullable=False)  # empty: the site's
    hours: str = Column(default="", nullable=False)
    holidays: str = Column(default="", nullable=False)


class Rule(Record, table=True):
    """Who gets work of a kind. Rules are tried by ``position``; the first whose conditions hold decides."""

    __tablename__ = "workflow_rule"
    __table_args__ = table_args(Index("ix_workflow_rule_position", "position", "id"))
    name: str = Column(nullable=False)
    kind: str = Column(nullable=False)  # enquiry | ticket | lead offer
    position: int = Column(default=100, nullable=False)
    conditions: str = Column(default="", nullable=False)
    owner_first: bool = Column(default=False, nullable=False)
    target_team_id: int | None = reference("core_team", nullable=True)
    people: str = Column(default="", nullable=False)  # e-mail addresses of users, one a line
    method: str = Column(default="round_robin", nullable=False)  # round_robin | least_loaded
    active: bool = Column(default=True, nullable=False)


class Turn(Row, table=True):
    """How often a rule has given a user work, and when last: what makes the turns fair."""

    __tablename__ = "workflow_turn"
    __table_args__ = table_args(UniqueConstraint("rule_id", "user_id", name="uq_workflow_turn"))
    rule_id: int = reference("workflow_rule", index=False)
    user_id: int = reference("core_user")
    served: int = Column(default=0, nullable=False)
    sequence: int = Column(default=0, nullable=False)  # rises with each assignment of the rule
    last_at: datetime = instant()
