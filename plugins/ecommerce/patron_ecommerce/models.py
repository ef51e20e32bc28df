"""The shop's tables: carts, checkouts, payments with what providers said of them, stock, vouchers, and facts.

Amounts are minor units, quantities whole pieces.
"""

from __future__ import annotations

from datetime import date, datetime

from patron import BigInt, Column, Record, Row, SortKey, instant, new_registry, reference, table_args
from sqlalchemy import CheckConstraint, Index, UniqueConstraint

_REGISTRY = new_registry()


class ShopRecord(Record, registry=_REGISTRY):
    """The base of the module's records."""


class ShopRow(Row, registry=_REGISTRY):
    """The base of what stands beside them."""


class Cart(ShopRecord, table=True):
    """A cart of one browser, or of one account. The cookie holds a secret of which only the hash is kept."""

    __tablename__ = "ecommerce_cart"
    __table_args__ = table_args(
        Index("ix_ecommerce_cart_created", "created_at", "id"),
        Index("ix_ecommerce_cart_touched", "touched_at", "id"),
        Index("ix_ecommerce_cart_status", "status", "touched_at", "id"),
        Index("ix_ecommerce_cart_customer", "customer_id", "status", "touched_at"),
        Index("ix_ecommerce_cart_account", "account_id", "status"),
    )
    name: str = Column(default="Empty", nullable=False)  # what is in it, in a few words
    token_hash: str = Column(nullable=False, unique=True)
    customer_id: int | None = reference("core_customer", nullable=True, index=False)
    account_id: int | None = reference("core_account", nullable=True, index=False)
    status: str = Column(default="open", nullable=False)  # open | abandoned | ordered
    voucher_id: int | None = reference("ecommerce_voucher", nullable=True)
    currency: str = Column(nullable=False)
    gross_minor: int = Column(default=0, sa_type=BigInt, nullable=False)  # when it was last touched
    pieces: int = Column(default=0, nullable=False)
    touched_at: datetime = instant()


class CartLine(ShopRow, table=True):
    """An article in a cart; one article with two notes stands on two lines."""

    __tablename__ = "ecommerce_cart_line"
    __table_args__ = table_args(
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_ecommerce_cart_line_cart", "cart_id", "id"),
    )
    cart_id: int = reference("ecommerce_cart", index=False)
    product_id: int = Column(sa_type=BigInt, nullable=False)
    quantity: int = Column(nullable=False)
    note: str = Column(default="", nullable=False)  # the buyer's wish: colour, engraving


class Checkout(ShopRecord, table=True):
    """A cart that was ordered: who, where to, how paid. ``track_key`` is what its signed link hides."""

    __tablename__ = "ecommerce_checkout"
    __table_args__ = table_args(
        Index("ix_ecommerce_checkout_created", "created_at", "id"),
        Index("ix_ecommerce_checkout_customer", "customer_id", "placed_at", "id"),
        Index("ix_ecommerce_checkout_placed", "placed_at", "id"),
        Index("ix_ecommerce_checkout_email", "email_key", "claimed_at"),
    )
    number: str = Column(default="", nullable=False)  # of the order
    track_key: str = Column(nullable=False, unique=True)
    cart_id: int = reference("ecommerce_cart", unique=True, index=False)
    order_id: int | None = Column(default=None, sa_type=BigInt, unique=True)
    customer_id: int = reference("core_customer", index=False)
    account_id: int | None = reference("core_account", nullable=True)
    guest: bool = Column(default=True, nullable=False)
    claimed_at: datetime | None = instant(nullable=True)
    name: str = Column(default="", nullable=False)
    email: str = Column(default="", nullable=False)
    email_key: str = Column(default="", nullable=False)
    phone: str = Column(default="", nullable=False)
    line1: str = Column(default="", nullable=False)
    line2: str = Column(default="", nullable=False)
    postcode: str = Column(default="", nullable=False)
    city: str = Column(default="", nullable=False)
    country: str = Column(default="", nullable=False)
    delivery_note: str = Column(default="", nullable=False)
    method: str = Column(nullable=False)  # the payment provider's name, or invoice
    voucher_code: str = Column(default="", nullable=False)
    currency: str = Column(nullable=False)
    gross_minor: int = Column(sa_type=BigInt, nullable=False)
    placed_at: datetime = instant()
    undone_at: datetime | None = instant(
        nullable=True
    )  # nothing came of it: stock and voucher are free again


class Payment(ShopRecord, table=True):
    """What is to be paid for a checkout by a provider. ``reference`` is what the provider calls it."""

    __tablename__ = "ecommerce_payment"
    __table_args__ = table_args(
        UniqueConstraint("provider", "reference", name="uq_ecommerce_payment_reference"),
        Index("ix_ecommerce_payment_created", "created_at", "id"),
        Index("ix_ecommerce_payment_state", "state", "created_at", "id"),
    )
    name: str = Column(default="", nullable=False)  # of the order
    checkout_id: int = reference("ecommerce_checkout", unique=True, index=False)
    customer_id: int = reference("core_customer")
    provider: str = Column(nullable=False)
    reference: str = Column(nullable=False)
    currency: str = Column(nullable=False)
    amount_minor: int = Column(sa_type=BigInt, nullable=False)
    received_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    state: str = Column(default="pending", nullable=False)  # see ``services.payments.STATES``
    reason: str = Column(default="", nullable=False)
    open_item_id: int | None = Column(default=None, sa_type=BigInt)
    invoice_id: int | None = Column(default=None, sa_type=BigInt)
    due_at: datetime = instant()
    paid_at: datetime | None = instant(nullable=True)


