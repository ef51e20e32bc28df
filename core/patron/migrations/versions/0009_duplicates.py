"""Pairs of customers that are probably one"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "core_duplicate",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("first_id", BIG, nullable=False),
        sa.Column("second_id", BIG, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", LIST, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_duplicate")),
        sa.UniqueConstraint("first_id", "second_id", name="uq_core_duplicate"),
    )
    with op.batch_alter_table("core_duplicate") as batch_op:
        batch_op.create_index("ix_core_duplicate_queue", ["state", "score", "id"])
        batch_op.create_index("ix_core_duplicate_second", ["second_id"])


def downgrade() -> None:
    op.drop_table("core_duplicate")
