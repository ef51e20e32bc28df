"""The tables of workflow: calendars, assignment rules and their turns; automation rules and their runs; tasks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from patron import BigInt, Column, JsonColumn, Record, Row, SortKey, instant, reference, table_args
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
    kind: str = Column(default="enquiry", nullable=False)  # enquiry | ticket | lead offer
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


class Automation(Record, table=True):
    """A rule: when something happens, if conditions hold, then actions follow in order, with the rights of its author.

    ``conditions`` are ``{"field": "record.priority", "operator": "eq", "value": …}``: all must hold, but for those with
    ``"or": true``, of which one is enough together with the one above. An amount is ``{"minor", "currency"}``.
    ``actions`` are ``{"action": "workflow.task", "values": {…}}``. ``sentence`` says it all, with the names of the day
    it was saved.
    """

    __tablename__ = "workflow_automation"
    __table_args__ = table_args(
        Index("ix_workflow_automation_name_key", "name_key", "id"),
        Index("ix_workflow_automation_trigger", "trigger_key", "enabled"),
    )
    name: str = Column(nullable=False)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    trigger_key: str = Column(nullable=False)
    conditions: list[dict[str, Any]] = Column(default_factory=list, sa_type=JsonColumn, nullable=False)
    actions: list[dict[str, Any]] = Column(default_factory=list, sa_type=JsonColumn, nullable=False)
    sentence: str = Column(default="", nullable=False)
    enabled: bool = Column(default=False, nullable=False)
    broken_because: str = Column(default="", nullable=False)
    author_id: int | None = reference("core_user", nullable=True)


class AutomationVersion(Row, table=True):
    """What a rule said in each of its versions, and who wrote it."""

    __tablename__ = "workflow_automation_version"
    __table_args__ = table_args(
        UniqueConstraint("automation_id", "number", name="uq_workflow_automation_version")
    )
    automation_id: int = reference("workflow_automation", index=False)
    number: int = Column(nullable=False)
    sentence: str = Column(default="", nullable=False)
    by: str = Column(default="", nullable=False)
    at: datetime = instant(now=True)


class Run(Record, table=True):
    """What a rule did after one event, or why it did nothing. One row per rule and event: a second run finds it."""

    __tablename__ = "workflow_run"
    __table_args__ = table_args(
        UniqueConstraint("automation_id", "event_id", name="uq_workflow_run"),
        Index("ix_workflow_run_record", "resource", "record_id", "id"),
        Index("ix_workflow_run_created_at", "created_at", "id"),
    )
    automation_id: int = reference("workflow_automation")
    rule_version: int = Column(default=1, nullable=False)
    event_id: int = Column(sa_type=BigInt, nullable=False)
    resource: str = Column(default="", nullable=False)
    record_id: int = Column(sa_type=BigInt, nullable=False)
    outcome: str = Column(default="done", nullable=False)
    text: str = Column(default="", nullable=False)
    depth: int = Column(default=0, nullable=False)


class Task(Record, table=True):
    """Something that a person has to do by a day."""

    __tablename__ = "workflow_task"
    __table_args__ = table_args(
        Index("ix_workflow_task_due", "due", "id"),
        Index("ix_workflow_task_owner", "owner_id", "done", "due"),
        Index("ix_workflow_task_board", "done", "updated_at", "id"),
    )
    title: str = Column(nullable=False)
    note: str = Column(default="", nullable=False)
    due: date = Column(nullable=False)
    done: bool = Column(default=False, nullable=False)
    done_at: datetime | None = instant(nullable=True)
    customer_id: int | None = reference("core_customer", nullable=True)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True)
    about_resource: str = Column(default="", nullable=False)
    about_id: int | None = Column(default=None, sa_type=BigInt, nullable=True)


class Notice(Row, table=True):
    """A line for one user, on the home page until it was seen."""

    __tablename__ = "workflow_notice"
    __table_args__ = table_args(Index("ix_workflow_notice_user", "user_id", "seen_at", "id"))
    user_id: int = reference("core_user", index=False)
    text: str = Column(nullable=False)
    by: str = Column(default="", nullable=False)
    resource: str = Column(default="", nullable=False)
    record_id: int | None = Column(default=None, sa_type=BigInt, nullable=True)
    at: datetime = instant(now=True)
    seen_at: datetime | None = instant(nullable=True)
