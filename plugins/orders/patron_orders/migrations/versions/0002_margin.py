"""What was sold cost the firm something: on each line, and summed on the invoice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AMOUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("orders_line") as batch_op:
        batch_op.add_column(sa.Column("unit_cost_minor", AMOUNT, nullable=True))
    with op.batch_alter_table("orders_invoice") as batch_op:
        batch_op.add_column(sa.Column("margin_minor", AMOUNT, nullable=False, server_default="0"))
    # Costs before now are not known, so all of an older invoice's net is margin.
    op.execute("UPDATE orders_invoice SET margin_minor = net_minor")
    with op.batch_alter_table("orders_invoice") as batch_op:
        batch_op.alter_column("margin_minor", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("orders_invoice") as batch_op:
        batch_op.drop_column("margin_minor")
    with op.batch_alter_table("orders_line") as batch_op:
        batch_op.drop_column("unit_cost_minor")
