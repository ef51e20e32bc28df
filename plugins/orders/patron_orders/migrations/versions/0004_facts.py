"""What is known of each customer as a buyer"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders_customer",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("lifetime_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_order_on", sa.Date(), nullable=True),
        sa.Column("owed_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_orders_customer_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_customer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders_customer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_orders_customer_customer_id"), ["customer_id"], unique=True)
        batch_op.create_index("ix_orders_customer_orders", ["orders", "customer_id"], unique=False)
        batch_op.create_index("ix_orders_customer_lifetime", ["lifetime_minor", "customer_id"], unique=False)
        batch_op.create_index("ix_orders_customer_last", ["last_order_on", "customer_id"], unique=False)
        batch_op.create_index("ix_orders_customer_owed", ["owed_minor", "customer_id"], unique=False)


def downgrade() -> None:
    op.drop_table("orders_customer")
