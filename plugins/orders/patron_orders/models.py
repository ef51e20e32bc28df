"""The tables of orders and of the money owed for them. Amounts are minor units, quantities thousandths."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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
from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text

_REGISTRY = new_registry()


class OrdersRecord(Record, registry=_REGISTRY):
    """The base of the module's records."""


class OrdersRow(Row, registry=_REGISTRY):
    """The base of what stands beside them."""


def _only_where(name: str, column: str, condition: str) -> Index:
    """At most one row with the same value among those that meet the condition."""
    where = text(condition)
    return Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)


class Order(OrdersRecord, table=True):
    """What a customer ordered. ``reference_resource`` and ``reference_id`` name what it was made of, once at most."""

    __tablename__ = "orders_order"
    __table_args__ = table_args(
        UniqueConstraint("reference_resource", "reference_id", name="uq_orders_order_reference"),
        Index("ix_orders_order_number", "number_key", "id"),
        Index("ix_orders_order_created", "created_at", "id"),
        Index("ix_orders_order_ordered", "ordered_on", "id"),
        Index("ix_orders_order_status", "status", "ordered_on", "id"),
        Index("ix_orders_order_customer", "customer_id", "ordered_on", "id"),
        Index("ix_orders_order_owner", "owner_id", "ordered_on", "id"),
        Index("ix_orders_order_team", "team_id", "ordered_on", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    number_key: str = Column(sa_type=SortKey, nullable=False)
    customer_id: int = reference("core_customer", index=False)
    bill_to_id: int | None = reference("core_customer", nullable=True)
    ship_to_id: int | None = reference("core_customer", nullable=True)
    via_partner_id: int | None = reference("core_customer", nullable=True)
    status: str = Column(default="draft", nullable=False)  # draft | confirmed | fulfilled | cancelled
    currency: str = Column(nullable=False)
    net_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    tax_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    gross_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    ordered_on: date = Column(nullable=False)
    customer_reference: str = Column(default="", nullable=False)
    note: str = Column(default="", nullable=False)
    source: str = Column(default="", nullable=False)  # by hand, quote, shop, …
    reference_resource: str = Column(default="", nullable=False)
    reference_id: int | None = Column(default=None, sa_type=BigInt)
    brand_id: int | None = reference("core_brand", nullable=True, index=False)
    owner_id: int | None = reference("core_user", nullable=True, index=False)
    team_id: int | None = reference("core_team", nullable=True, index=False)


class OrderLine(OrdersRow, table=True):
    """One line of an order. It keeps what was agreed, whatever the catalogue says later."""

    __tablename__ = "orders_line"
    __table_args__ = table_args(Index("ix_orders_line_order", "order_id", "position"))
    order_id: int = reference("orders_order", index=False)
    position: int = Column(nullable=False)
    product_id: int | None = Column(default=None, sa_type=BigInt)
    description: str = Column(nullable=False)
    quantity_milli: int = Column(sa_type=BigInt, nullable=False)
    unit_price_minor: int = Column(sa_type=BigInt, nullable=False)
    unit_cost_minor: int | None = Column(default=None, sa_type=BigInt)  # to the firm, when it was sold
    discount_hundredths: int = Column(default=0, nullable=False)  # of a percent
    tax_hundredths: int = Column(nullable=False)  # of a percent
    net_minor: int = Column(sa_type=BigInt, nullable=False)


class Invoice(OrdersRecord, table=True):
    """An invoice, or the credit note that takes one back. Written once; ``document`` holds all that is printed."""

    __tablename__ = "orders_invoice"
    __table_args__ = table_args(
        _only_where("uq_orders_invoice_order", "order_id", "kind = 'invoice' AND status <> 'cancelled'"),
        Index("ix_orders_invoice_number", "number_key", "id"),
        Index("ix_orders_invoice_created", "created_at", "id"),
        Index("ix_orders_invoice_issued", "issued_on", "id"),
        Index("ix_orders_invoice_customer", "customer_id", "issued_on", "id"),
    )
    number: str = Column(nullable=False, unique=True)
    number_key: str = Column(sa_type=SortKey, nullable=False)
    kind: str = Column(default="invoice", nullable=False)  # invoice | credit_note
    order_id: int = reference("orders_order")
    customer_id: int = reference("core_customer", index=False)
    corrects_id: int | None = reference("orders_invoice", nullable=True)
    issued_on: date = Column(nullable=False)
    due_on: date = Column(nullable=False)
    status: str = Column(default="open", nullable=False)  # open | paid | cancelled | credit
    currency: str = Column(nullable=False)
    net_minor: int = Column(sa_type=BigInt, nullable=False)
    tax_minor: int = Column(sa_type=BigInt, nullable=False)
    gross_minor: int = Column(sa_type=BigInt, nullable=False)
    margin_minor: int = Column(sa_type=BigInt, nullable=False)  # net less the costs that were known
    document: dict[str, Any] = Column(default_factory=dict, sa_type=JsonColumn, nullable=False)
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class OpenItem(OrdersRecord, table=True):
    """What is owed for an invoice. ``refund`` means that the firm owes back what was paid for a credited invoice."""

    __tablename__ = "orders_open_item"
    __table_args__ = table_args(
        CheckConstraint("paid_minor >= 0 AND paid_minor <= amount_minor", name="paid"),
        Index("ix_orders_open_item_due", "due_on", "id"),
        Index("ix_orders_open_item_created", "created_at", "id"),
        Index("ix_orders_open_item_state", "state", "due_on", "id"),
        Index("ix_orders_open_item_customer", "customer_id", "state", "due_on"),
    )
    number: str = Column(nullable=False)  # of the invoice
    invoice_id: int = reference("orders_invoice", unique=True, index=False)
    customer_id: int = reference("core_customer", index=False)
    currency: str = Column(nullable=False)
    amount_minor: int = Column(sa_type=BigInt, nullable=False)
    paid_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    due_on: date = Column(nullable=False)
    state: str = Column(default="open", nullable=False)  # open | paid | refund | cancelled
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class Payment(OrdersRecord, table=True):
    """Money that came in for an open item, or (below zero) went back. ``token`` makes a form sent twice one payment."""

    __tablename__ = "orders_payment"
    __table_args__ = table_args(
        Index("ix_orders_payment_paid_on", "paid_on", "id"),
        Index("ix_orders_payment_created", "created_at", "id"),
    )
    name: str = Column(default="", nullable=False)  # made of amount and invoice number
    open_item_id: int = reference("orders_open_item")
    customer_id: int = reference("core_customer")
    currency: str = Column(nullable=False)
    amount_minor: int = Column(sa_type=BigInt, nullable=False)
    paid_on: date = Column(nullable=False)
    method: str = Column(default="transfer", nullable=False)  # transfer | card | cash | debit
    bank_reference: str = Column(default="", nullable=False)
    token: str | None = Column(default=None, unique=True)
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class CustomerHold(OrdersRecord, table=True):
    """A time in which a customer is not sold to, and why. Rows stay; the one not released counts."""

    __tablename__ = "orders_hold"
    __table_args__ = table_args(
        Index("ix_orders_hold_customer", "customer_id", "released_at"),
        Index("ix_orders_hold_placed", "placed_at", "id"),
        Index("ix_orders_hold_created", "created_at", "id"),
    )
    customer_id: int = reference("core_customer", index=False)
    reason: str = Column(nullable=False)
    placed_by: str = Column(nullable=False)
    placed_at: datetime = instant()
    released_by: str = Column(default="", nullable=False)
    released_at: datetime | None = instant(nullable=True)
    release_reason: str = Column(default="", nullable=False)


class CustomerOrders(OrdersRow, table=True):
    """What is known of a customer as a buyer. Amounts are those in the firm's own currency."""

    __tablename__ = "orders_customer"
    __table_args__ = table_args(
        Index("ix_orders_customer_orders", "orders", "customer_id"),
        Index("ix_orders_customer_lifetime", "lifetime_minor", "customer_id"),
        Index("ix_orders_customer_last", "last_order_on", "customer_id"),
        Index("ix_orders_customer_owed", "owed_minor", "customer_id"),
    )
    customer_id: int = reference("core_customer", unique=True)
    orders: int = Column(default=0, nullable=False)
    lifetime_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    last_order_on: date | None = None
    owed_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    currency: str = Column(default="", nullable=False)
    as_of: datetime = instant(now=True)
