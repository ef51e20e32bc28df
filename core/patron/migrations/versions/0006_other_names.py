"""Customers are found by the names that they have or had beside their own"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = sa.table("core_customer_name", *map(sa.column, ("id", "customer_id", "match_key")))
    entry = sa.table("core_search", *map(sa.column, ("resource", "record_id", "text")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(name.c.customer_id, name.c.match_key).order_by(name.c.id)).all():
        words = "".join(f"  {word}" for word in row.match_key.split())  # as the search keeps words
        mine = (entry.c.resource == "customers") & (entry.c.record_id == row.customer_id)
        connection.execute(entry.update().where(mine).values(text=entry.c.text + words))


def downgrade() -> None:
    """What is found beyond need does no harm: an entry is written anew with its customer's next change."""
