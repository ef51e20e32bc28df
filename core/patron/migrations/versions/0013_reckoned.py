"""Stages by the firm's definition, and data quality"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PARTS = ("score", "completeness", "validity", "freshness", "uniqueness")


def _parts() -> "tuple[sa.Column[Any], ...]":
    return tuple(sa.Column(name, sa.Integer(), nullable=False) for name in PARTS)


def _of_customer(name: str, *columns: "sa.Column[Any]") -> None:
    op.create_table(
        name,
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["customer_id"], ["core_customer.id"], name=op.f(f"fk_{name}_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table(name) as batch_op:
        batch_op.create_index(batch_op.f(f"ix_{name}_customer_id"), ["customer_id"], unique=True)


def upgrade() -> None:
    op.create_table(
        "core_stage_definition",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_stage_definition")),
        sqlite_autoincrement=True,
    )
    _of_customer(
        "core_customer_stage",
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("definition", BIG, nullable=False),
    )
    _of_customer(
        "core_customer_quality",
        *_parts(),
        sa.Column("first_fix", sa.String(), nullable=False),
        sa.Column("fixes", sa.String(), nullable=False),
        sa.Column("as_of", TIME, nullable=False),
    )
    with op.batch_alter_table("core_customer_stage") as batch_op:
        batch_op.create_index("ix_core_customer_stage_stage", ["stage", "customer_id"])
    with op.batch_alter_table("core_customer_quality") as batch_op:
        batch_op.create_index("ix_core_customer_quality_score", ["score", "customer_id"])
        batch_op.create_index("ix_core_customer_quality_fix", ["first_fix", "customer_id"])
    op.create_table(
        "core_base_quality",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("customers", BIG, nullable=False),
        *_parts(),
        sa.Column("fixes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_base_quality")),
        sa.UniqueConstraint("day", "source", name="uq_core_base_quality"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for name in (
        "core_base_quality",
        "core_customer_quality",
        "core_customer_stage",
        "core_stage_definition",
    ):
        op.drop_table(name)
