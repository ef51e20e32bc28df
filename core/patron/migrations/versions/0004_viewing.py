"""Sessions in which a user sees a portal as one of its accounts"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("core_sign_in") as batch_op:
        batch_op.add_column(
            sa.Column("viewer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(op.f("fk_core_sign_in_viewer_id"), "core_user", ["viewer_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_core_sign_in_viewer_id"), ["viewer_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("core_sign_in") as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_sign_in_viewer_id"))
        batch_op.drop_constraint(op.f("fk_core_sign_in_viewer_id"), type_="foreignkey")
        batch_op.drop_column("viewer_id")
