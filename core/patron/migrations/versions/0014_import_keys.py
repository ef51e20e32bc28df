"""Names of records in the systems that they came from"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "core_import_key",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("record_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import_key")),
        sa.UniqueConstraint("resource", "source", "name", name="uq_core_import_key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_import_key") as batch_op:
        batch_op.create_index("ix_core_import_key_record", ["resource", "record_id"])


def downgrade() -> None:
    op.drop_table("core_import_key")
