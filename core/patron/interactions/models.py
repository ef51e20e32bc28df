"""The tables of every touch: threads, interactions with participants, mail as it came and went, and the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from patron.db import BigInt, Json, SortKey
from patron.records import Record, Row, instant, reference, table_args


class Thread(Row, table=True):
    """What belongs together over media: a conversation about one matter."""

    __tablename__ = "core_thread"
    subject: str = Field(default="", nullable=False)
    created_at: datetime = instant(now=True)
    last_at: datetime = instant(now=True)
    merged_into_id: int | None = reference("core_thread", nullable=True)


class Interaction(Record, table=True):
    """One touch on one channel, in or out, with an intent, as part of a thread."""

    __tablename__ = "core_interaction"
    __table_args__ = table_args(
        Index("ix_core_interaction_at", "at", "id"),
        Index("ix_core_interaction_owner", "owner_id", "at", "id"),
    )
    thread_id: int = reference("core_thread")
    channel: str = Field(nullable=False)  # email | phone | fax | chat | sms | web | meeting | post
    direction: str = Field(default="in", nullable=False)  # in | out
    intent: str = Field(default="", nullable=False)  # enquiry | order | complaint | praise | change | …
    subject: str = Field(default="", nullable=False)
    body: str = Field(default="", nullable=False)
    at: datetime = instant(now=True)
    duration_seconds: int | None = None
    bulk: bool = Field(
        default=False, nullable=False
    )  # above 20 outside parties: folded, moves no "last contact"
    visibility: str = Field(default="all", nullable=False)  # all | team | private
    quarantined: bool = Field(default=False, nullable=False)
    joined_because: str = Field(default="", nullable=False)
    mail_id: int | None = reference("core_mail", nullable=True)
    brand_id: int | None = reference("core_brand", nullable=True, index=False)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True)


class Participant(Row, table=True):
    """A party to an interaction: the raw address is kept, the customer it resolves to can be corrected."""

    __tablename__ = "core_participant"
    __table_args__ = table_args(Index("ix_core_participant_address", "address"))
    interaction_id: int = reference("core_interaction")
    part: str = Field(nullable=False)  # from | to | cc | bcc | caller | attendee | about
    address: str = Field(default="", nullable=False)
    name: str = Field(default="", nullable=False)
    customer_id: int | None = reference("core_customer", nullable=True)
    user_id: int | None = reference("core_user", nullable=True, index=False)
    resolved_because: str = Field(default="", nullable=False)


class TimelineEntry(Row, table=True):
    """One line of a customer's history, written with the fact itself, so that it outlives the module that wrote it.

    ``module`` and ``resource``/``record_id`` say what it links to; while that module is absent, it shows as text.
    """

    __tablename__ = "core_timeline"
    __table_args__ = table_args(
        Index("ix_core_timeline_customer", "customer_id", "at", "id"),
        Index("ix_core_timeline_ref", "resource", "record_id"),
    )
    customer_id: int = reference("core_customer", index=False)
    at: datetime = instant(now=True)
    module: str = Field(nullable=False)
    kind: str = Field(nullable=False)  # "core.call", "sales.won", "service.ticket.opened", …
    title: str = Field(nullable=False)
    body: str = Field(default="", nullable=False)
    snapshot: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    resource: str = Field(default="", nullable=False)
    record_id: int | None = Field(default=None, sa_type=BigInt)
    thread_id: int | None = reference("core_thread", nullable=True)
    interaction_id: int | None = reference("core_interaction", nullable=True)
    actor_name: str = Field(default="", nullable=False)
    # Where it was done: staff | customer | partner, of a public page its module ("public.marketing"); "" by the worker.
    face: str = Field(default="", nullable=False, sa_column_kwargs={"server_default": text("''")})
    visibility: str = Field(default="all", nullable=False)  # all | team | private
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Mail(Row, table=True):
    """A message as it came or went. The raw source is a file and always kept."""

    __tablename__ = "core_mail"
    __table_args__ = table_args(Index("ix_core_mail_message_id", "message_id"))
    message_id: str = Field(nullable=False)
    in_reply_to: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    reference_ids: list[str] = Field(default_factory=list, sa_type=Json, nullable=False)
    direction: str = Field(nullable=False)
    mailbox_id: int | None = reference("core_mailbox", nullable=True)
    raw_sha256: str = Field(nullable=False, unique=True)
    raw_file_id: int | None = reference("core_file", nullable=True)
    html: str = Field(default="", nullable=False)  # as it came; sanitised when shown
    visible_text: str = Field(default="", nullable=False)
    auto_reply: str = Field(default="", nullable=False)  # the rule that says so
    at: datetime = instant(now=True)


class Mailbox(Record, table=True):
    """A mailbox that is polled and sent from: of a person, a team, or the firm. Secrets are written, never read back.

    ``last_uid`` is up to where its folder has been read, ``sent_uid`` the same of the folder of what was sent.
    """

    __tablename__ = "core_mailbox"
    name: str = Field(nullable=False, unique=True)
    address: str = Field(nullable=False)
    module: str = Field(default="core", nullable=False)  # who handles what arrives
    settings: dict[str, Any] = Field(
        default_factory=dict, sa_type=Json, nullable=False
    )  # hosts, ports, users
    secret: str = Field(default="", nullable=False)
    active: bool = Field(default=True, nullable=False)
    uidvalidity: int = Field(default=0, sa_type=BigInt, nullable=False)
    last_uid: int = Field(default=0, sa_type=BigInt, nullable=False)
    sent_uidvalidity: int = Field(
        default=0, sa_type=BigInt, nullable=False, sa_column_kwargs={"server_default": text("0")}
    )
    sent_uid: int = Field(
        default=0, sa_type=BigInt, nullable=False, sa_column_kwargs={"server_default": text("0")}
    )
    last_success_at: datetime | None = instant(nullable=True)
    last_error: str = Field(default="", nullable=False)
    last_error_at: datetime | None = instant(nullable=True)
    fetched: int = Field(default=0, sa_type=BigInt, nullable=False)
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class MailTemplate(Record, table=True):
    """A text to begin a mail with; names in braces are filled in."""

    __tablename__ = "core_mail_template"
    __table_args__ = table_args(Index("ix_core_mail_template_name_key", "name_key", "id"))
    name: str = Field(nullable=False, unique=True)
    name_key: str = Field(sa_type=SortKey, nullable=False)
    subject: str = Field(default="", nullable=False)
    body: str = Field(default="", nullable=False)


class MailDrop(Row, table=True):
    """The secret part of the address that a user copies mail to, so that it stands in the history."""

    __tablename__ = "core_mail_drop"
    user_id: int = reference("core_user", index=False, unique=True)
    token: str = Field(nullable=False, unique=True)
    created_at: datetime = instant(now=True)


class MailLedger(Row, table=True):
    """One recipient of one outgoing message: queued, claimed, handed, in doubt, deferred, bounced,
    suppressed, or recalled before it went out."""

    __tablename__ = "core_mail_ledger"
    __table_args__ = table_args(
        UniqueConstraint("message_id", "recipient", name="uq_core_mail_ledger"),
        Index("ix_core_mail_ledger_due", "state", "due_at", "id"),
    )
    message_id: str = Field(nullable=False)
    recipient: str = Field(nullable=False)
    purpose: str = Field(default="contract", nullable=False)  # contract | promotion
    state: str = Field(default="queued", nullable=False)
    due_at: datetime = instant(now=True)
    attempts: int = Field(default=0, nullable=False)
    answer: str = Field(default="", nullable=False)
    raw_file_id: int | None = reference("core_file", nullable=True)
    mailbox_id: int | None = reference("core_mailbox", nullable=True)
    interaction_id: int | None = reference("core_interaction", nullable=True)
    envelope_from: str = Field(default="", nullable=False)


class IntentRule(Record, table=True):
    """Words by which the intent of an incoming touch is known: the first rule that fits, by ``position``, sets it."""

    __tablename__ = "core_intent_rule"
    __table_args__ = table_args(Index("ix_core_intent_rule_position", "position", "id"))
    name: str = Field(nullable=False)
    channel: str = Field(default="", nullable=False)  # empty: on any
    words: str = Field(nullable=False)  # separated by commas
    intent: str = Field(nullable=False)
    position: int = Field(default=10, nullable=False)
    active: bool = Field(default=True, nullable=False)
