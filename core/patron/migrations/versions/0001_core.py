"""The core's tables, and the rows without which nothing starts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_account",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("face", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_account")),
        sa.UniqueConstraint("face", "email", name="uq_core_account"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_audit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        batch_op.create_index("ix_core_audit_record", ["resource", "record_id", "id"], unique=False)

    op.create_table(
        "core_contact_point",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("display", sa.String(), nullable=False),
        sa.Column("parts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("deliverability", sa.String(), nullable=False),
        sa.Column("deliverability_reason", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_contact_point")),
        sa.UniqueConstraint("kind", "value", name="uq_core_contact_point"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_file",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_file")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_file_sha256"), ["sha256"], unique=False)

    op.create_table(
        "core_generation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_generation")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_idempotency",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("request_key", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_idempotency")),
        sa.UniqueConstraint("owner", "request_key", name="uq_core_idempotency"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_job",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("runs", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_job")),
        sa.UniqueConstraint("name", name=op.f("uq_core_job_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_legal_entity",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("tax_number", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_legal_entity")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_link",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("erase_as", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_link")),
        sa.UniqueConstraint("table_name", "column_name", name="uq_core_link"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_mailbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_uid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mailbox")),
        sa.UniqueConstraint("name", name=op.f("uq_core_mailbox_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_metric_snapshot",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_metric_snapshot")),
        sa.UniqueConstraint("metric", "day", "currency", name="uq_core_metric_snapshot"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_objective",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("target", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("baseline", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("baseline_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_objective")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("actor", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_outbox")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_outbox", schema=None) as batch_op:
        batch_op.create_index("ix_core_outbox_name", ["name", "at"], unique=False)

    op.create_table(
        "core_plugin",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_plugin")),
        sa.UniqueConstraint("name", name=op.f("uq_core_plugin_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_rate_limit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_rate_limit")),
        sa.UniqueConstraint("bucket", name=op.f("uq_core_rate_limit_bucket")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_replay",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("merge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("erasure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_replay")),
        sa.UniqueConstraint("module", name=op.f("uq_core_replay_module")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_role",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("grants", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_role")),
        sa.UniqueConstraint("name", name=op.f("uq_core_role_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_search",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("subtitle", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_search")),
        sa.UniqueConstraint("resource", "record_id", name="uq_core_search"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_search", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_search_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_core_search_title", ["resource", "title_key", "id"], unique=False)

    op.create_table(
        "core_setting",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_setting")),
        sa.UniqueConstraint("name", name=op.f("uq_core_setting_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_team",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_team")),
        sa.UniqueConstraint("name", name=op.f("uq_core_team_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_thread",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["core_thread.id"], name=op.f("fk_core_thread_merged_into_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_thread")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_thread", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_thread_merged_into_id"), ["merged_into_id"], unique=False)

    op.create_table(
        "core_user",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("manager_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["manager_id"], ["core_user.id"], name=op.f("fk_core_user_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user")),
        sa.UniqueConstraint("email", name=op.f("uq_core_user_email")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_user_manager_id"), ["manager_id"], unique=False)

    op.create_table(
        "core_audit_value",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("was", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("became", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["core_audit.id"], name=op.f("fk_core_audit_value_audit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit_value")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_audit_value", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_audit_value_audit_id"), ["audit_id"], unique=True)
        batch_op.create_index(batch_op.f("ix_core_audit_value_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "core_brand",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["core_legal_entity.id"], name=op.f("fk_core_brand_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_brand")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_brand", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_brand_legal_entity_id"), ["legal_entity_id"], unique=False)

    op.create_table(
        "core_bulk",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_bulk_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_bulk")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_bulk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_bulk_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_customer",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("match_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("suffix", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("primary_email", sa.String(), nullable=False),
        sa.Column("primary_phone", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("city_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("life_state", sa.String(), nullable=False),
        sa.Column("life_state_since", sa.Date(), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["core_customer.id"], name=op.f("fk_core_customer_merged_into_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_customer_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_customer_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_customer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_customer", schema=None) as batch_op:
        batch_op.create_index("ix_core_customer_city", ["city_key", "name_key", "id"], unique=False)
        batch_op.create_index("ix_core_customer_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_core_customer_email", ["primary_email"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_match_key"), ["match_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_index("ix_core_customer_name_key", ["name_key", "id"], unique=False)
        batch_op.create_index("ix_core_customer_owner", ["owner_id", "name_key", "id"], unique=False)
        batch_op.create_index("ix_core_customer_team", ["team_id", "name_key", "id"], unique=False)
        batch_op.create_index("ix_core_customer_updated", ["updated_at", "id"], unique=False)

    op.create_table(
        "core_delivery",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handler", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["core_outbox.id"], name=op.f("fk_core_delivery_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_delivery")),
        sa.UniqueConstraint("event_id", "handler", name="uq_core_delivery"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_delivery_due",
            ["handler", "event_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )
        batch_op.create_index(
            "ix_core_delivery_order",
            ["handler", "customer_id", "event_id"],
            unique=False,
            sqlite_where=sa.text("state <> 'done'"),
            postgresql_where=sa.text("state <> 'done'"),
        )
        batch_op.create_index(
            "ix_core_delivery_stuck",
            ["state", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('dead', 'parked')"),
            postgresql_where=sa.text("state IN ('dead', 'parked')"),
        )

    op.create_table(
        "core_file_link",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["core_file.id"], name=op.f("fk_core_file_link_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_file_link")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_file_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_file_link_file_id"), ["file_id"], unique=False)
        batch_op.create_index("ix_core_file_link_record", ["resource", "record_id"], unique=False)

    op.create_table(
        "core_import",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("match", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("updated", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("skipped", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rejected", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_import_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_import_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_mail",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reference_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("raw_sha256", sa.String(), nullable=False),
        sa.Column("raw_file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("visible_text", sa.String(), nullable=False),
        sa.Column("auto_reply", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["core_mailbox.id"], name=op.f("fk_core_mail_mailbox_id")),
        sa.ForeignKeyConstraint(["raw_file_id"], ["core_file.id"], name=op.f("fk_core_mail_raw_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mail")),
        sa.UniqueConstraint("raw_sha256", name=op.f("uq_core_mail_raw_sha256")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_mail_mailbox_id"), ["mailbox_id"], unique=False)
        batch_op.create_index("ix_core_mail_message_id", ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_mail_raw_file_id"), ["raw_file_id"], unique=False)

    op.create_table(
        "core_number_series",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["core_legal_entity.id"], name=op.f("fk_core_number_series_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_number_series")),
        sa.UniqueConstraint("name", "legal_entity_id", name="uq_core_number_series"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_saved_view",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_saved_view_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_saved_view_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_saved_view")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_saved_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_saved_view_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_saved_view_resource"), ["resource"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_saved_view_team_id"), ["team_id"], unique=False)

    op.create_table(
        "core_sign_in_link",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name=op.f("fk_core_sign_in_link_account_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_sign_in_link_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_sign_in_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core_sign_in_link_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_sign_in_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_sign_in_link_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_sign_in_link_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_team_member",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_team_member_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_team_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_team_member")),
        sa.UniqueConstraint("team_id", "user_id", name="uq_core_team_member"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_team_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_team_member_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_token",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core_token_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_user_role",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["core_role.id"], name=op.f("fk_core_user_role_role_id")),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_user_role_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user_role")),
        sa.UniqueConstraint("user_id", "role_id", name="uq_core_user_role"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_user_role", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_user_role_role_id"), ["role_id"], unique=False)

    op.create_table(
        "core_assignment",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_assignment_customer_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_assignment_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_assignment_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_assignment")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_assignment_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_assignment_team_id"), ["team_id"], unique=False)
        batch_op.create_index("ix_core_assignment_user", ["user_id", "customer_id"], unique=False)

    op.create_table(
        "core_consent",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("brand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["core_brand.id"], name=op.f("fk_core_consent_brand_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_consent_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_consent")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_consent", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_consent_customer", ["customer_id", "purpose", "channel", "at"], unique=False
        )

    op.create_table(
        "core_contact_holder",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("contact_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_point_id"],
            ["core_contact_point.id"],
            name=op.f("fk_core_contact_holder_contact_point_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_contact_holder_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_contact_holder")),
        sa.UniqueConstraint("contact_point_id", "customer_id", name="uq_core_contact_holder"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_contact_holder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_contact_holder_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "core_customer_name",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("match_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_customer_name_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_customer_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_customer_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_customer_name_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_name_match_key"), ["match_key"], unique=False)

    op.create_table(
        "core_customer_role",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_customer_role_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_customer_role")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_customer_role", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_customer_role_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_core_customer_role_role", ["role", "customer_id"], unique=False)

    op.create_table(
        "core_erasure_journal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_erasure_journal_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_erasure_journal")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_erasure_journal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_erasure_journal_customer_id"), ["customer_id"], unique=False
        )

    op.create_table(
        "core_external_id",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_external_id_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_external_id")),
        sa.UniqueConstraint("source", "value", name="uq_core_external_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_external_id", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_external_id_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "core_import_row",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("raw", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["core_import.id"], name=op.f("fk_core_import_row_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import_row")),
        sa.UniqueConstraint("import_id", "line", name="uq_core_import_row"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_import_row", schema=None) as batch_op:
        batch_op.create_index("ix_core_import_row_state", ["import_id", "state", "id"], unique=False)

    op.create_table(
        "core_interaction",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("bulk", sa.Boolean(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("joined_because", sa.String(), nullable=False),
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("brand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["core_brand.id"], name=op.f("fk_core_interaction_brand_id")),
        sa.ForeignKeyConstraint(["mail_id"], ["core_mail.id"], name=op.f("fk_core_interaction_mail_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_interaction_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_interaction_team_id")),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["core_thread.id"], name=op.f("fk_core_interaction_thread_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_interaction")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_interaction", schema=None) as batch_op:
        batch_op.create_index("ix_core_interaction_at", ["at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_interaction_mail_id"), ["mail_id"], unique=False)
        batch_op.create_index("ix_core_interaction_owner", ["owner_id", "at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_interaction_team_id"), ["team_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_interaction_thread_id"), ["thread_id"], unique=False)

    op.create_table(
        "core_mandate",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rights", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("approve_limit_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["core_account.id"], name=op.f("fk_core_mandate_account_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_mandate_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mandate")),
        sa.UniqueConstraint("account_id", "customer_id", name="uq_core_mandate"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_mandate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_mandate_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "core_merge_journal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("survivor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merged_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("moved", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("split_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["core_customer.id"], name=op.f("fk_core_merge_journal_merged_id")
        ),
        sa.ForeignKeyConstraint(
            ["survivor_id"], ["core_customer.id"], name=op.f("fk_core_merge_journal_survivor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_merge_journal")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_merge_journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_merge_journal_merged_id"), ["merged_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_merge_journal_survivor_id"), ["survivor_id"], unique=False)

    op.create_table(
        "core_preference",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("salutation", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_preference_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_preference")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_preference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_preference_customer_id"), ["customer_id"], unique=True)

    op.create_table(
        "core_relationship",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["core_customer.id"], name=op.f("fk_core_relationship_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["core_customer.id"], name=op.f("fk_core_relationship_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_relationship")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_relationship", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_relationship_from_id"), ["from_id"], unique=False)
        batch_op.create_index("ix_core_relationship_to", ["to_id", "kind", "from_id"], unique=False)

    op.create_table(
        "core_sign_in",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["core_account.id"], name=op.f("fk_core_sign_in_account_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_sign_in_customer_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_sign_in_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core_sign_in_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_sign_in_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_sign_in_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_mail_ledger",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("raw_file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("mailbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("envelope_from", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["core_interaction.id"], name=op.f("fk_core_mail_ledger_interaction_id")
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["core_mailbox.id"], name=op.f("fk_core_mail_ledger_mailbox_id")
        ),
        sa.ForeignKeyConstraint(
            ["raw_file_id"], ["core_file.id"], name=op.f("fk_core_mail_ledger_raw_file_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_mail_ledger")),
        sa.UniqueConstraint("message_id", "recipient", name="uq_core_mail_ledger"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_mail_ledger", schema=None) as batch_op:
        batch_op.create_index("ix_core_mail_ledger_due", ["state", "due_at", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_core_mail_ledger_interaction_id"), ["interaction_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core_mail_ledger_mailbox_id"), ["mailbox_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_mail_ledger_raw_file_id"), ["raw_file_id"], unique=False)

    op.create_table(
        "core_participant",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resolved_because", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_participant_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["core_interaction.id"], name=op.f("fk_core_participant_interaction_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_participant_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_participant")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_participant", schema=None) as batch_op:
        batch_op.create_index("ix_core_participant_address", ["address"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_participant_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_core_participant_interaction_id"), ["interaction_id"], unique=False
        )

    op.create_table(
        "core_timeline",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("snapshot", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_timeline_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["core_interaction.id"], name=op.f("fk_core_timeline_interaction_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_timeline_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_core_timeline_team_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["core_thread.id"], name=op.f("fk_core_timeline_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_timeline")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_timeline", schema=None) as batch_op:
        batch_op.create_index("ix_core_timeline_customer", ["customer_id", "at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_timeline_interaction_id"), ["interaction_id"], unique=False)
        batch_op.create_index("ix_core_timeline_ref", ["resource", "record_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_timeline_thread_id"), ["thread_id"], unique=False)

    _seed()


def _seed() -> None:
    now = sa.func.current_timestamp()
    record = {"version": 1, "created_at": now, "updated_at": now}
    entity = sa.table(
        "core_legal_entity",
        *map(sa.column, ("name", "country", "currency", "time_zone", "address", "tax_number", *record)),
    )
    op.execute(
        entity.insert().values(
            name="", country="", currency="EUR", time_zone="UTC", address="", tax_number="", **record
        )
    )
    brand = sa.table("core_brand", *map(sa.column, ("name", "legal_entity_id", *record)))
    first = (
        sa.select(sa.func.min(sa.column("id"))).select_from(sa.table("core_legal_entity")).scalar_subquery()
    )
    op.execute(brand.insert().values(name="", legal_entity_id=first, **record))
    op.execute(sa.table("core_generation", sa.column("number")).insert().values(number=1))


def downgrade() -> None:
    with op.batch_alter_table("core_timeline", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_timeline_thread_id"))
        batch_op.drop_index("ix_core_timeline_ref")
        batch_op.drop_index(batch_op.f("ix_core_timeline_interaction_id"))
        batch_op.drop_index("ix_core_timeline_customer")

    op.drop_table("core_timeline")
    with op.batch_alter_table("core_participant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_participant_interaction_id"))
        batch_op.drop_index(batch_op.f("ix_core_participant_customer_id"))
        batch_op.drop_index("ix_core_participant_address")

    op.drop_table("core_participant")
    with op.batch_alter_table("core_mail_ledger", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_mail_ledger_raw_file_id"))
        batch_op.drop_index(batch_op.f("ix_core_mail_ledger_mailbox_id"))
        batch_op.drop_index(batch_op.f("ix_core_mail_ledger_interaction_id"))
        batch_op.drop_index("ix_core_mail_ledger_due")

    op.drop_table("core_mail_ledger")
    with op.batch_alter_table("core_sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_sign_in_user_id"))
        batch_op.drop_index(batch_op.f("ix_core_sign_in_account_id"))

    op.drop_table("core_sign_in")
    with op.batch_alter_table("core_relationship", schema=None) as batch_op:
        batch_op.drop_index("ix_core_relationship_to")
        batch_op.drop_index(batch_op.f("ix_core_relationship_from_id"))

    op.drop_table("core_relationship")
    with op.batch_alter_table("core_preference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_preference_customer_id"))

    op.drop_table("core_preference")
    with op.batch_alter_table("core_merge_journal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_merge_journal_survivor_id"))
        batch_op.drop_index(batch_op.f("ix_core_merge_journal_merged_id"))

    op.drop_table("core_merge_journal")
    with op.batch_alter_table("core_mandate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_mandate_customer_id"))

    op.drop_table("core_mandate")
    with op.batch_alter_table("core_interaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_interaction_thread_id"))
        batch_op.drop_index(batch_op.f("ix_core_interaction_team_id"))
        batch_op.drop_index("ix_core_interaction_owner")
        batch_op.drop_index(batch_op.f("ix_core_interaction_mail_id"))
        batch_op.drop_index("ix_core_interaction_at")

    op.drop_table("core_interaction")
    with op.batch_alter_table("core_import_row", schema=None) as batch_op:
        batch_op.drop_index("ix_core_import_row_state")

    op.drop_table("core_import_row")
    with op.batch_alter_table("core_external_id", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_external_id_customer_id"))

    op.drop_table("core_external_id")
    with op.batch_alter_table("core_erasure_journal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_erasure_journal_customer_id"))

    op.drop_table("core_erasure_journal")
    with op.batch_alter_table("core_customer_role", schema=None) as batch_op:
        batch_op.drop_index("ix_core_customer_role_role")
        batch_op.drop_index(batch_op.f("ix_core_customer_role_customer_id"))

    op.drop_table("core_customer_role")
    with op.batch_alter_table("core_customer_name", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_customer_name_match_key"))
        batch_op.drop_index(batch_op.f("ix_core_customer_name_customer_id"))

    op.drop_table("core_customer_name")
    with op.batch_alter_table("core_contact_holder", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_contact_holder_customer_id"))

    op.drop_table("core_contact_holder")
    with op.batch_alter_table("core_consent", schema=None) as batch_op:
        batch_op.drop_index("ix_core_consent_customer")

    op.drop_table("core_consent")
    with op.batch_alter_table("core_assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_core_assignment_user")
        batch_op.drop_index(batch_op.f("ix_core_assignment_team_id"))
        batch_op.drop_index(batch_op.f("ix_core_assignment_customer_id"))

    op.drop_table("core_assignment")
    with op.batch_alter_table("core_user_role", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_user_role_role_id"))

    op.drop_table("core_user_role")
    with op.batch_alter_table("core_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_token_user_id"))

    op.drop_table("core_token")
    with op.batch_alter_table("core_team_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_team_member_user_id"))

    op.drop_table("core_team_member")
    with op.batch_alter_table("core_sign_in_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_sign_in_link_user_id"))
        batch_op.drop_index(batch_op.f("ix_core_sign_in_link_account_id"))

    op.drop_table("core_sign_in_link")
    with op.batch_alter_table("core_saved_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_saved_view_team_id"))
        batch_op.drop_index(batch_op.f("ix_core_saved_view_resource"))
        batch_op.drop_index(batch_op.f("ix_core_saved_view_owner_id"))

    op.drop_table("core_saved_view")
    op.drop_table("core_number_series")
    with op.batch_alter_table("core_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_mail_raw_file_id"))
        batch_op.drop_index("ix_core_mail_message_id")
        batch_op.drop_index(batch_op.f("ix_core_mail_mailbox_id"))

    op.drop_table("core_mail")
    with op.batch_alter_table("core_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_import_user_id"))

    op.drop_table("core_import")
    with op.batch_alter_table("core_file_link", schema=None) as batch_op:
        batch_op.drop_index("ix_core_file_link_record")
        batch_op.drop_index(batch_op.f("ix_core_file_link_file_id"))

    op.drop_table("core_file_link")
    with op.batch_alter_table("core_delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core_delivery_stuck",
            sqlite_where=sa.text("state IN ('dead', 'parked')"),
            postgresql_where=sa.text("state IN ('dead', 'parked')"),
        )
        batch_op.drop_index(
            "ix_core_delivery_order",
            sqlite_where=sa.text("state <> 'done'"),
            postgresql_where=sa.text("state <> 'done'"),
        )
        batch_op.drop_index(
            "ix_core_delivery_due",
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )

    op.drop_table("core_delivery")
    with op.batch_alter_table("core_customer", schema=None) as batch_op:
        batch_op.drop_index("ix_core_customer_updated")
        batch_op.drop_index("ix_core_customer_team")
        batch_op.drop_index("ix_core_customer_owner")
        batch_op.drop_index("ix_core_customer_name_key")
        batch_op.drop_index(batch_op.f("ix_core_customer_merged_into_id"))
        batch_op.drop_index(batch_op.f("ix_core_customer_match_key"))
        batch_op.drop_index("ix_core_customer_email")
        batch_op.drop_index("ix_core_customer_created")
        batch_op.drop_index("ix_core_customer_city")

    op.drop_table("core_customer")
    with op.batch_alter_table("core_bulk", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_bulk_user_id"))

    op.drop_table("core_bulk")
    with op.batch_alter_table("core_brand", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_brand_legal_entity_id"))

    op.drop_table("core_brand")
    with op.batch_alter_table("core_audit_value", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_audit_value_customer_id"))
        batch_op.drop_index(batch_op.f("ix_core_audit_value_audit_id"))

    op.drop_table("core_audit_value")
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_user_manager_id"))

    op.drop_table("core_user")
    with op.batch_alter_table("core_thread", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_thread_merged_into_id"))

    op.drop_table("core_thread")
    op.drop_table("core_team")
    op.drop_table("core_setting")
    with op.batch_alter_table("core_search", schema=None) as batch_op:
        batch_op.drop_index("ix_core_search_title")
        batch_op.drop_index(batch_op.f("ix_core_search_customer_id"))

    op.drop_table("core_search")
    op.drop_table("core_role")
    op.drop_table("core_replay")
    op.drop_table("core_rate_limit")
    op.drop_table("core_plugin")
    with op.batch_alter_table("core_outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_core_outbox_name")

    op.drop_table("core_outbox")
    op.drop_table("core_objective")
    op.drop_table("core_metric_snapshot")
    op.drop_table("core_mailbox")
    op.drop_table("core_link")
    op.drop_table("core_legal_entity")
    op.drop_table("core_job")
    op.drop_table("core_idempotency")
    op.drop_table("core_generation")
    with op.batch_alter_table("core_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_file_sha256"))

    op.drop_table("core_file")
    op.drop_table("core_contact_point")
    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        batch_op.drop_index("ix_core_audit_record")

    op.drop_table("core_audit")
    op.drop_table("core_account")
