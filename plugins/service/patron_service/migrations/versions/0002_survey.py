"""How satisfied customers were with solved tickets"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "service_survey",
        sa.Column("id", _key(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.Column("customer_id", _key(), nullable=True),
        sa.Column("contact_id", _key(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", _key(), nullable=True),
        sa.Column("team_id", _key(), nullable=True),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_service_survey_score")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["core_customer.id"], name=op.f("fk_service_survey_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_service_survey_customer_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_service_survey_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_service_survey_team_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["service_ticket.id"], name=op.f("fk_service_survey_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_survey")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_service_survey_secret_hash")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_service_survey_ticket_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("service_survey", schema=None) as batch_op:
        batch_op.create_index("ix_service_survey_asked", ["asked_at", "id"], unique=False)
        batch_op.create_index("ix_service_survey_answered", ["answered_at", "id"], unique=False)
        batch_op.create_index("ix_service_survey_customer", ["customer_id", "answered_at"], unique=False)
        for column in ("contact_id", "owner_id", "team_id"):
            batch_op.create_index(batch_op.f(f"ix_service_survey_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("service_survey")
