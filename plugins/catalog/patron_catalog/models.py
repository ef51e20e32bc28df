"""The catalogue's tables: products, prices beside the list price, and tax rates."""

from __future__ import annotations

from datetime import date

from patron import BigInt, Column, Record, SortKey, new_registry, reference, table_args
from sqlalchemy import Index, UniqueConstraint


class CatalogRecord(Record, registry=new_registry()):
    """The base of the catalogue's records."""


class Product(CatalogRecord, table=True):
    """Something the firm sells. ``sku_key`` (folded) is unique, so that AB-1 and ab-1 are one article."""

    __tablename__ = "catalog_product"
    __table_args__ = table_args(
        UniqueConstraint("sku_key", name="uq_catalog_product_sku_key"),
        Index("ix_catalog_product_name", "name_key", "id"),
        Index("ix_catalog_product_sku", "sku_key", "id"),
        Index("ix_catalog_product_created", "created_at", "id"),
        Index("ix_catalog_product_category", "category_key", "name_key", "id"),
    )
    sku: str = Column(nullable=False)
    sku_key: str = Column(sa_type=SortKey, nullable=False)
    name: str = Column(nullable=False)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    match_key: str = Column(default="", sa_type=SortKey, nullable=False)
    description: str = Column(default="", nullable=False)
    unit: str = Column(default="piece", nullable=False)
    category: str = Column(default="", nullable=False)
    category_key: str = Column(default="", sa_type=SortKey, nullable=False)
    active: bool = Column(default=True, nullable=False)
    tax_class: str = Column(default="standard", nullable=False)  # standard | reduced | zero
    list_price_minor: int = Column(sa_type=BigInt, nullable=False)
    cost_minor: int | None = Column(default=None, sa_type=BigInt)  # what one costs the firm
    currency: str = Column(nullable=False)


class Price(CatalogRecord, table=True):
    """A price beside the list price: another currency, a quantity, a customer of its own, a time; or all of these."""

    __tablename__ = "catalog_price"
    __table_args__ = table_args(
        Index("ix_catalog_price_product", "product_id", "currency"),
        Index("ix_catalog_price_name", "name_key", "id"),
        Index("ix_catalog_price_created", "created_at", "id"),
    )
    name: str = Column(default="", nullable=False)  # made of the rest: what lists and links show
    name_key: str = Column(default="", sa_type=SortKey, nullable=False)
    product_id: int = reference("catalog_product", index=False)
    customer_id: int | None = reference("core_customer", nullable=True)
    price_minor: int = Column(sa_type=BigInt, nullable=False)
    currency: str = Column(nullable=False)
    minimum_quantity: int = Column(default=1, sa_type=BigInt, nullable=False)  # in whole units
    valid_from: date | None = None
    valid_until: date | None = None  # the last day


class TaxRate(CatalogRecord, table=True):
    """A rate of a country for a class of products, from a day on until the next one."""

    __tablename__ = "catalog_tax_rate"
    __table_args__ = table_args(
        UniqueConstraint("country", "tax_class", "valid_from", name="uq_catalog_tax_rate"),
        Index("ix_catalog_tax_rate_name", "name_key", "id"),
        Index("ix_catalog_tax_rate_created", "created_at", "id"),
    )
    name: str = Column(nullable=False)
    name_key: str = Column(default="", sa_type=SortKey, nullable=False)
    country: str = Column(nullable=False)  # ISO 3166-1, two letters
    tax_class: str = Column(default="standard", nullable=False)  # standard | reduced | zero
    percent: int = Column(nullable=False)  # in hundredths: 1900 is 19 %
    valid_from: date = Column(nullable=False)
