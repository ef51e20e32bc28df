"""The tables of the catalogue, and the tax rates of a few countries to begin with."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Country, standard and reduced rate in hundredths of a percent.
RATES = (
    ("AT", "USt.", 2000, 1000),
    ("BE", "TVA / BTW", 2100, 600),
    ("CH", "MWST", 810, 260),
    ("DE", "USt.", 1900, 700),
    ("ES", "IVA", 2100, 1000),
    ("FR", "TVA", 2000, 550),
    ("GB", "VAT", 2000, 500),
    ("IT", "IVA", 2200, 1000),
    ("NL", "BTW", 2100, 900),
)


def upgrade() -> None:
    op.create_table(
        "catalog_product",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("sku_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("match_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column(
            "category_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("tax_class", sa.String(), nullable=False),
        sa.Column("list_price_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_product")),
        sa.UniqueConstraint("sku_key", name="uq_catalog_product_sku_key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("catalog_product", schema=None) as batch_op:
        batch_op.create_index("ix_catalog_product_category", ["category_key", "name_key", "id"], unique=False)
        batch_op.create_index("ix_catalog_product_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_catalog_product_name", ["name_key", "id"], unique=False)
        batch_op.create_index("ix_catalog_product_sku", ["sku_key", "id"], unique=False)

    op.create_table(
        "catalog_tax_rate",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("tax_class", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_tax_rate")),
        sa.UniqueConstraint("country", "tax_class", "valid_from", name="uq_catalog_tax_rate"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("catalog_tax_rate", schema=None) as batch_op:
        batch_op.create_index("ix_catalog_tax_rate_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_catalog_tax_rate_name", ["name_key", "id"], unique=False)

    op.create_table(
        "catalog_price",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("price_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("minimum_quantity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_catalog_price_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog_product.id"], name=op.f("fk_catalog_price_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_price")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("catalog_price", schema=None) as batch_op:
        batch_op.create_index("ix_catalog_price_created", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_catalog_price_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_catalog_price_name", ["name_key", "id"], unique=False)
        batch_op.create_index("ix_catalog_price_product", ["product_id", "currency"], unique=False)
    _begin_rates()


def downgrade() -> None:
    with op.batch_alter_table("catalog_price", schema=None) as batch_op:
        batch_op.drop_index("ix_catalog_price_product")
        batch_op.drop_index("ix_catalog_price_name")
        batch_op.drop_index(batch_op.f("ix_catalog_price_customer_id"))
        batch_op.drop_index("ix_catalog_price_created")

    op.drop_table("catalog_price")
    with op.batch_alter_table("catalog_tax_rate", schema=None) as batch_op:
        batch_op.drop_index("ix_catalog_tax_rate_name")
        batch_op.drop_index("ix_catalog_tax_rate_created")

    op.drop_table("catalog_tax_rate")
    with op.batch_alter_table("catalog_product", schema=None) as batch_op:
        batch_op.drop_index("ix_catalog_product_sku")
        batch_op.drop_index("ix_catalog_product_name")
        batch_op.drop_index("ix_catalog_product_created")
        batch_op.drop_index("ix_catalog_product_category")

    op.drop_table("catalog_product")


def _begin_rates() -> None:
    now = datetime.now(UTC)
    rates = sa.table(
        "catalog_tax_rate",
        *(
            sa.column(name, kind)
            for name, kind in (
                ("version", sa.Integer()),
                ("created_at", sa.DateTime(timezone=True)),
                ("updated_at", sa.DateTime(timezone=True)),
                ("name", sa.String()),
                ("name_key", sa.Text()),
                ("country", sa.String()),
                ("tax_class", sa.String()),
                ("percent", sa.Integer()),
                ("valid_from", sa.Date()),
            )
        ),
    )
    op.bulk_insert(
        rates,
        [
            {
                "version": 1,
                "created_at": now,
                "updated_at": now,
                "name": f"{name} {percent / 100:g} %",
                "name_key": f"{country} {name} {percent / 100:g} %".lower(),
                "country": country,
                "tax_class": tax_class,
                "percent": percent,
                "valid_from": date(2024, 1, 1),
            }
            for country, name, standard, reduced in RATES
            for tax_class, percent in (("standard", standard), ("reduced", reduced))
        ],
    )
