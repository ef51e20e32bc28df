"""The tables of the system itself: brands, plugins, settings, events, files, links, imports, views, metrics."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from patron.db import BigInt, Json, SortKey
from patron.records import Record, Row, instant, reference, table_args


def _index_where(name: str, condition: str, *columns: str) -> Index:
    """An index over the rows that meet the condition only."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class LegalEntity(Record, table=True):
    """A company of the firm's own. One default row, invisible while it is the only one."""

    __tablename__ = "core_legal_entity"
    name: str = Field(nullable=False)
    country: str = Field(default="", nullable=False)
    currency: str = Field(default="EUR", nullable=False)
    time_zone: str = Field(default="UTC", nullable=False)
    address: str = Field(default="", nullable=False)
    tax_number: str = Field(default="", nullable=False)
    legal_name: str = Field(default="", nullable=False)
    registration: str = Field(default="", nullable=False)
    iban: str = Field(default="", nullable=False)
    bic: str = Field(default="", nullable=False)


class Brand(Record, table=True):
    """A face to the market, of a legal entity. One default row, invisible while it is the only one."""

    __tablename__ = "core_brand"
    name: str = Field(nullable=False)
    legal_entity_id: int = reference("core_legal_entity")
    sender_name: str = Field(default="", nullable=False)


class NumberSeries(Row, table=True):
    """The last number given out in a series of a legal entity: quotes, orders, invoices, tickets."""

    __tablename__ = "core_number_series"
    __table_args__ = table_args(UniqueConstraint("name", "legal_entity_id", name="uq_core_number_series"))
    name: str = Field(nullable=False)
    legal_entity_id: int = reference("core_legal_entity", index=False)
    pattern: str = Field(nullable=False)  # "Q-{year}-{number:05}"
    last: int = Field(default=0, sa_type=BigInt, nullable=False)


class Setting(Row, table=True):
    """A setting changed in the application; it stands over ``patron.toml``."""

    __tablename__ = "core_setting"
    name: str = Field(nullable=False, unique=True)
    value: Any = Field(default=None, sa_type=Json, nullable=True)


class PluginState(Row, table=True):
    """Whether a module is enabled. A module with no row is enabled."""

    __tablename__ = "core_plugin"
    name: str = Field(nullable=False, unique=True)
    enabled: bool = Field(default=True, nullable=False)
    changed_at: datetime = instant(now=True)


class Generation(Row, table=True):
    """One row: rises whenever roles, settings, fields or enabled modules change; a process that lags reloads."""

    __tablename__ = "core_generation"
    number: int = Field(default=1, sa_type=BigInt, nullable=False)


class OutboxEvent(Row, table=True):
    """An event, written in the transaction of the fact."""

    __tablename__ = "core_outbox"
    __table_args__ = table_args(Index("ix_core_outbox_name", "name", "at"))
    name: str = Field(nullable=False)
    at: datetime = instant(now=True)
    customer_id: int | None = Field(default=None, sa_type=BigInt)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    actor: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)


class Delivery(Row, table=True):
    """One event for one handler: due, done, parked (its module is away) or dead (gave up; can be run again)."""

    __tablename__ = "core_delivery"
    __table_args__ = table_args(
        UniqueConstraint("event_id", "handler", name="uq_core_delivery"),
        _index_where("ix_core_delivery_due", "state = 'due'", "handler", "event_id", "due_at"),
        _index_where("ix_core_delivery_order", "state <> 'done'", "handler", "customer_id", "event_id"),
        _index_where("ix_core_delivery_stuck", "state IN ('dead', 'parked')", "state", "id"),
    )
    event_id: int = reference("core_outbox", index=False)
    handler: str = Field(nullable=False)  # "<module>.<name>"
    customer_id: int | None = Field(default=None, sa_type=BigInt)
    state: str = Field(default="due", nullable=False)
    due_at: datetime = instant(now=True)
    attempts: int = Field(default=0, nullable=False)
    error: str = Field(default="", nullable=False)
    done_at: datetime | None = instant(nullable=True)


