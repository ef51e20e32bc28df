"""The brand under which it came"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service_ticket") as batch_op:
        batch_op.add_column(
            sa.Column("brand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(op.f("fk_service_ticket_brand_id"), "core_brand", ["brand_id"], ["id"])
    op.execute("UPDATE service_ticket SET brand_id = (SELECT min(id) FROM core_brand)")


def downgrade() -> None:
    with op.batch_alter_table("service_ticket") as batch_op:
        batch_op.drop_constraint(op.f("fk_service_ticket_brand_id"), type_="foreignkey")
        batch_op.drop_column("brand_id")
