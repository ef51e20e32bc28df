"""A digest of the business rows, table by table: the same data gives the same digest on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Table, select
from sqlmodel import SQLModel

from patron.context import Context

# What the system keeps for itself: it changes without anybody's business having changed.
TECHNICAL = frozenset(
    {
        "core_sign_in", "core_sign_in_link", "core_rate_limit", "core_generation", "core_job", "core_idempotency",
        "core_search", "core_metric_snapshot", "core_link", "core_replay",
    }
)  # fmt: skip


def digest_of(ctx: Context, *, without: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """``{table: {"rows": n, "sha256": hex}}`` over rows in the order of their ids, columns ``without`` these names."""
    tables, counted = SQLModel.metadata.tables, compared(ctx, without=without)
    return {name: _digest_table(ctx, tables[name], columns) for name, columns in counted.items()}


def compared(ctx: Context, *, without: Collection[str] = ()) -> dict[str, list[str]]:
    """The tables of business rows, and of each the columns that count."""
    prefixes = ("core_", *(f"{plugin.name}_" for plugin in ctx.assembly.active))
    tables = [t for name, t in sorted(SQLModel.metadata.tables.items()) if name.startswith(prefixes)]
    return {
        t.name: sorted(c.name for c in t.c if c.name not in without)
        for t in tables
        if t.name not in TECHNICAL and "id" in t.c
    }


def _digest_table(ctx: Context, table: Table, names: Sequence[str]) -> dict[str, Any]:
    statement = select(*(table.c[name] for name in names)).order_by(table.c.id)
    seen, rows = hashlib.sha256(), 0
    for row in ctx.session.execute(statement.execution_options(yield_per=1000)):
        seen.update(_canonical(dict(zip(names, row, strict=True))))
        rows += 1
    return {"rows": rows, "sha256": seen.hexdigest()}


def _canonical(row: Mapping[str, Any]) -> bytes:
    return (
        msgspec.json.encode({name: _plain(value) for name, value in row.items()}, order="deterministic")
        + b"\n"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