class JobRun(Row, table=True):
    """The last run of each scheduled job, for its next due time and an honest status."""

    __tablename__ = "core_job"
    name: str = Field(nullable=False, unique=True)
    due_at: datetime = instant(now=True)
    last_started_at: datetime | None = instant(nullable=True)
    last_success_at: datetime | None = instant(nullable=True)
    last_error: str = Field(default="", nullable=False)
    runs: int = Field(default=0, sa_type=BigInt, nullable=False)


class File(Row, table=True):
    """A stored file; the bytes lie behind a port under their hash, synced before this row commits."""

    __tablename__ = "core_file"
    sha256: str = Field(nullable=False, index=True)
    size: int = Field(sa_type=BigInt, nullable=False)
    content_type: str = Field(nullable=False)  # sniffed, never believed
    name: str = Field(nullable=False)  # as the sender called it: shown, never a path
    created_at: datetime = instant(now=True)


class FileLink(Row, table=True):
    """A file as an attachment of a record: who may read the record may read the file."""

    __tablename__ = "core_file_link"
    __table_args__ = table_args(Index("ix_core_file_link_record", "resource", "record_id"))
    file_id: int = reference("core_file")
    resource: str = Field(nullable=False)
    record_id: int = Field(sa_type=BigInt, nullable=False)


class CoreLink(Row, table=True):
    """Where customer references and personal data lie in every module's tables, also of modules that are away."""

    __tablename__ = "core_link"
    __table_args__ = table_args(UniqueConstraint("table_name", "column_name", name="uq_core_link"))
    module: str = Field(nullable=False)
    resource: str = Field(nullable=False)
    table_name: str = Field(nullable=False)
    column_name: str = Field(nullable=False)
    kind: str = Field(nullable=False)  # customer | personal
    role: str = Field(default="", nullable=False)
    erase_as: str = Field(default="", nullable=False)  # personal: blank | null | keep


class SavedView(Record, table=True):
    """A named list: its URL query. ``audience``: private | team | public."""

    __tablename__ = "core_saved_view"
    resource: str = Field(nullable=False, index=True)
    name: str = Field(nullable=False)
    query: str = Field(default="", nullable=False)
    audience: str = Field(default="private", nullable=False)
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)


class Import(Row, table=True):
    """One import: staged, validated, applied in batches. ``state`` says how far it came.

    ``claimed_by`` is the process at work, ``heartbeat_at`` its last sign of life: another one takes over when it ends.
    """

    __tablename__ = "core_import"
    resource: str = Field(nullable=False)
    file_name: str = Field(default="", nullable=False)
    file_sha256: str = Field(default="", nullable=False)
    source: str = Field(default="", nullable=False)
    match: str = Field(default="", nullable=False)
    mapping: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    state: str = Field(
        default="staging", nullable=False
    )  # uploaded | staging | staged | checked (a dry run) | applying | part applied | applied | cancelled
    # … and after it was taken back: undoing | part undone | undone
    dry_run: bool = Field(default=False, nullable=False)
    rows: int = Field(default=0, sa_type=BigInt, nullable=False)
    created: int = Field(default=0, sa_type=BigInt, nullable=False)
    updated: int = Field(default=0, sa_type=BigInt, nullable=False)
    skipped: int = Field(default=0, sa_type=BigInt, nullable=False)
    rejected: int = Field(default=0, sa_type=BigInt, nullable=False)
    undone: int = Field(default=0, sa_type=BigInt, nullable=False)
    user_id: int | None = reference("core_user", nullable=True)
    created_at: datetime = instant(now=True)
    finished_at: datetime | None = instant(nullable=True)
    claimed_by: str = Field(default="", nullable=False)
    heartbeat_at: datetime | None = instant(nullable=True)
    error: str = Field(default="", nullable=False)


class ImportRow(Row, table=True):
    """One row of an import and what became of it; ``undo`` whether that was taken back, or not for a ``reason``."""

    __tablename__ = "core_import_row"
    __table_args__ = table_args(
        UniqueConstraint("import_id", "line", name="uq_core_import_row"),
        Index("ix_core_import_row_state", "import_id", "state", "id"),
    )
    import_id: int = reference("core_import", index=False)
    line: int = Field(sa_type=BigInt, nullable=False)
    raw: list[Any] = Field(default_factory=list, sa_type=Json, nullable=False)
    values: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    state: str = Field(default="staged", nullable=False)  # staged | created | updated | skipped | rejected
    reason: str = Field(default="", nullable=False)
    field: str = Field(default="", nullable=False)
    record_id: int | None = Field(default=None, sa_type=BigInt)
    undo: str = Field(default="", nullable=False)  # "" | undone | kept


