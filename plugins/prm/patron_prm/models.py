"""The tables of partner management: partners, their registrations with evidence and protection, leads and offers."""

from __future__ import annotations

from datetime import date, datetime

from patron import BigInt, Column, Record, Row, SortKey, instant, new_registry, reference, table_args
from sqlalchemy import Index, UniqueConstraint

_REGISTRY = new_registry()


class PrmRecord(Record, registry=_REGISTRY):
    """The base of the module's records."""


class PrmRow(Row, registry=_REGISTRY):
    """The base of what stands beside them."""


class Partner(PrmRecord, table=True):
    """What the firm agreed with a customer that is its partner. ``name`` repeats the customer's, for lists."""

    __tablename__ = "prm_partner"
    __table_args__ = table_args(
        Index("ix_prm_partner_name", "name_key", "id"),
        Index("ix_prm_partner_updated", "updated_at", "id"),
        Index("ix_prm_partner_status", "status", "tier_rank", "id"),
    )
    customer_id: int = reference("core_customer", unique=True, index=False)
    name: str = Column(default="", nullable=False)
    name_key: str = Column(default="", sa_type=SortKey, nullable=False)
    tier: str = Column(default="registered", nullable=False)  # registered | silver | gold
    tier_rank: int = Column(default=1, nullable=False)
    territory: str = Column(default="", nullable=False)  # "AT, DE"; empty: everywhere
    status: str = Column(default="active", nullable=False)  # active | paused | ended
    note: str = Column(default="", nullable=False)  # what was agreed
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class Registration(PrmRecord, table=True):
    """A deal that a partner claims, with a protection once it is approved.

    ``partner_customer_id`` is the partner, ``customer_id`` the end customer once one is known. ``end_*`` is what the
    partner wrote, ``end_key`` and ``end_domain`` what of it is compared.
    """

    __tablename__ = "prm_registration"
    __table_args__ = table_args(
        UniqueConstraint("partner_customer_id", "token", name="uq_prm_registration_token"),
        Index("ix_prm_registration_number", "number_key", "id"),
        Index("ix_prm_registration_submitted", "submitted_at", "id"),
        Index("ix_prm_registration_decide", "decide_by", "id"),
        Index("ix_prm_registration_status", "status", "protected_until", "id"),
        Index("ix_prm_registration_partner", "partner_customer_id", "submitted_at", "id"),
        Index("ix_prm_registration_end", "end_key", "id"),
        Index("ix_prm_registration_domain", "end_domain"),
        Index("ix_prm_registration_customer", "customer_id", "id"),
        Index("ix_prm_registration_owner", "owner_id", "status", "id"),
        Index("ix_prm_registration_team", "team_id", "status", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    number_key: str = Column(sa_type=SortKey, nullable=False)
    partner_id: int = reference("prm_partner")
    partner_customer_id: int = reference("core_customer", index=False)
    customer_id: int | None = reference("core_customer", nullable=True, index=False)
    end_name: str = Column(nullable=False)
    end_key: str = Column(default="", sa_type=SortKey, nullable=False)
    end_country: str = Column(default="", nullable=False)
    end_city: str = Column(default="", nullable=False)
    end_domain: str = Column(default="", nullable=False)
    end_email: str = Column(default="", nullable=False)
    end_phone: str = Column(default="", nullable=False)
    interest: str = Column(default="", nullable=False)
    note: str = Column(default="", nullable=False)
    value_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    currency: str = Column(default="", nullable=False)
    expected_close: date | None = None
    status: str = Column(default="received", nullable=False)  # received|approved|rejected|withdrawn|expired
    submitted_at: datetime = instant()
    submitted_by: str = Column(default="", nullable=False)
    decide_by: date = Column(nullable=False)
    decided_at: datetime | None = instant(nullable=True)
    reason: str = Column(default="", nullable=False)  # the partner reads it
    protection: str = Column(default="", nullable=False)  # number of the protection
    protected_until: date | None = None
    opportunity_id: int | None = Column(default=None, sa_type=BigInt)
    checked_at: datetime | None = instant(nullable=True)
    conflicts: int = Column(default=0, nullable=False)
    token: str | None = Column(default=None)  # of the form it came by: sent twice, it is one
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Evidence(PrmRow, table=True):
    """Why a registration may concern somebody whom others claim: which record, by which field, how alike (0 to 100)."""

    __tablename__ = "prm_evidence"
    __table_args__ = table_args(Index("ix_prm_evidence_registration", "registration_id", "score"))
    registration_id: int = reference("prm_registration", index=False)
    resource: str = Column(nullable=False)
    record_id: int = Column(sa_type=BigInt, nullable=False)
    customer_id: int | None = reference("core_customer", nullable=True)
    title: str = Column(default="", nullable=False)
    said: str = Column(default="", nullable=False)  # the state of that record, in words
    field: str = Column(nullable=False)  # domain | email | phone | name | customer
    score: int = Column(nullable=False)


class Protection(PrmRow, table=True):
    """One end customer protected for one registration: as long as the row is there, ``claim`` is nobody else's."""

    __tablename__ = "prm_protection"
    claim: str = Column(nullable=False, unique=True)  # domain:… or name:…
    registration_id: int = reference("prm_registration")
    customer_id: int = reference("core_customer")
    until: date = Column(nullable=False)


class Lead(PrmRecord, table=True):
    """An end customer's interest that a partner is to follow up."""

    __tablename__ = "prm_lead"
    __table_args__ = table_args(
        Index("ix_prm_lead_number", "number_key", "id"),
        Index("ix_prm_lead_updated", "updated_at", "id"),
        Index("ix_prm_lead_status", "status", "updated_at", "id"),
        Index("ix_prm_lead_customer", "customer_id", "id"),
        Index("ix_prm_lead_owner", "owner_id", "status", "id"),
        Index("ix_prm_lead_team", "team_id", "status", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    number_key: str = Column(sa_type=SortKey, nullable=False)
    customer_id: int = reference("core_customer", index=False)
    country: str = Column(default="", nullable=False)
    interest: str = Column(nullable=False)
    text: str = Column(default="", nullable=False)
    value_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    currency: str = Column(default="", nullable=False)
    status: str = Column(default="new", nullable=False)  # new | offered | accepted | unplaced
    partner_id: int | None = reference("prm_partner", nullable=True)
    answer_due_at: datetime | None = instant(nullable=True)
    accepted_at: datetime | None = instant(nullable=True)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Offer(PrmRecord, table=True):
    """A lead offered to one partner until a due time. A partner is offered the same lead once."""

    __tablename__ = "prm_offer"
    __table_args__ = table_args(
        UniqueConstraint("lead_id", "partner_id", name="uq_prm_offer_partner"),
        Index("ix_prm_offer_number", "number_key", "id"),
        Index("ix_prm_offer_offered", "offered_at", "id"),
        Index("ix_prm_offer_due", "status", "due_at", "id"),
        Index("ix_prm_offer_partner", "partner_customer_id", "offered_at", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    number_key: str = Column(sa_type=SortKey, nullable=False)
    lead_id: int = reference("prm_lead", index=False)
    partner_id: int = reference("prm_partner")
    partner_customer_id: int = reference("core_customer", index=False)
    status: str = Column(default="open", nullable=False)  # open | accepted | declined | recalled
    offered_at: datetime = instant()
    due_at: datetime = instant()
    answered_at: datetime | None = instant(nullable=True)
    reason: str = Column(default="", nullable=False)
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)
