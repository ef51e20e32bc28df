"""The tables of orders, invoices, open items, payments and holds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders_hold",
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
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.String(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_orders_hold_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_hold")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_hold", schema=None) as batch_op:
        batch_op.create_index("ix_orders_hold_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_orders_hold_customer", ["customer_id", "released_at"], unique=False)
        batch_op.create_index("ix_orders_hold_placed", ["placed_at", "id"], unique=False)

    op.create_table(
        "orders_order",
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
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bill_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ship_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gross_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("customer_reference", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reference_resource", sa.String(), nullable=False),
        sa.Column("reference_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["bill_to_id"], ["core_customer.id"], name=op.f("fk_orders_order_bill_to_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_orders_order_customer_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_orders_order_owner_id")),
        sa.ForeignKeyConstraint(
            ["ship_to_id"], ["core_customer.id"], name=op.f("fk_orders_order_ship_to_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_orders_order_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_order")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_order_number")),
        sa.UniqueConstraint("reference_resource", "reference_id", name="uq_orders_order_reference"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_orders_order_bill_to_id"), ["bill_to_id"], unique=False)
        batch_op.create_index("ix_orders_order_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_orders_order_customer", ["customer_id", "ordered_on", "id"], unique=False)
        batch_op.create_index("ix_orders_order_number", ["number_key", "id"], unique=False)
        batch_op.create_index("ix_orders_order_ordered", ["ordered_on", "id"], unique=False)
        batch_op.create_index("ix_orders_order_owner", ["owner_id", "ordered_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_order_ship_to_id"), ["ship_to_id"], unique=False)
        batch_op.create_index("ix_orders_order_status", ["status", "ordered_on", "id"], unique=False)
        batch_op.create_index("ix_orders_order_team", ["team_id", "ordered_on", "id"], unique=False)

    op.create_table(
        "orders_invoice",
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
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gross_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["orders_invoice.id"], name=op.f("fk_orders_invoice_corrects_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_orders_invoice_customer_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders_order.id"], name=op.f("fk_orders_invoice_order_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_orders_invoice_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_orders_invoice_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_invoice_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_invoice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_orders_invoice_corrects_id"), ["corrects_id"], unique=False)
        batch_op.create_index("ix_orders_invoice_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_orders_invoice_customer", ["customer_id", "issued_on", "id"], unique=False)
        batch_op.create_index("ix_orders_invoice_issued", ["issued_on", "id"], unique=False)
        batch_op.create_index("ix_orders_invoice_number", ["number_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_invoice_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_invoice_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_invoice_team_id"), ["team_id"], unique=False)
        batch_op.create_index(
            "uq_orders_invoice_order",
            ["order_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'invoice' AND status <> 'cancelled'"),
            postgresql_where=sa.text("kind = 'invoice' AND status <> 'cancelled'"),
        )

    op.create_table(
        "orders_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("discount_hundredths", sa.Integer(), nullable=False),
        sa.Column("tax_hundredths", sa.Integer(), nullable=False),
        sa.Column("net_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders_order.id"], name=op.f("fk_orders_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_line", schema=None) as batch_op:
        batch_op.create_index("ix_orders_line_order", ["order_id", "position"], unique=False)

    op.create_table(
        "orders_open_item",
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
        sa.Column("invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paid_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "paid_minor >= 0 AND paid_minor <= amount_minor", name=op.f("ck_orders_open_item_paid")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_orders_open_item_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["orders_invoice.id"], name=op.f("fk_orders_open_item_invoice_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_orders_open_item_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_orders_open_item_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_open_item")),
        sa.UniqueConstraint("invoice_id", name=op.f("uq_orders_open_item_invoice_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_open_item", schema=None) as batch_op:
        batch_op.create_index("ix_orders_open_item_created", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_orders_open_item_customer", ["customer_id", "state", "due_on"], unique=False
        )
        batch_op.create_index("ix_orders_open_item_due", ["due_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_open_item_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("ix_orders_open_item_state", ["state", "due_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_open_item_team_id"), ["team_id"], unique=False)

    op.create_table(
        "orders_payment",
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
        sa.Column("open_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("bank_reference", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_orders_payment_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["open_item_id"], ["orders_open_item.id"], name=op.f("fk_orders_payment_open_item_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_orders_payment_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_orders_payment_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_payment")),
        sa.UniqueConstraint("token", name=op.f("uq_orders_payment_token")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_payment", schema=None) as batch_op:
        batch_op.create_index("ix_orders_payment_created", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_payment_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_payment_open_item_id"), ["open_item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_payment_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("ix_orders_payment_paid_on", ["paid_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_payment_team_id"), ["team_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("orders_payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_orders_payment_team_id"))
        batch_op.drop_index("ix_orders_payment_paid_on")
        batch_op.drop_index(batch_op.f("ix_orders_payment_owner_id"))
        batch_op.drop_index(batch_op.f("ix_orders_payment_open_item_id"))
        batch_op.drop_index(batch_op.f("ix_orders_payment_customer_id"))
        batch_op.drop_index("ix_orders_payment_created")

    op.drop_table("orders_payment")
    with op.batch_alter_table("orders_open_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_orders_open_item_team_id"))
        batch_op.drop_index("ix_orders_open_item_state")
        batch_op.drop_index(batch_op.f("ix_orders_open_item_owner_id"))
        batch_op.drop_index("ix_orders_open_item_due")
        batch_op.drop_index("ix_orders_open_item_customer")
        batch_op.drop_index("ix_orders_open_item_created")

    op.drop_table("orders_open_item")
    with op.batch_alter_table("orders_line", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_line_order")

    op.drop_table("orders_line")
    with op.batch_alter_table("orders_invoice", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_orders_invoice_order",
            sqlite_where=sa.text("kind = 'invoice' AND status <> 'cancelled'"),
            postgresql_where=sa.text("kind = 'invoice' AND status <> 'cancelled'"),
        )
        batch_op.drop_index(batch_op.f("ix_orders_invoice_team_id"))
        batch_op.drop_index(batch_op.f("ix_orders_invoice_owner_id"))
        batch_op.drop_index(batch_op.f("ix_orders_invoice_order_id"))
        batch_op.drop_index("ix_orders_invoice_number")
        batch_op.drop_index("ix_orders_invoice_issued")
        batch_op.drop_index("ix_orders_invoice_customer")
        batch_op.drop_index("ix_orders_invoice_created")
        batch_op.drop_index(batch_op.f("ix_orders_invoice_corrects_id"))

    op.drop_table("orders_invoice")
    with op.batch_alter_table("orders_order", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_order_team")
        batch_op.drop_index("ix_orders_order_status")
        batch_op.drop_index(batch_op.f("ix_orders_order_ship_to_id"))
        batch_op.drop_index("ix_orders_order_owner")
        batch_op.drop_index("ix_orders_order_ordered")
        batch_op.drop_index("ix_orders_order_number")
        batch_op.drop_index("ix_orders_order_customer")
        batch_op.drop_index("ix_orders_order_created")
        batch_op.drop_index(batch_op.f("ix_orders_order_bill_to_id"))

    op.drop_table("orders_order")
    with op.batch_alter_table("orders_hold", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_hold_placed")
        batch_op.drop_index("ix_orders_hold_customer")
        batch_op.drop_index("ix_orders_hold_created")

    op.drop_table("orders_hold")
