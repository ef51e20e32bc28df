"""The tables of sales. Amounts are minor units, quantities thousandths, percentages hundredths."""

from __future__ import annotations

from datetime import date, datetime

from patron import (
    BigInt,
    Column,
    JsonColumn,
    Record,
    Row,
    SortKey,
    instant,
    new_registry,
    reference,
    table_args,
)
from sqlalchemy import Index

_REGISTRY = new_registry()


class SalesRecord(Record, registry=_REGISTRY):
    """The base of the module's records."""


class SalesRow(Row, registry=_REGISTRY):
    """The base of what stands beside them."""


class Opportunity(SalesRecord, table=True):
    """A sale that may come about. ``attention`` is derived: an open one without a next step is marked."""

    __tablename__ = "sales_opportunity"
    __table_args__ = table_args(
        Index("ix_sales_opportunity_name", "name_key", "id"),
        Index("ix_sales_opportunity_created", "created_at", "id"),
        Index("ix_sales_opportunity_updated", "updated_at", "id"),
        Index("ix_sales_opportunity_close", "close_date", "id"),
        Index("ix_sales_opportunity_value", "value_minor", "id"),
        Index("ix_sales_opportunity_stage", "stage", "updated_at", "id"),
        Index("ix_sales_opportunity_totals", "currency", "stage", "value_minor", "trashed_at"),
        Index("ix_sales_opportunity_customer", "customer_id", "close_date", "id"),
        Index("ix_sales_opportunity_owner", "owner_id", "stage", "id"),
        Index("ix_sales_opportunity_team", "team_id", "stage", "id"),
        Index("ix_sales_opportunity_won", "won_at"),
    )
    name: str = Column(nullable=False)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    customer_id: int = reference("core_customer", index=False)
    contact_id: int | None = reference("core_customer", nullable=True)
    via_partner_id: int | None = reference("core_customer", nullable=True)
    value_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    currency: str = Column(default="", nullable=False)
    close_date: date = Column(nullable=False)
    stage: str = Column(default="qualification", nullable=False)
    stage_since: datetime = instant(now=True)
    probability: int = Column(default=0, nullable=False)  # percent
    source: str = Column(default="", nullable=False)
    next_step: str = Column(default="", nullable=False)
    next_step_date: date | None = None
    attention: str = Column(default="", nullable=False)
    lost_reason: str = Column(default="", nullable=False)
    won_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    note: str = Column(default="", nullable=False)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Enquiry(SalesRecord, table=True):
    """Somebody asked. The customer is there from the first second; qualifying changes state and copies nothing."""

    __tablename__ = "sales_enquiry"
    __table_args__ = table_args(
        Index("ix_sales_enquiry_created", "created_at", "id"),
        Index("ix_sales_enquiry_updated", "updated_at", "id"),
        Index("ix_sales_enquiry_status", "status", "updated_at", "id"),
        Index("ix_sales_enquiry_customer", "customer_id", "id"),
        Index("ix_sales_enquiry_owner", "owner_id", "status", "id"),
        Index("ix_sales_enquiry_team", "team_id", "status", "id"),
    )
    customer_id: int = reference("core_customer", index=False)
    subject: str = Column(nullable=False)
    text: str = Column(default="", nullable=False)
    source: str = Column(default="", nullable=False)
    status: str = Column(default="new", nullable=False)  # new | working | qualified | disqualified
    reason: str = Column(default="", nullable=False)  # why it was disqualified
    assigned_because: str = Column(default="", nullable=False)
    opportunity_id: int | None = reference("sales_opportunity", nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class Quote(SalesRecord, table=True):
    """What the firm offers, until when. Lines stand beside it; ``order_id`` names the order it became."""

    __tablename__ = "sales_quote"
    __table_args__ = table_args(
        Index("ix_sales_quote_number", "number_key", "id"),
        Index("ix_sales_quote_created", "created_at", "id"),
        Index("ix_sales_quote_updated", "updated_at", "id"),
        Index("ix_sales_quote_status", "status", "valid_until", "id"),
        Index("ix_sales_quote_customer", "customer_id", "created_at", "id"),
        Index("ix_sales_quote_owner", "owner_id", "status", "id"),
        Index("ix_sales_quote_team", "team_id", "status", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    number_key: str = Column(sa_type=SortKey, nullable=False)
    revision: int = Column(default=1, nullable=False)
    customer_id: int = reference("core_customer", index=False)
    opportunity_id: int | None = reference("sales_opportunity", nullable=True)
    status: str = Column(default="draft", nullable=False)  # draft | sent | accepted | declined | expired
    valid_until: date = Column(nullable=False)
    currency: str = Column(nullable=False)
    net_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    tax_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    gross_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    note: str = Column(default="", nullable=False)  # stands below the lines of the document
    decline_reason: str = Column(default="", nullable=False)
    sent_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    order_id: int | None = Column(default=None, sa_type=BigInt)
    invoice_id: int | None = Column(default=None, sa_type=BigInt)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class QuoteLine(SalesRow, table=True):
    """One line of a quote, as it was agreed, with the way its price came about."""

    __tablename__ = "sales_quote_line"
    __table_args__ = table_args(Index("ix_sales_quote_line_quote", "quote_id", "position"))
    quote_id: int = reference("sales_quote", index=False)
    position: int = Column(nullable=False)
    product_id: int | None = Column(default=None, sa_type=BigInt)
    sku: str = Column(default="", nullable=False)
    description: str = Column(nullable=False)
    unit: str = Column(default="", nullable=False)
    quantity_milli: int = Column(sa_type=BigInt, nullable=False)
    unit_price_minor: int = Column(sa_type=BigInt, nullable=False)
    by_hand: bool = Column(default=False, nullable=False)  # the price was typed, not the catalogue's
    tax_hundredths: int = Column(default=0, nullable=False)
    discount_hundredths: int = Column(default=0, nullable=False)
    net_minor: int = Column(sa_type=BigInt, nullable=False)
    trace: list[str] = Column(default_factory=list, sa_type=JsonColumn, nullable=False)


class CustomerSales(SalesRow, table=True):
    """What is known of a customer's sales. Amounts are those in the firm's own currency."""

    __tablename__ = "sales_customer"
    __table_args__ = table_args(
        Index("ix_sales_customer_open", "open_opportunities", "customer_id"),
        Index("ix_sales_customer_open_value", "open_value_minor", "customer_id"),
        Index("ix_sales_customer_won", "won_value_minor", "customer_id"),
        Index("ix_sales_customer_last", "last_won_at", "customer_id"),
    )
    customer_id: int = reference("core_customer", unique=True)
    open_opportunities: int = Column(default=0, nullable=False)
    open_value_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    won: int = Column(default=0, nullable=False)
    won_value_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    last_won_at: datetime | None = instant(nullable=True)
    currency: str = Column(default="", nullable=False)
    as_of: datetime = instant(now=True)
