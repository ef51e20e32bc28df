"""What imports changed, so that they can be taken back"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("core_import") as batch_op:
        batch_op.add_column(sa.Column("undone", BIG, nullable=False, server_default="0"))
    with op.batch_alter_table("core_import") as batch_op:
        batch_op.alter_column("undone", server_default=None)
    with op.batch_alter_table("core_import_row") as batch_op:
        batch_op.add_column(sa.Column("undo", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("core_import_row") as batch_op:
        batch_op.alter_column("undo", server_default=None)
    op.create_table(
        "core_import_change",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("row_id", BIG, nullable=False),
        sa.Column("record_id", BIG, nullable=True),
        sa.Column("changes", LIST, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["core_import.id"], name=op.f("fk_core_import_change_import_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import_change")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_import_change") as batch_op:
        batch_op.create_index("ix_core_import_change_row", ["import_id", "row_id"])


def downgrade() -> None:
    op.drop_table("core_import_change")
    with op.batch_alter_table("core_import_row") as batch_op:
        batch_op.drop_column("undo")
    with op.batch_alter_table("core_import") as batch_op:
        batch_op.drop_column("undone")
