"""How a customer first came"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_origin",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("medium", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_origin_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_origin")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_origin", schema=None) as batch_op:
        batch_op.create_index("ix_core_origin_campaign", ["campaign", "customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_origin_customer_id"), ["customer_id"], unique=True)


def downgrade() -> None:
    op.drop_table("core_origin")
