"""The tables of the customer: one row for life, and what stands beside it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from patron.db import BigInt, Json, SortKey
from patron.records import Record, Row, instant, reference, table_args

LONGEST_NAME = 300


class Customer(Record, table=True):
    """A person, organisation or household the firm deals with. Roles, names and contact points stand beside it.

    ``primary_email``, ``primary_phone``, ``city`` and ``country`` repeat the primary contact points, so that lists
    read one table; ``customers.contacts`` keeps them. ``name_key`` orders, ``match_key`` compares (see ``normalise``).
    """

    __tablename__ = "core_customer"
    __table_args__ = table_args(
        Index("ix_core_customer_name_key", "name_key", "id"),
        Index("ix_core_customer_created", "created_at", "id"),
        Index("ix_core_customer_updated", "updated_at", "id"),
        Index("ix_core_customer_city", "city_key", "name_key", "id"),
        Index("ix_core_customer_owner", "owner_id", "name_key", "id"),
        Index("ix_core_customer_team", "team_id", "name_key", "id"),
        Index("ix_core_customer_email", "primary_email"),
    )

    kind: str = Field(default="person", nullable=False)  # person | organisation | household
    standing: str = Field(default="known", nullable=False)  # unverified | known
    name: str = Field(nullable=False)
    name_key: str = Field(sa_type=SortKey, nullable=False)
    match_key: str = Field(default="", sa_type=SortKey, nullable=False, index=True)
    given_name: str = Field(default="", nullable=False)
    family_name: str = Field(default="", nullable=False)
    prefix: str = Field(default="", nullable=False)
    suffix: str = Field(default="", nullable=False)
    birth_date: date | None = None
    language: str = Field(default="", nullable=False)
    website: str = Field(default="", nullable=False)
    note: str = Field(default="", nullable=False)
    source: str = Field(default="", nullable=False)
    primary_email: str = Field(default="", nullable=False)
    primary_phone: str = Field(default="", nullable=False)
    city: str = Field(default="", nullable=False)
    city_key: str = Field(default="", sa_type=SortKey, nullable=False)
    country: str = Field(default="", nullable=False)
    life_state: str = Field(default="active", nullable=False)  # active | deceased | dissolved | insolvent
    life_state_since: date | None = None
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)
    merged_into_id: int | None = reference("core_customer", nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    last_contact_at: datetime | None = instant(nullable=True)


class CustomerName(Row, table=True):
    """A dated name by kind: legal, trading, birth, former, nick. A hidden one is matched, never shown."""

    __tablename__ = "core_customer_name"
    customer_id: int = reference("core_customer")
    kind: str = Field(default="legal", nullable=False)
    name: str = Field(nullable=False)
    match_key: str = Field(sa_type=SortKey, nullable=False, index=True)
    since: date | None = None
    until: date | None = None
    hidden: bool = Field(default=False, nullable=False)


class CustomerRole(Row, table=True):
    """What the customer is to the firm (prospect, buyer, contact, partner, supplier, …), from when, by which module."""

    __tablename__ = "core_customer_role"
    __table_args__ = table_args(Index("ix_core_customer_role_role", "role", "customer_id"))
    customer_id: int = reference("core_customer")
    role: str = Field(nullable=False)
    module: str = Field(default="core", nullable=False)
    since: datetime = instant(now=True)
    until: datetime | None = instant(nullable=True)


class ExternalId(Row, table=True):
    """The name another system gives this customer. One per source and value."""

    __tablename__ = "core_external_id"
    __table_args__ = table_args(UniqueConstraint("source", "value", name="uq_core_external_id"))
    customer_id: int = reference("core_customer")
    source: str = Field(nullable=False)
    value: str = Field(nullable=False)


class ContactPoint(Row, table=True):
    """One address of one kind, once in the database. Deliverability belongs to the address, not to who holds it."""

    __tablename__ = "core_contact_point"
    __table_args__ = table_args(UniqueConstraint("kind", "value", name="uq_core_contact_point"))
    kind: str = Field(nullable=False)  # email | phone | postal | web | handle
    value: str = Field(nullable=False)  # normalised: what is matched
    display: str = Field(default="", nullable=False)  # as written
    parts: dict[str, Any] = Field(
        default_factory=dict, sa_type=Json, nullable=False
    )  # postal: line1, city, …
    deliverability: str = Field(default="unknown", nullable=False)  # unknown | good | full | blocked | dead
    deliverability_reason: str = Field(default="", nullable=False)
    checked_at: datetime | None = instant(nullable=True)


class ContactHolder(Row, table=True):
    """Who is reached at a contact point, and how: a role address never stands for one person.

    One with an ``until`` is history: it names a day that has come, and nobody is reached there any more.
    """

    __tablename__ = "core_contact_holder"
    __table_args__ = table_args(
        UniqueConstraint("contact_point_id", "customer_id", name="uq_core_contact_holder")
    )
    contact_point_id: int = reference("core_contact_point", index=False)
    customer_id: int = reference("core_customer")
    use: str = Field(default="personal", nullable=False)  # personal | shared | role | switchboard
    label: str = Field(default="", nullable=False)  # work, home, mobile, fax, billing, …
    is_primary: bool = Field(default=False, nullable=False)
    since: date | None = None
    until: date | None = None
    verified_at: datetime | None = instant(nullable=True)


class Relationship(Row, table=True):
    """From one customer to another: works at, member of, subsidiary of, site of, partner for, succeeded by, …"""

    __tablename__ = "core_relationship"
    __table_args__ = table_args(Index("ix_core_relationship_to", "to_id", "kind", "from_id"))
    from_id: int = reference("core_customer")
    to_id: int = reference("core_customer", index=False)
    kind: str = Field(nullable=False)
    role: str = Field(default="", nullable=False)  # job title, or part played
    since: date | None = None
    until: date | None = None
    is_primary: bool = Field(default=False, nullable=False)


class Assignment(Row, table=True):
    """A member of the account team: a user or a team, in a role, from and until a day."""

    __tablename__ = "core_assignment"
    __table_args__ = table_args(Index("ix_core_assignment_user", "user_id", "customer_id"))
    customer_id: int = reference("core_customer")
    user_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True)
    role: str = Field(default="account manager", nullable=False)
    since: date | None = None
    until: date | None = None


class Consent(Row, table=True):
    """One act of granting or withdrawing a purpose. The ledger only grows; the newest act counts."""

    __tablename__ = "core_consent"
    __table_args__ = table_args(Index("ix_core_consent_customer", "customer_id", "purpose", "channel", "at"))
    customer_id: int = reference("core_customer", index=False)
    brand_id: int | None = reference("core_brand", nullable=True, index=False)
    purpose: str = Field(nullable=False)
    channel: str = Field(default="email", nullable=False)
    granted: bool = Field(nullable=False)
    wording: str = Field(default="", nullable=False)
    source: str = Field(default="", nullable=False)
    proof: str = Field(default="", nullable=False)
    at: datetime = instant(now=True)
    by: str = Field(default="", nullable=False)


class Preference(Row, table=True):
    """What the customer prefers, beside what is allowed: channel, hours, language, salutation. One row each."""

    __tablename__ = "core_preference"
    customer_id: int = reference("core_customer", unique=True)
    channel: str = Field(default="", nullable=False)
    language: str = Field(default="", nullable=False)
    hours: str = Field(default="", nullable=False)  # "09:00-17:00" in time_zone
    time_zone: str = Field(default="", nullable=False)
    salutation: str = Field(default="", nullable=False)


class Origin(Row, table=True):
    """How a customer first came to the firm. Written once: what came first counts."""

    __tablename__ = "core_origin"
    __table_args__ = table_args(Index("ix_core_origin_campaign", "campaign", "customer_id"))
    customer_id: int = reference("core_customer", unique=True)
    source: str = Field(default="", nullable=False)  # what brought them: a form, a fair, a recommendation
    medium: str = Field(default="", nullable=False)  # web, email, phone, …
    campaign: str = Field(default="", nullable=False)
    at: datetime = instant(now=True)


class MergeJournal(Row, table=True):
    """What a merge moved, row by row, so that it can be split again and replayed by a module that was away."""

    __tablename__ = "core_merge_journal"
    survivor_id: int = reference("core_customer")
    merged_id: int = reference("core_customer")
    at: datetime = instant(now=True)
    by: str = Field(default="", nullable=False)
    moved: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json, nullable=False)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    split_at: datetime | None = instant(nullable=True)


class ErasureJournal(Row, table=True):
    """An erasure, and each module's answer: erased, anonymised, or retained until a day for a reason."""

    __tablename__ = "core_erasure_journal"
    customer_id: int = reference("core_customer")
    at: datetime = instant(now=True)
    by: str = Field(default="", nullable=False)
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    finished_at: datetime | None = instant(nullable=True)


class Replay(Row, table=True):
    """How far a module has followed the journals of merges and erasures, and the splits that it has yet to follow.

    ``splits`` holds, in order, the merge that was split and the newest merge there was by then.
    """

    __tablename__ = "core_replay"
    module: str = Field(nullable=False, unique=True)
    merge_id: int = Field(default=0, sa_type=BigInt, nullable=False)
    erasure_id: int = Field(default=0, sa_type=BigInt, nullable=False)
    splits: list[list[int]] = Field(default_factory=list, sa_type=Json, nullable=False)
