"""Splits that a module missed while it was away"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("core_replay") as batch_op:
        batch_op.add_column(sa.Column("splits", LIST, nullable=False, server_default="[]"))
    with op.batch_alter_table("core_replay") as batch_op:
        batch_op.alter_column("splits", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("core_replay") as batch_op:
        batch_op.drop_column("splits")
