"""Telephone systems, their calls, and rules for intents"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def _record(*columns: "sa.Column[Any]") -> tuple["sa.Column[Any]", ...]:
    return (
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("trashed_at", TIME, nullable=True),
        *columns,
    )


def upgrade() -> None:
    op.create_table(
        "core_phone_line",
        *_record(
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("country", sa.String(), nullable=False),
            sa.Column("secret", sa.String(), nullable=False),
            sa.Column("active", sa.Boolean(), nullable=False),
            sa.Column("last_success_at", TIME, nullable=True),
            sa.Column("last_error", sa.String(), nullable=False),
            sa.Column("last_error_at", TIME, nullable=True),
            sa.Column("calls", BIG, nullable=False),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_phone_line")),
        sa.UniqueConstraint("name", name=op.f("uq_core_phone_line_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_call",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("line_id", BIG, nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("interaction_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["core_phone_line.id"], name=op.f("fk_core_call_line_id")),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_call_user_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["core_interaction.id"], name=op.f("fk_core_call_interaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_call")),
        sa.UniqueConstraint("line_id", "external_id", name="uq_core_call"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_call") as batch_op:
        batch_op.create_index("ix_core_call_state", ["state", "at", "id"])
        batch_op.create_index(batch_op.f("ix_core_call_interaction_id"), ["interaction_id"])
    op.create_table(
        "core_intent_rule",
        *_record(
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("channel", sa.String(), nullable=False),
            sa.Column("words", sa.String(), nullable=False),
            sa.Column("intent", sa.String(), nullable=False),
            sa.Column("position", sa.Integer(), nullable=False),
            sa.Column("active", sa.Boolean(), nullable=False),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_intent_rule")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_intent_rule") as batch_op:
        batch_op.create_index("ix_core_intent_rule_position", ["position", "id"])


def downgrade() -> None:
    op.drop_table("core_intent_rule")
    op.drop_table("core_call")
    op.drop_table("core_phone_line")
