"""The tables of service: queues, tickets and surveys. What is said about a ticket lies in the core's threads."""

from __future__ import annotations

from datetime import datetime

from patron import Column, Record, Row, SortKey, instant, reference, table_args
from sqlalchemy import CheckConstraint, Index


class Queue(Record, table=True):
    """Where tickets wait for a team, and how soon the first answer is due."""

    __tablename__ = "service_queue"
    __table_args__ = table_args(Index("ix_service_queue_name_key", "name_key", "id"))
    name: str = Column(nullable=False, unique=True)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    address: str = Column(default="", nullable=False)  # mail to this mailbox comes here
    calendar: str = Column(default="", nullable=False)  # name of a working calendar; empty: the first
    first_response_minutes: int = Column(default=240, nullable=False)  # of working time, at normal priority
    team_id: int | None = reference("core_team", nullable=True)


class Ticket(Record, table=True):
    """One matter that someone wants settled, with one thread.

    ``customer_id`` is whom it is settled for, ``contact_id`` the person who asks; both stay empty while the sender is
    unknown, and ``requester_*`` say what is known. The clock's calendar and minutes are those at the start.
    """

    __tablename__ = "service_ticket"
    __table_args__ = table_args(
        Index("ix_service_ticket_opened", "opened_at", "id"),
        Index("ix_service_ticket_updated", "updated_at", "id"),
        Index("ix_service_ticket_due", "first_response_due_at", "id"),
        Index("ix_service_ticket_status", "status", "opened_at", "id"),
        Index("ix_service_ticket_owner", "owner_id", "status", "id"),
        Index("ix_service_ticket_team", "team_id", "opened_at", "id"),
        Index("ix_service_ticket_customer", "customer_id", "status", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    subject: str = Column(nullable=False)
    description: str = Column(default="", nullable=False)
    customer_id: int | None = reference("core_customer", nullable=True, index=False)
    contact_id: int | None = reference("core_customer", nullable=True)
    requester_email: str = Column(default="", nullable=False)
    requester_name: str = Column(default="", nullable=False)
    status: str = Column(default="new", nullable=False)  # new | open | pending | solved | closed
    priority: str = Column(default="normal", nullable=False)  # low | normal | high | urgent
    channel: str = Column(default="phone", nullable=False)  # how it came: email | web | phone | …
    queue_id: int | None = reference("service_queue", nullable=True)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)
    assigned_because: str = Column(default="", nullable=False)
    thread_id: int = reference("core_thread", unique=True, index=False)
    brand_id: int | None = reference("core_brand", nullable=True, index=False)
    opened_at: datetime = instant()
    clock_calendar: str = Column(default="", nullable=False)
    clock_minutes: int = Column(default=0, nullable=False)
    first_response_due_at: datetime = instant()
    first_responded_at: datetime | None = instant(nullable=True)
    solved_at: datetime | None = instant(nullable=True)


class Survey(Record, table=True):
    """How satisfied someone was with a solved ticket: asked once, answered once, to be changed for a while.

    Only a hash of the link's secret is kept. Owner and team are the ticket's when it was asked.
    """

    __tablename__ = "service_survey"
    __table_args__ = table_args(
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        Index("ix_service_survey_asked", "asked_at", "id"),
        Index("ix_service_survey_answered", "answered_at", "id"),
        Index("ix_service_survey_customer", "customer_id", "answered_at"),
    )
    title: str = Column(nullable=False)
    ticket_id: int = reference("service_ticket", unique=True, index=False)
    customer_id: int | None = reference("core_customer", nullable=True, index=False)
    contact_id: int | None = reference("core_customer", nullable=True)
    email: str = Column(default="", nullable=False)
    secret_hash: str = Column(nullable=False, unique=True)
    asked_at: datetime = instant()
    score: int | None = Column(default=None)  # 1 (not at all) to 5 (very)
    comment: str = Column(default="", nullable=False)
    answered_at: datetime | None = instant(nullable=True)
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class CustomerService(Row, table=True):
    """What is known of a customer's tickets, and how satisfied they last were."""

    __tablename__ = "service_customer"
    __table_args__ = table_args(
        Index("ix_service_customer_open", "open_tickets", "customer_id"),
        Index("ix_service_customer_last", "last_ticket_at", "customer_id"),
        Index("ix_service_customer_satisfaction", "last_satisfaction", "customer_id"),
    )
    customer_id: int = reference("core_customer", unique=True)
    open_tickets: int = Column(default=0, nullable=False)
    last_ticket_at: datetime | None = instant(nullable=True)
    last_satisfaction: int | None = Column(default=None)
    as_of: datetime = instant(now=True)
