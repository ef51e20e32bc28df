"""The partner through whom it came"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sales_opportunity") as batch_op:
        batch_op.add_column(
            sa.Column("via_partner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(
            op.f("fk_sales_opportunity_via_partner_id"), "core_customer", ["via_partner_id"], ["id"]
        )
        batch_op.create_index(
            batch_op.f("ix_sales_opportunity_via_partner_id"), ["via_partner_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("sales_opportunity") as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_opportunity_via_partner_id"))
        batch_op.drop_constraint(op.f("fk_sales_opportunity_via_partner_id"), type_="foreignkey")
        batch_op.drop_column("via_partner_id")
