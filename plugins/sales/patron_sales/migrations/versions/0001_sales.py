"""The tables of sales"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sales_opportunity",
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
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("value_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("close_date", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=False),
        sa.Column("next_step_date", sa.Date(), nullable=True),
        sa.Column("attention", sa.String(), nullable=False),
        sa.Column("lost_reason", sa.String(), nullable=False),
        sa.Column("won_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["core_customer.id"], name=op.f("fk_sales_opportunity_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_sales_opportunity_customer_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_sales_opportunity_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_sales_opportunity_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_opportunity")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sales_opportunity", schema=None) as batch_op:
        batch_op.create_index("ix_sales_opportunity_close", ["close_date", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_opportunity_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_created", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_sales_opportunity_customer", ["customer_id", "close_date", "id"], unique=False
        )
        batch_op.create_index("ix_sales_opportunity_name", ["name_key", "id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_owner", ["owner_id", "stage", "id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_stage", ["stage", "updated_at", "id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_team", ["team_id", "stage", "id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_updated", ["updated_at", "id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_value", ["value_minor", "id"], unique=False)
        batch_op.create_index("ix_sales_opportunity_won", ["won_at"], unique=False)

    op.create_table(
        "sales_enquiry",
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
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("assigned_because", sa.String(), nullable=False),
        sa.Column("opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_sales_enquiry_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sales_opportunity.id"], name=op.f("fk_sales_enquiry_opportunity_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_sales_enquiry_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_sales_enquiry_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_enquiry")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sales_enquiry", schema=None) as batch_op:
        batch_op.create_index("ix_sales_enquiry_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_sales_enquiry_customer", ["customer_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_enquiry_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index("ix_sales_enquiry_owner", ["owner_id", "status", "id"], unique=False)
        batch_op.create_index("ix_sales_enquiry_status", ["status", "updated_at", "id"], unique=False)
        batch_op.create_index("ix_sales_enquiry_team", ["team_id", "status", "id"], unique=False)
        batch_op.create_index("ix_sales_enquiry_updated", ["updated_at", "id"], unique=False)

    op.create_table(
        "sales_quote",
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
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gross_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("decline_reason", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_sales_quote_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sales_opportunity.id"], name=op.f("fk_sales_quote_opportunity_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_sales_quote_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_sales_quote_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_quote")),
        sa.UniqueConstraint("number", name=op.f("uq_sales_quote_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sales_quote", schema=None) as batch_op:
        batch_op.create_index("ix_sales_quote_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_sales_quote_customer", ["customer_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_sales_quote_number", ["number_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_quote_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index("ix_sales_quote_owner", ["owner_id", "status", "id"], unique=False)
        batch_op.create_index("ix_sales_quote_status", ["status", "valid_until", "id"], unique=False)
        batch_op.create_index("ix_sales_quote_team", ["team_id", "status", "id"], unique=False)
        batch_op.create_index("ix_sales_quote_updated", ["updated_at", "id"], unique=False)

    op.create_table(
        "sales_quote_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("quote_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("tax_hundredths", sa.Integer(), nullable=False),
        sa.Column("discount_hundredths", sa.Integer(), nullable=False),
        sa.Column("net_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trace", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["quote_id"], ["sales_quote.id"], name=op.f("fk_sales_quote_line_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_quote_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sales_quote_line", schema=None) as batch_op:
        batch_op.create_index("ix_sales_quote_line_quote", ["quote_id", "position"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sales_quote_line", schema=None) as batch_op:
        batch_op.drop_index("ix_sales_quote_line_quote")

    op.drop_table("sales_quote_line")
    with op.batch_alter_table("sales_quote", schema=None) as batch_op:
        batch_op.drop_index("ix_sales_quote_updated")
        batch_op.drop_index("ix_sales_quote_team")
        batch_op.drop_index("ix_sales_quote_status")
        batch_op.drop_index("ix_sales_quote_owner")
        batch_op.drop_index(batch_op.f("ix_sales_quote_opportunity_id"))
        batch_op.drop_index("ix_sales_quote_number")
        batch_op.drop_index("ix_sales_quote_customer")
        batch_op.drop_index("ix_sales_quote_created")

    op.drop_table("sales_quote")
    with op.batch_alter_table("sales_enquiry", schema=None) as batch_op:
        batch_op.drop_index("ix_sales_enquiry_updated")
        batch_op.drop_index("ix_sales_enquiry_team")
        batch_op.drop_index("ix_sales_enquiry_status")
        batch_op.drop_index("ix_sales_enquiry_owner")
        batch_op.drop_index(batch_op.f("ix_sales_enquiry_opportunity_id"))
        batch_op.drop_index("ix_sales_enquiry_customer")
        batch_op.drop_index("ix_sales_enquiry_created")

    op.drop_table("sales_enquiry")
    with op.batch_alter_table("sales_opportunity", schema=None) as batch_op:
        batch_op.drop_index("ix_sales_opportunity_won")
        batch_op.drop_index("ix_sales_opportunity_value")
        batch_op.drop_index("ix_sales_opportunity_updated")
        batch_op.drop_index("ix_sales_opportunity_team")
        batch_op.drop_index("ix_sales_opportunity_stage")
        batch_op.drop_index("ix_sales_opportunity_owner")
        batch_op.drop_index("ix_sales_opportunity_name")
        batch_op.drop_index("ix_sales_opportunity_customer")
        batch_op.drop_index("ix_sales_opportunity_created")
        batch_op.drop_index(batch_op.f("ix_sales_opportunity_contact_id"))
        batch_op.drop_index("ix_sales_opportunity_close")

    op.drop_table("sales_opportunity")
