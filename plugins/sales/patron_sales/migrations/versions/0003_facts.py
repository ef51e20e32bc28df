"""What is known of each customer's sales"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sales_customer",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_opportunities", sa.Integer(), nullable=False),
        sa.Column("open_value_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("won", sa.Integer(), nullable=False),
        sa.Column("won_value_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_won_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_sales_customer_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_customer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sales_customer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sales_customer_customer_id"), ["customer_id"], unique=True)
        batch_op.create_index("ix_sales_customer_open", ["open_opportunities", "customer_id"], unique=False)
        batch_op.create_index(
            "ix_sales_customer_open_value", ["open_value_minor", "customer_id"], unique=False
        )
        batch_op.create_index("ix_sales_customer_won", ["won_value_minor", "customer_id"], unique=False)
        batch_op.create_index("ix_sales_customer_last", ["last_won_at", "customer_id"], unique=False)


def downgrade() -> None:
    op.drop_table("sales_customer")
