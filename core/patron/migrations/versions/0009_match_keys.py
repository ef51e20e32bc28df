"""Other names of organisations are compared without their legal form, as imports compare them"""

import sqlalchemy as sa
from alembic import op
from patron.customers.normalise import organisation_key  # the key that the imports of this day compare with

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = sa.table("core_customer_name", *map(sa.column, ("id", "customer_id", "name", "match_key")))
    customer = sa.table("core_customer", *map(sa.column, ("id", "kind")))
    connection = op.get_bind()
    kept = (
        sa.select(name.c.id, name.c.name, name.c.match_key)
        .join_from(name, customer, customer.c.id == name.c.customer_id)
        .where(customer.c.kind != "person")
    )
    for row in connection.execute(kept).all():
        if (key := organisation_key(row.name)) != row.match_key:
            connection.execute(name.update().where(name.c.id == row.id).values(match_key=key))


def downgrade() -> None:
    """The keys that 0006 found are none that anything before it compared with."""
