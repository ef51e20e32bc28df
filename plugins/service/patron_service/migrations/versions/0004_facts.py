"""What is known of each customer's tickets"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_customer",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_tickets", sa.Integer(), nullable=False),
        sa.Column("last_ticket_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_satisfaction", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_service_customer_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_customer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("service_customer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_customer_customer_id"), ["customer_id"], unique=True)
        batch_op.create_index("ix_service_customer_open", ["open_tickets", "customer_id"], unique=False)
        batch_op.create_index("ix_service_customer_last", ["last_ticket_at", "customer_id"], unique=False)
        batch_op.create_index(
            "ix_service_customer_satisfaction", ["last_satisfaction", "customer_id"], unique=False
        )


def downgrade() -> None:
    op.drop_table("service_customer")