class PaymentEvent(ShopRow, table=True):
    """What a provider said, once per event of its: applied, ignored, held for a person, or waiting for its payment."""

    __tablename__ = "ecommerce_payment_event"
    __table_args__ = table_args(
        UniqueConstraint("provider", "event_id", name="uq_ecommerce_payment_event"),
        Index("ix_ecommerce_payment_event_reference", "provider", "reference", "id"),
    )
    provider: str = Column(nullable=False)
    event_id: str = Column(nullable=False)
    digest: str = Column(nullable=False)  # of the body: the same id with another body is no repetition
    kind: str = Column(nullable=False)  # paid | failed
    reference: str = Column(nullable=False)
    currency: str = Column(default="", nullable=False)
    amount_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    at: datetime = instant()  # when the provider says that it happened
    received_at: datetime = instant()
    outcome: str = Column(nullable=False)  # applied | ignored | held | waiting
    reason: str = Column(default="", nullable=False)


class Stock(ShopRecord, table=True):
    """How many of an article are there, and how many of them are promised. What has no row is never out of stock."""

    __tablename__ = "ecommerce_stock"
    __table_args__ = table_args(
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("free = on_hand - reserved", name="free"),
        Index("ix_ecommerce_stock_created", "created_at", "id"),
        Index("ix_ecommerce_stock_name", "name_key", "id"),
        Index("ix_ecommerce_stock_free", "free", "id"),
    )
    name: str = Column(default="", nullable=False)  # number and name of the article
    name_key: str = Column(default="", sa_type=SortKey, nullable=False)
    product_id: int = Column(sa_type=BigInt, nullable=False, unique=True)
    on_hand: int = Column(default=0, nullable=False)
    reserved: int = Column(default=0, nullable=False)
    free: int = Column(default=0, nullable=False)  # on hand less reserved: what can be sold now
    low_at: int = Column(default=3, nullable=False)


class StockMove(ShopRow, table=True):
    """Why a stock is what it is: each change of it, who made it, and for which checkout."""

    __tablename__ = "ecommerce_stock_move"
    __table_args__ = table_args(Index("ix_ecommerce_stock_move_stock", "stock_id", "id"))
    stock_id: int = reference("ecommerce_stock", index=False)
    kind: str = Column(nullable=False)  # adjusted | reserved | released | shipped
    quantity: int = Column(nullable=False)  # adjusted: the difference; else how many
    reason: str = Column(default="", nullable=False)
    checkout_id: int | None = reference("ecommerce_checkout", nullable=True)
    actor_name: str = Column(default="", nullable=False)
    at: datetime = instant()


class Reservation(ShopRow, table=True):
    """Pieces of an article that are promised to a checkout until they are shipped or released."""

    __tablename__ = "ecommerce_reservation"
    __table_args__ = table_args(
        UniqueConstraint("checkout_id", "stock_id", name="uq_ecommerce_reservation"),
        Index("ix_ecommerce_reservation_stock", "stock_id", "state"),
    )
    checkout_id: int = reference("ecommerce_checkout", index=False)
    stock_id: int = reference("ecommerce_stock", index=False)
    quantity: int = Column(nullable=False)
    state: str = Column(default="held", nullable=False)  # held | shipped | released


class Voucher(ShopRecord, table=True):
    """A code that makes an order cheaper, so many times. ``used`` never passes ``uses``, whoever orders at once."""

    __tablename__ = "ecommerce_voucher"
    __table_args__ = table_args(
        CheckConstraint("used >= 0 AND used <= uses", name="used"),
        UniqueConstraint("code_key", name="uq_ecommerce_voucher_code"),
        Index("ix_ecommerce_voucher_created", "created_at", "id"),
        Index("ix_ecommerce_voucher_code", "code_key", "id"),
    )
    code: str = Column(nullable=False)
    code_key: str = Column(sa_type=SortKey, nullable=False)
    percent: int | None = None  # whole percent off every line
    amount_minor: int | None = Column(default=None, sa_type=BigInt)  # off the sum, tax included
    currency: str = Column(nullable=False)
    uses: int = Column(default=1, nullable=False)
    used: int = Column(default=0, nullable=False)
    valid_from: date | None = None
    valid_until: date | None = None  # the last day


class Shopper(ShopRecord, table=True):
    """What the shop knows of a customer, kept with each order and each touch of a cart."""

    __tablename__ = "ecommerce_shopper"
    __table_args__ = table_args(
        Index("ix_ecommerce_shopper_created", "created_at", "id"),
        Index("ix_ecommerce_shopper_orders", "orders", "id"),
    )
    name: str = Column(default="", nullable=False)  # nothing: the rules say the facts in a few words
    customer_id: int = reference("core_customer", unique=True)
    orders: int = Column(default=0, nullable=False)
    last_order_at: datetime | None = instant(nullable=True, index=True)
    currency: str = Column(nullable=False)
    open_cart_minor: int = Column(default=0, sa_type=BigInt, nullable=False)
    open_cart_at: datetime | None = instant(nullable=True)
