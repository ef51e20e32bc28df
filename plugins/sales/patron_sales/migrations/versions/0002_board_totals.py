"""An index from which a board's totals are read"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sales_opportunity", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sales_opportunity_totals", ["currency", "stage", "value_minor", "trashed_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("sales_opportunity", schema=None) as batch_op:
        batch_op.drop_index("ix_sales_opportunity_totals")
