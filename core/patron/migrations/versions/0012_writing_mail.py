"""Mailboxes of persons and teams with their sent mail, texts to begin a mail with, and addresses to copy mail to"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> "sa.Column[int]":
    return sa.Column("id", BIG, sa.Identity(always=False), nullable=False)


def _record() -> "list[sa.Column[object]]":
    when = sa.DateTime(timezone=True)
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", when, nullable=False),
        sa.Column("updated_at", when, nullable=False),
        sa.Column("trashed_at", when, nullable=True),
    ]


def upgrade() -> None:
    with op.batch_alter_table("core_mailbox") as batch_op:
        batch_op.add_column(sa.Column("owner_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("team_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("sent_uidvalidity", BIG, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("sent_uid", BIG, nullable=False, server_default="0"))
        batch_op.create_foreign_key(
            op.f("fk_core_mailbox_owner_id_core_user"), "core_user", ["owner_id"], ["id"]
        )
        batch_op.create_foreign_key(
            op.f("fk_core_mailbox_team_id_core_team"), "core_team", ["team_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_core_mailbox_owner_id"), ["owner_id"])
        batch_op.create_index(op.f("ix_core_mailbox_team_id"), ["team_id"])
    op.create_table(
        "core_mail_template",
        _id(),
        *_record(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mail_template")),
        sa.UniqueConstraint("name", name=op.f("uq_core_mail_template_name")),
    )
    with op.batch_alter_table("core_mail_template") as batch_op:
        batch_op.create_index("ix_core_mail_template_name_key", ["name_key", "id"])
    op.create_table(
        "core_mail_drop",
        _id(),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_mail_drop_user_id_core_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mail_drop")),
        sa.UniqueConstraint("user_id", name=op.f("uq_core_mail_drop_user_id")),
        sa.UniqueConstraint("token", name=op.f("uq_core_mail_drop_token")),
    )


def downgrade() -> None:
    op.drop_table("core_mail_drop")
    op.drop_table("core_mail_template")
    with op.batch_alter_table("core_mailbox") as batch_op:
        for name in ("team_id", "owner_id"):
            batch_op.drop_index(op.f(f"ix_core_mailbox_{name}"))
        batch_op.drop_constraint(op.f("fk_core_mailbox_team_id_core_team"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_core_mailbox_owner_id_core_user"), type_="foreignkey")
        for name in ("sent_uid", "sent_uidvalidity", "team_id", "owner_id"):
            batch_op.drop_column(name)
