"""The tables of marketing: segments, campaigns with a row per recipient, forms with what was sent, suppressions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from patron import Column, JsonColumn, Record, Row, SortKey, instant, new_registry, reference, table_args
from sqlalchemy import Index, UniqueConstraint

_REGISTRY = new_registry()


class MarketingRecord(Record, registry=_REGISTRY):
    """The base of the module's records."""


class MarketingRow(Row, registry=_REGISTRY):
    """The base of what stands beside them."""


class Segment(MarketingRecord, table=True):
    """Customers who meet a condition, found anew each time they are needed. ``broken`` says why it finds nobody."""

    __tablename__ = "marketing_segment"
    __table_args__ = table_args(
        Index("ix_marketing_segment_name", "name_key", "id"),
        Index("ix_marketing_segment_updated", "updated_at", "id"),
    )
    name: str = Column(nullable=False)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    description: str = Column(default="", nullable=False)
    condition: dict[str, Any] = Column(default_factory=dict, sa_type=JsonColumn, nullable=False)
    members: int = Column(default=0, nullable=False)  # when last counted; 10,001 is “more than 10,000”
    counted_at: datetime | None = instant(nullable=True)
    broken: str = Column(default="", nullable=False)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Campaign(MarketingRecord, table=True):
    """One mail to a segment. ``size`` is the segment's at the start: every member then has a recipient row."""

    __tablename__ = "marketing_campaign"
    __table_args__ = table_args(
        Index("ix_marketing_campaign_name", "name_key", "id"),
        Index("ix_marketing_campaign_created", "created_at", "id"),
        Index("ix_marketing_campaign_state", "state", "id"),
    )
    name: str = Column(nullable=False)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    segment_id: int | None = reference("marketing_segment", nullable=True)
    brand_id: int | None = reference("core_brand", nullable=True, index=False)
    mailbox_id: int | None = reference("core_mailbox", nullable=True, index=False)
    purpose: str = Column(nullable=False)
    subject: str = Column(default="", nullable=False)
    body: str = Column(default="", nullable=False)
    track_clicks: bool = Column(default=True, nullable=False)
    state: str = Column(
        default="draft", nullable=False
    )  # draft | preparing | sending | paused | sent | cancelled
    problem: str = Column(default="", nullable=False)
    started_by_id: int | None = reference("core_user", nullable=True, index=False)
    started_at: datetime | None = instant(nullable=True)
    prepared_to: int = Column(default=0, nullable=False)  # customers up to this id have their row
    size: int = Column(default=0, nullable=False)
    finished_at: datetime | None = instant(nullable=True)
    interaction_id: int | None = reference("core_interaction", nullable=True, index=False)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Recipient(MarketingRow, table=True):
    """One member of the segment and what became of their mail. ``send_to`` is unique: no address gets two.

    queued → claimed → in_doubt → handed, deferred or bounced; suppressed never leaves. ``reason`` is a word of
    ``services.reasons``, ``answer`` the server's or our own sentence.
    """

    __tablename__ = "marketing_recipient"
    __table_args__ = table_args(
        UniqueConstraint("campaign_id", "customer_id", name="uq_marketing_recipient_customer"),
        UniqueConstraint("campaign_id", "send_to", name="uq_marketing_recipient_address"),
        Index("ix_marketing_recipient_due", "campaign_id", "state", "due_at", "id"),
        Index("ix_marketing_recipient_customer", "customer_id", "id"),
        Index("ix_marketing_recipient_message", "message_id"),
    )
    campaign_id: int = reference("marketing_campaign", index=False)
    customer_id: int = reference("core_customer", index=False)
    send_to: str | None = Column(default=None, nullable=True)  # None: nothing may go there
    address: str = Column(default="", nullable=False)
    state: str = Column(default="queued", nullable=False)
    reason: str = Column(default="", nullable=False)
    answer: str = Column(default="", nullable=False)
    message_id: str = Column(default="", nullable=False)
    attempts: int = Column(default=0, nullable=False)
    due_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)
    clicked_at: datetime | None = instant(nullable=True)
    opened_at: datetime | None = instant(nullable=True)
    left_at: datetime | None = instant(nullable=True)  # unsubscribed by a link of this mail


