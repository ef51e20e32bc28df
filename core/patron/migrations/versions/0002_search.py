"""Index the search entries: a full-text table of trigrams on SQLite, a GIN index on PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE VIRTUAL TABLE core_search_fts USING fts5(
        text, scope, content='core_search', content_rowid='id', detail='none', columnsize=0,
        tokenize='trigram case_sensitive 1')""",
    """CREATE TRIGGER core_search_fts_insert AFTER INSERT ON core_search BEGIN
        INSERT INTO core_search_fts (rowid, text, scope) VALUES (new.id, new.text, new.scope);
    END""",
    """CREATE TRIGGER core_search_fts_delete AFTER DELETE ON core_search BEGIN
        INSERT INTO core_search_fts (core_search_fts, rowid, text, scope)
        VALUES ('delete', old.id, old.text, old.scope);
    END""",
    """CREATE TRIGGER core_search_fts_update AFTER UPDATE OF id, text, scope ON core_search
    WHEN (old.id, old.text, old.scope) IS NOT (new.id, new.text, new.scope) BEGIN
        INSERT INTO core_search_fts (core_search_fts, rowid, text, scope)
        VALUES ('delete', old.id, old.text, old.scope);
        INSERT INTO core_search_fts (rowid, text, scope) VALUES (new.id, new.text, new.scope);
    END""",
    "INSERT INTO core_search_fts (core_search_fts) VALUES ('rebuild')",
)
POSTGRESQL = """CREATE INDEX ix_core_search_find ON core_search
    USING gin (text gin_trgm_ops, string_to_array(scope, ' '))"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in SQLITE:
            connection.exec_driver_sql(statement)
    else:
        _need_trigrams(connection)
        connection.exec_driver_sql(POSTGRESQL)


def _need_trigrams(connection: sa.Connection) -> None:
    if connection.scalar(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")):
        return
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION pg_trgm")
    except sa.exc.DBAPIError as error:
        raise CommandError(
            "Search needs the PostgreSQL extension pg_trgm, and this user may not create it. As a superuser, in this"
            " database, run: CREATE EXTENSION pg_trgm; then run the migration again."
        ) from error


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for name in ("insert", "delete", "update"):
            connection.exec_driver_sql(f"DROP TRIGGER core_search_fts_{name}")
        connection.exec_driver_sql("DROP TABLE core_search_fts")
    else:
        # The extension stays: it may serve others in this database.
        connection.exec_driver_sql("DROP INDEX ix_core_search_find")
