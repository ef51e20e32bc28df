"""What autogenerate looks at, and how it writes our types: as plain SQLAlchemy, which stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Identity
from sqlalchemy.types import TypeDecorator
from sqlmodel import AutoString

from patron.columns import BigInt, Json, SortKey, UtcDateTime

IncludeName = Callable[[str | None, str, Mapping[str, str | None]], bool]
IncludeObject = Callable[[Any, str | None, str, bool, Any], bool]

DBOS_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "event_dispatch_kv",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)
"""The job runner's own tables: beside ours on SQLite, in the schema ``dbos`` on PostgreSQL."""

SEARCH_INDEX = "ix_core_search_find"
"""Made by hand on PostgreSQL, where SQLite has a full-text table: no model describes it."""

_PLAIN: dict[type[TypeDecorator[Any]], str] = {
    UtcDateTime: "sa.DateTime(timezone=True)",
    SortKey: "sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')",
    BigInt: "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')",
    Json: "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')",
}


def own_tables_only(prefix: str, connection: Connection) -> tuple[IncludeName, IncludeObject]:
    """Alembic's two filters that leave only tables of one distribution, without full-text tables."""
    left_out = DBOS_TABLES | _full_text_tables(connection)

    def own(table: str | None) -> bool:
        return table is not None and table.startswith(prefix) and table not in left_out

    def include_name(name: str | None, type_: str, parents: Mapping[str, str | None]) -> bool:
        return own(name) if type_ == "table" else True

    def include_object(item: Any, name: str | None, type_: str, reflected: bool, other: Any) -> bool:
        if type_ == "index" and reflected:
            return name != SEARCH_INDEX
        return own(name) if type_ == "table" else True

    return include_name, include_object


def render_plain(type_: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Alembic's hook for writing a type; False leaves it to Alembic."""
    if type_ != "type":
        return False
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    plain = _PLAIN.get(type(item))
    if plain is None:
        return False
    if "postgresql." in plain:
        context.imports.add("from sqlalchemy.dialects import postgresql")
    return plain


def compare_default(connection: Connection) -> bool | Callable[..., bool | None]:
    """Alembic's setting for defaults: all, but for identity on SQLite, where AUTOINCREMENT numbers."""
    return _skip_identity if connection.dialect.name == "sqlite" else True


def _skip_identity(_context: MigrationContext, *columns_and_defaults: Any) -> bool | None:
    _, _, _, default, _ = columns_and_defaults
    return False if isinstance(default, Identity) else None


def _full_text_tables(connection: Connection) -> frozenset[str]:
    """Virtual tables of SQLite and the shadow tables behind them; no model describes them."""
    if connection.dialect.name != "sqlite":
        return frozenset()
    virtual = "SELECT name FROM pragma_table_list WHERE type IN ('virtual', 'shadow')"
    return frozenset(connection.exec_driver_sql(virtual).scalars())
