"""The tables of who acts: users, teams, roles, sign-ins, tokens, customer accounts with mandates, and the audit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from patron.db import BigInt, Json
from patron.records import Record, Row, instant, reference, table_args


class User(Record, table=True):
    """A member of staff who signs in. ``password_hash`` is empty until an invitation is accepted."""

    __tablename__ = "core_user"
    email: str = Field(nullable=False, unique=True)
    name: str = Field(nullable=False)
    password_hash: str = Field(default="", nullable=False)
    active: bool = Field(default=True, nullable=False)
    locale: str = Field(default="", nullable=False)
    time_zone: str = Field(default="", nullable=False)
    theme: str = Field(default="auto", nullable=False)
    manager_id: int | None = reference("core_user", nullable=True)
    last_seen_at: datetime | None = instant(nullable=True)


class Team(Record, table=True):
    """A group of users who share what they see; it may own segments of customers."""

    __tablename__ = "core_team"
    name: str = Field(nullable=False, unique=True)


class TeamMember(Row, table=True):
    __tablename__ = "core_team_member"
    __table_args__ = table_args(UniqueConstraint("team_id", "user_id", name="uq_core_team_member"))
    team_id: int = reference("core_team", index=False)
    user_id: int = reference("core_user")


class Role(Record, table=True):
    """A named set of permissions, each with a scope: ``{"customers.read": "team", …}``; ``"*"`` stands for all."""

    __tablename__ = "core_role"
    name: str = Field(nullable=False, unique=True)
    grants: dict[str, str] = Field(default_factory=dict, sa_type=Json, nullable=False)


class UserRole(Row, table=True):
    __tablename__ = "core_user_role"
    __table_args__ = table_args(UniqueConstraint("user_id", "role_id", name="uq_core_user_role"))
    user_id: int = reference("core_user", index=False)
    role_id: int = reference("core_role")


class Account(Record, table=True):
    """A sign-in of someone outside: no customer, but acting for customers by mandate.

    ``face`` is customer or partner.
    """

    __tablename__ = "core_account"
    __table_args__ = table_args(UniqueConstraint("face", "email", name="uq_core_account"))
    face: str = Field(default="customer", nullable=False)
    email: str = Field(nullable=False)
    name: str = Field(nullable=False)
    password_hash: str = Field(default="", nullable=False)
    active: bool = Field(default=True, nullable=False)
    email_verified_at: datetime | None = instant(nullable=True)


class Mandate(Row, table=True):
    """What an account may do for a customer: see, order, approve up to an amount, open tickets, administer."""

    __tablename__ = "core_mandate"
    __table_args__ = table_args(UniqueConstraint("account_id", "customer_id", name="uq_core_mandate"))
    account_id: int = reference("core_account", index=False)
    customer_id: int = reference("core_customer")
    rights: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    approve_limit_minor: int | None = Field(default=None, sa_type=BigInt)
    currency: str = Field(default="", nullable=False)
    since: date | None = None
    until: date | None = None


class SignIn(Row, table=True):
    """A session of a user or an account; the cookie holds a secret of which only the hash is kept."""

    __tablename__ = "core_sign_in"
    token_hash: str = Field(nullable=False, unique=True)
    user_id: int | None = reference("core_user", nullable=True)
    account_id: int | None = reference("core_account", nullable=True)
    customer_id: int | None = reference("core_customer", nullable=True, index=False)  # the mandate in use
    viewer_id: int | None = reference("core_user", nullable=True)  # the user who only looks, as the account
    brand_id: int | None = reference(
        "core_brand", nullable=True, index=False
    )  # of an account: whose customer
    created_at: datetime = instant(now=True)
    seen_at: datetime = instant(now=True)
    expires_at: datetime = instant()
    address: str = Field(default="", nullable=False)
    agent: str = Field(default="", nullable=False)


class Token(Row, table=True):
    """An API token: it can only remove rights from its owner. Shown once, kept as a hash."""

    __tablename__ = "core_token"
    name: str = Field(default="", nullable=False)
    token_hash: str = Field(nullable=False, unique=True)
    user_id: int = reference("core_user")
    scopes: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    created_at: datetime = instant(now=True)
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)
    used_at: datetime | None = instant(nullable=True)


class SignInLink(Row, table=True):
    """A one-time link: an invitation, a password reset, or the first sign-in of an installation."""

    __tablename__ = "core_sign_in_link"
    token_hash: str = Field(nullable=False, unique=True)
    purpose: str = Field(nullable=False)  # invite | reset | sign-in
    user_id: int | None = reference("core_user", nullable=True)
    account_id: int | None = reference("core_account", nullable=True)
    created_at: datetime = instant(now=True)
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class RateLimit(Row, table=True):
    """One counter per bucket and window; counting is one upsert, shared by every process."""

    __tablename__ = "core_rate_limit"
    bucket: str = Field(nullable=False, unique=True)
    window_start: datetime = instant()
    hits: int = Field(default=0, nullable=False)


class Audit(Row, table=True):
    """Who did what to which record, when and from where. Values stand apart, so that they can be erased."""

    __tablename__ = "core_audit"
    __table_args__ = table_args(Index("ix_core_audit_record", "resource", "record_id", "id"))
    at: datetime = instant(now=True)
    actor_kind: str = Field(nullable=False)
    actor_id: int | None = Field(default=None, sa_type=BigInt)
    actor_name: str = Field(default="", nullable=False)
    action: str = Field(nullable=False)  # create | change | trash | restore | sign-in | export | …
    resource: str = Field(nullable=False)
    record_id: int | None = Field(default=None, sa_type=BigInt)
    request_id: str = Field(default="", nullable=False)
    address: str = Field(default="", nullable=False)
    seal: str = Field(default="", nullable=False)  # filled in batches by the sealing job


class AuditValue(Row, table=True):
    """What was and what became of the fields of one audit row."""

    __tablename__ = "core_audit_value"
    audit_id: int = reference("core_audit", unique=True)
    customer_id: int | None = Field(default=None, sa_type=BigInt, index=True)
    salt: str = Field(nullable=False)
    digest: str = Field(nullable=False)  # of salt and values: what the seal covers
    was: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    became: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
