"""Revisions are written for one distribution alone, in plain SQLAlchemy, and agree with the models."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbos import run_dbos_database_migrations
from patron.autogenerate import DBOS_TABLES
from patron.db import Database
from patron.migrate import Distribution, differences, downgrade, make_revision, status, upgrade
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

MODELS = """
from datetime import date, datetime
from typing import Any
from sqlmodel import Field
from patron.db import BigInt, Json, SortKey, UtcDateTime, new_registry
from patron.records import Row, instant, reference, table_args
from sqlalchemy import CheckConstraint, Index, text

class Base(Row, registry=new_registry()):
    pass

class Thing(Base, table=True):
    __tablename__ = "operation_thing"
    __table_args__ = table_args(
        Index("ix_operation_thing_sort_key", "sort_key", "id"),
        Index("ix_operation_thing_open", "at", sqlite_where=text("open = 1"), postgresql_where=text("open")),
        CheckConstraint("amount >= 0", name="amount"),
    )
    at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True, index=True)
    day: date | None = None
    name: str = Field(max_length=80, unique=True)
    sort_key: str = Field(sa_type=SortKey, nullable=False)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    amount: int = Field(default=0, sa_type=BigInt, nullable=False)
    open: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})

class Part(Base, table=True):
    __tablename__ = "operation_part"
    thing_id: int = reference("operation_thing")
    share: float = 0.0
"""


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return ()


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distribution]:
    package = tmp_path / "generated_operation"
    (package / "migrations" / "versions").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models.py").write_text(MODELS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Distribution("operation", "generated_operation")
    for name in [name for name in sys.modules if name.startswith("generated_operation")]:
        del sys.modules[name]
    for table in [table for table in SQLModel.metadata.sorted_tables if table.name.startswith("operation_")]:
        SQLModel.metadata.remove(table)


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_a_first_revision_makes_what_the_models_describe(
    database: Database, distribution: Distribution
) -> None:
    path = make_revision(database, distribution, "First tables")
    assert tables(database) <= {"alembic_version_operation"}, "writing a revision makes no table"
    written = path.read_text()
    compile(written, str(path), "exec")
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(written))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"alembic", "sqlalchemy", "sqlalchemy.dialects"}
    assert "core_" not in written
    assert "sa.Text(collation='C')" in written
    upgrade(database, [distribution])
    assert tables(database) == {"operation_thing", "operation_part", "alembic_version_operation"}
    assert differences(database, distribution) == []
    assert status(database, [distribution])[0].pending == ()
    downgrade(database, distribution, "base")
    assert tables(database) == {"alembic_version_operation"}


def test_a_difference_of_a_column_and_of_a_table_is_seen(
    database: Database, distribution: Distribution
) -> None:
    make_revision(database, distribution, "First tables")
    upgrade(database, [distribution])
    with database.write() as session:
        session.execute(text("ALTER TABLE operation_thing DROP COLUMN day"))
        session.execute(text("DROP TABLE operation_part"))
        session.execute(text("CREATE TABLE operation_left_over (id INTEGER PRIMARY KEY)"))
    found = " ".join(differences(database, distribution))
    assert "add_column" in found
    assert "operation_part" in found
    assert "operation_left_over" in found
    make_revision(database, distribution, "Put it back")
    upgrade(database, [distribution])
    assert differences(database, distribution) == []


def test_tables_of_others_are_left_out(database: Database, distribution: Distribution) -> None:
    make_revision(database, distribution, "First tables")
    upgrade(database, [distribution])
    with database.write() as session:
        for name in [*sorted(DBOS_TABLES), "sales_line", "alembic_version_sales"]:
            session.execute(text(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)"))
        if database.dialect == "sqlite":
            session.execute(text("CREATE VIRTUAL TABLE operation_thing_search USING fts5(name)"))
    assert differences(database, distribution) == []


def test_the_list_of_the_job_runners_tables_is_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    run_dbos_database_migrations(system_database_url=url)
    jobs = Database(url)
    made = tables(jobs)
    jobs.dispose()
    assert "workflow_status" in made
    assert made <= DBOS_TABLES