class Link(MarketingRow, table=True):
    """A link of a campaign's text: where a click leads, and nowhere else."""

    __tablename__ = "marketing_link"
    __table_args__ = table_args(UniqueConstraint("campaign_id", "url", name="uq_marketing_link"))
    campaign_id: int = reference("marketing_campaign", index=False)
    url: str = Column(nullable=False)


class Click(MarketingRow, table=True):
    """One request for a link. A robot's are kept apart, with what it called itself."""

    __tablename__ = "marketing_click"
    recipient_id: int = reference("marketing_recipient")
    link_id: int = reference("marketing_link")
    at: datetime = instant(now=True)
    agent: str = Column(default="", nullable=False)
    robot: bool = Column(default=False, nullable=False)


class Suppression(MarketingRecord, table=True):
    """An address that nothing is sent to, for one purpose or (empty) for all, whoever holds it."""

    __tablename__ = "marketing_suppression"
    __table_args__ = table_args(
        UniqueConstraint("address", "purpose", name="uq_marketing_suppression"),
        Index("ix_marketing_suppression_created", "created_at", "id"),
    )
    address: str = Column(nullable=False)
    purpose: str = Column(default="", nullable=False)
    reason: str = Column(default="", nullable=False)


class Form(MarketingRecord, table=True):
    """A public form at ``/f/<slug>``. ``version`` of its wording rises with each change of the wording."""

    __tablename__ = "marketing_form"
    __table_args__ = table_args(
        Index("ix_marketing_form_name", "name_key", "id"),
        Index("ix_marketing_form_updated", "updated_at", "id"),
    )
    name: str = Column(nullable=False)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    slug: str = Column(nullable=False, unique=True)
    title: str = Column(nullable=False)
    intro: str = Column(default="", nullable=False)
    asks: list[dict[str, Any]] = Column(default_factory=list, sa_type=JsonColumn, nullable=False)
    purpose: str = Column(default="", nullable=False)
    wording: str = Column(default="", nullable=False)
    wording_version: int = Column(default=1, nullable=False)
    double_opt_in: bool = Column(default=True, nullable=False)
    enquiry: bool = Column(default=True, nullable=False)
    thanks: str = Column(default="", nullable=False)
    source: str = Column(default="", nullable=False)
    campaign: str = Column(default="", nullable=False)
    brand_id: int | None = reference("core_brand", nullable=True, index=False)
    active: bool = Column(default=True, nullable=False)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Submission(MarketingRow, table=True):
    """What came through a form, and the proof of consent: what was shown, in which version, when, from where."""

    __tablename__ = "marketing_submission"
    __table_args__ = table_args(Index("ix_marketing_submission_form", "form_id", "at", "id"))
    form_id: int = reference("marketing_form", index=False)
    customer_id: int | None = reference("core_customer", nullable=True)
    at: datetime = instant(now=True)
    answers: dict[str, Any] = Column(default_factory=dict, sa_type=JsonColumn, nullable=False)
    email: str = Column(default="", nullable=False)
    consent: bool = Column(default=False, nullable=False)
    purpose: str = Column(default="", nullable=False)
    wording: str = Column(default="", nullable=False)
    wording_version: int = Column(default=0, nullable=False)
    address: str = Column(default="", nullable=False)  # of the network
    agent: str = Column(default="", nullable=False)
    page: str = Column(default="", nullable=False)  # the page that the form stood on
    state: str = Column(
        default="done", nullable=False
    )  # unasked | waiting (for the link in a mail) | confirmed | done
    confirmed_at: datetime | None = instant(nullable=True)
    confirmed_from: str = Column(default="", nullable=False)


class Engagement(MarketingRow, table=True):
    """The facts that marketing keeps of each customer, written in the transaction of the change."""

    __tablename__ = "marketing_engagement"
    __table_args__ = table_args(
        Index("ix_marketing_engagement_mailed", "last_mail_at", "customer_id"),
        Index("ix_marketing_engagement_clicked", "last_click_at", "customer_id"),
        Index("ix_marketing_engagement_form", "last_form_at", "customer_id"),
    )
    customer_id: int = reference("core_customer", unique=True)
    mails: int = Column(default=0, nullable=False)
    last_mail_at: datetime | None = instant(nullable=True)
    clicks: int = Column(default=0, nullable=False)
    last_click_at: datetime | None = instant(nullable=True)
    last_form_at: datetime | None = instant(nullable=True)
    left_at: datetime | None = instant(nullable=True)
