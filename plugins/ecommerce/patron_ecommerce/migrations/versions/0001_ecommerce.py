"""The tables of the shop."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ecommerce_payment_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_payment_event")),
        sa.UniqueConstraint("provider", "event_id", name="uq_ecommerce_payment_event"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_payment_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ecommerce_payment_event_reference", ["provider", "reference", "id"], unique=False
        )

    op.create_table(
        "ecommerce_stock",
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
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("low_at", sa.Integer(), nullable=False),
        sa.CheckConstraint("free = on_hand - reserved", name=op.f("ck_ecommerce_stock_free")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_ecommerce_stock_on_hand")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_ecommerce_stock_reserved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_stock")),
        sa.UniqueConstraint("product_id", name=op.f("uq_ecommerce_stock_product_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_stock", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_stock_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_ecommerce_stock_free", ["free", "id"], unique=False)
        batch_op.create_index("ix_ecommerce_stock_name", ["name_key", "id"], unique=False)

    op.create_table(
        "ecommerce_voucher",
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
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("code_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint("used >= 0 AND used <= uses", name=op.f("ck_ecommerce_voucher_used")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_voucher")),
        sa.UniqueConstraint("code_key", name="uq_ecommerce_voucher_code"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_voucher", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_voucher_code", ["code_key", "id"], unique=False)
        batch_op.create_index("ix_ecommerce_voucher_created", ["created_at", "id"], unique=False)

    op.create_table(
        "ecommerce_cart",
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
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_ecommerce_cart_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_ecommerce_cart_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"], ["ecommerce_voucher.id"], name=op.f("fk_ecommerce_cart_voucher_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_cart")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_ecommerce_cart_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_cart", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_cart_account", ["account_id", "status"], unique=False)
        batch_op.create_index("ix_ecommerce_cart_created", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_ecommerce_cart_customer", ["customer_id", "status", "touched_at"], unique=False
        )
        batch_op.create_index("ix_ecommerce_cart_status", ["status", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_ecommerce_cart_touched", ["touched_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ecommerce_cart_voucher_id"), ["voucher_id"], unique=False)

    op.create_table(
        "ecommerce_shopper",
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
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("last_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("open_cart_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_cart_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_ecommerce_shopper_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_shopper")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_shopper", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_shopper_created", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ecommerce_shopper_customer_id"), ["customer_id"], unique=True)
        batch_op.create_index(
            batch_op.f("ix_ecommerce_shopper_last_order_at"), ["last_order_at"], unique=False
        )
        batch_op.create_index("ix_ecommerce_shopper_orders", ["orders", "id"], unique=False)

    op.create_table(
        "ecommerce_cart_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("cart_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_ecommerce_cart_line_quantity")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["ecommerce_cart.id"], name=op.f("fk_ecommerce_cart_line_cart_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_cart_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_cart_line", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_cart_line_cart", ["cart_id", "id"], unique=False)

    op.create_table(
        "ecommerce_checkout",
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
        sa.Column("track_key", sa.String(), nullable=False),
        sa.Column("cart_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("line1", sa.String(), nullable=False),
        sa.Column("line2", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("delivery_note", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("voucher_code", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_ecommerce_checkout_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["ecommerce_cart.id"], name=op.f("fk_ecommerce_checkout_cart_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_ecommerce_checkout_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_checkout")),
        sa.UniqueConstraint("cart_id", name=op.f("uq_ecommerce_checkout_cart_id")),
        sa.UniqueConstraint("order_id", name=op.f("uq_ecommerce_checkout_order_id")),
        sa.UniqueConstraint("track_key", name=op.f("uq_ecommerce_checkout_track_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_checkout", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ecommerce_checkout_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_ecommerce_checkout_created", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_ecommerce_checkout_customer", ["customer_id", "placed_at", "id"], unique=False
        )
        batch_op.create_index("ix_ecommerce_checkout_email", ["email_key", "claimed_at"], unique=False)
        batch_op.create_index("ix_ecommerce_checkout_placed", ["placed_at", "id"], unique=False)

    op.create_table(
        "ecommerce_payment",
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
        sa.Column("checkout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("open_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["ecommerce_checkout.id"], name=op.f("fk_ecommerce_payment_checkout_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_ecommerce_payment_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_payment")),
        sa.UniqueConstraint("checkout_id", name=op.f("uq_ecommerce_payment_checkout_id")),
        sa.UniqueConstraint("provider", "reference", name="uq_ecommerce_payment_reference"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_payment", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_payment_created", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ecommerce_payment_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_ecommerce_payment_state", ["state", "created_at", "id"], unique=False)

    op.create_table(
        "ecommerce_reservation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("checkout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["ecommerce_checkout.id"], name=op.f("fk_ecommerce_reservation_checkout_id")
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["ecommerce_stock.id"], name=op.f("fk_ecommerce_reservation_stock_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_reservation")),
        sa.UniqueConstraint("checkout_id", "stock_id", name="uq_ecommerce_reservation"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_reservation", schema=None) as batch_op:
        batch_op.create_index("ix_ecommerce_reservation_stock", ["stock_id", "state"], unique=False)

    op.create_table(
        "ecommerce_stock_move",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("stock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["ecommerce_checkout.id"], name=op.f("fk_ecommerce_stock_move_checkout_id")
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["ecommerce_stock.id"], name=op.f("fk_ecommerce_stock_move_stock_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecommerce_stock_move")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ecommerce_stock_move", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ecommerce_stock_move_checkout_id"), ["checkout_id"], unique=False
        )
        batch_op.create_index("ix_ecommerce_stock_move_stock", ["stock_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("ecommerce_stock_move", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_stock_move_stock")
        batch_op.drop_index(batch_op.f("ix_ecommerce_stock_move_checkout_id"))

    op.drop_table("ecommerce_stock_move")
    with op.batch_alter_table("ecommerce_reservation", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_reservation_stock")

    op.drop_table("ecommerce_reservation")
    with op.batch_alter_table("ecommerce_payment", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_payment_state")
        batch_op.drop_index(batch_op.f("ix_ecommerce_payment_customer_id"))
        batch_op.drop_index("ix_ecommerce_payment_created")

    op.drop_table("ecommerce_payment")
    with op.batch_alter_table("ecommerce_checkout", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_checkout_placed")
        batch_op.drop_index("ix_ecommerce_checkout_email")
        batch_op.drop_index("ix_ecommerce_checkout_customer")
        batch_op.drop_index("ix_ecommerce_checkout_created")
        batch_op.drop_index(batch_op.f("ix_ecommerce_checkout_account_id"))

    op.drop_table("ecommerce_checkout")
    with op.batch_alter_table("ecommerce_cart_line", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_cart_line_cart")

    op.drop_table("ecommerce_cart_line")
    with op.batch_alter_table("ecommerce_shopper", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_shopper_orders")
        batch_op.drop_index(batch_op.f("ix_ecommerce_shopper_last_order_at"))
        batch_op.drop_index(batch_op.f("ix_ecommerce_shopper_customer_id"))
        batch_op.drop_index("ix_ecommerce_shopper_created")

    op.drop_table("ecommerce_shopper")
    with op.batch_alter_table("ecommerce_cart", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ecommerce_cart_voucher_id"))
        batch_op.drop_index("ix_ecommerce_cart_touched")
        batch_op.drop_index("ix_ecommerce_cart_status")
        batch_op.drop_index("ix_ecommerce_cart_customer")
        batch_op.drop_index("ix_ecommerce_cart_created")
        batch_op.drop_index("ix_ecommerce_cart_account")

    op.drop_table("ecommerce_cart")
    with op.batch_alter_table("ecommerce_voucher", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_voucher_created")
        batch_op.drop_index("ix_ecommerce_voucher_code")

    op.drop_table("ecommerce_voucher")
    with op.batch_alter_table("ecommerce_stock", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_stock_name")
        batch_op.drop_index("ix_ecommerce_stock_free")
        batch_op.drop_index("ix_ecommerce_stock_created")

    op.drop_table("ecommerce_stock")
    with op.batch_alter_table("ecommerce_payment_event", schema=None) as batch_op:
        batch_op.drop_index("ix_ecommerce_payment_event_reference")

    op.drop_table("ecommerce_payment_event")