class ImportChange(Row, table=True):
    """What one row of an import did to the database, so that it can be taken back.

    ``changes`` lists ``[table, id, before, after]``: the columns that changed, or None for a row that was not there.
    ``row_id`` 0 is what a batch made beside its rows: addresses, and employers that only their people name.
    """

    __tablename__ = "core_import_change"
    __table_args__ = table_args(Index("ix_core_import_change_row", "import_id", "row_id"))
    import_id: int = reference("core_import", index=False)
    row_id: int = Field(sa_type=BigInt, nullable=False)
    record_id: int | None = Field(default=None, sa_type=BigInt)
    changes: list[Any] = Field(default_factory=list, sa_type=Json, nullable=False)


class ImportKey(Row, table=True):
    """The name by which another system calls a record that an import made: the same row of it makes nothing twice."""

    __tablename__ = "core_import_key"
    __table_args__ = table_args(
        UniqueConstraint("resource", "source", "name", name="uq_core_import_key"),
        Index("ix_core_import_key_record", "resource", "record_id"),
    )
    resource: str = Field(nullable=False)
    source: str = Field(nullable=False)
    name: str = Field(nullable=False)
    record_id: int = Field(sa_type=BigInt, nullable=False)


class SearchEntry(Row, table=True):
    """The generally readable text of one record, folded, and who may find it: all that global search reads.

    ``scope`` holds a token for the owner, the team and each member of the customer's account team.
    """

    __tablename__ = "core_search"
    __table_args__ = table_args(
        UniqueConstraint("resource", "record_id", name="uq_core_search"),
        Index("ix_core_search_title", "resource", "title_key", "id"),
    )
    resource: str = Field(nullable=False)
    record_id: int = Field(sa_type=BigInt, nullable=False)
    customer_id: int | None = Field(default=None, sa_type=BigInt, index=True)
    title: str = Field(nullable=False)
    title_key: str = Field(default="", sa_type=SortKey, nullable=False)
    subtitle: str = Field(default="", nullable=False)
    text: str = Field(nullable=False)
    scope: str = Field(default="", nullable=False)


class BulkJob(Row, table=True):
    """A bulk edit and, per record, what was before: the undo."""

    __tablename__ = "core_bulk"
    resource: str = Field(nullable=False)
    user_id: int | None = reference("core_user", nullable=True)
    at: datetime = instant(now=True)
    changes: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    changed: int = Field(default=0, nullable=False)
    undone_at: datetime | None = instant(nullable=True)


class IdempotencyKey(Row, table=True):
    """The answer to a request that may be sent again."""

    __tablename__ = "core_idempotency"
    __table_args__ = table_args(UniqueConstraint("owner", "request_key", name="uq_core_idempotency"))
    owner: str = Field(nullable=False)
    request_key: str = Field(nullable=False)
    request_digest: str = Field(nullable=False)
    status: int = Field(nullable=False)
    body: str = Field(default="", nullable=False)
    at: datetime = instant(now=True)


class Objective(Record, table=True):
    """A goal the firm set before it began: a metric, a target and a day, against the baseline at go-live."""

    __tablename__ = "core_objective"
    metric: str = Field(nullable=False)
    target: int = Field(sa_type=BigInt, nullable=False)
    due: date = Field(nullable=False)
    baseline: int | None = Field(default=None, sa_type=BigInt)
    baseline_at: datetime | None = instant(nullable=True)


class MetricSnapshot(Row, table=True):
    """What a metric was on a day. ``value`` is an integer in the metric's unit (minor units for money)."""

    __tablename__ = "core_metric_snapshot"
    __table_args__ = table_args(UniqueConstraint("metric", "day", "currency", name="uq_core_metric_snapshot"))
    metric: str = Field(nullable=False)
    day: date = Field(nullable=False)
    currency: str = Field(default="", nullable=False)
    value: int = Field(sa_type=BigInt, nullable=False)
