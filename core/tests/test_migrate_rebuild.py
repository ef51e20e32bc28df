"""Migrations over tables that are full and referred to, with what hangs on them, and migrations that fail."""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from patron.db import Database
from patron.errors import PatronError, SetupError
from patron.migrate import Distribution, downgrade, status, upgrade
from sqlalchemy import inspect, text

HEADER = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = {revision!r}, {down!r}
branch_labels = depends_on = None
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""

MOTHER = [
    """
    def upgrade():
        op.create_table("mother_person", sa.Column("id", ID, sa.Identity(), primary_key=True),
            sa.Column("name", sa.String(), nullable=False), sa.Column("age", sa.Integer()),
            sqlite_autoincrement=True)
        op.create_index("ix_mother_person_name", "mother_person", ["name"])
    def downgrade():
        op.drop_table("mother_person")
    """,
    """
    def upgrade():
        with op.batch_alter_table("mother_person") as batch:
            batch.alter_column("age", existing_type=sa.Integer(), type_=sa.String(), nullable=True)
            batch.add_column(sa.Column("nick", sa.String(), nullable=False, server_default="-"))
    def downgrade():
        with op.batch_alter_table("mother_person") as batch:
            batch.drop_column("nick")
            batch.alter_column("age", existing_type=sa.String(), type_=sa.Integer(), nullable=True,
                postgresql_using="age::integer")
    """,
]

CHILD = [
    """
    def upgrade():
        op.create_table("child_note", sa.Column("id", ID, sa.Identity(), primary_key=True),
            sa.Column("person_id", ID, sa.ForeignKey("mother_person.id", ondelete="CASCADE"), nullable=False),
            sa.Column("body", sa.String(), nullable=False), sqlite_autoincrement=True)
    def downgrade():
        op.drop_table("child_note")
    """,
]

Write = Callable[[str, Sequence[str]], Distribution]


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return ()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a package with these migrations and give its distribution; called again, it replaces them."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, migrations: Sequence[str]) -> Distribution:
        package = f"rebuilt_{name}"
        versions = tmp_path / package / "migrations" / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
        monkeypatch.delitem(sys.modules, package, raising=False)
        for number, body in enumerate(migrations, 1):
            down = f"{name}{number - 1}" if number > 1 else None
            header = HEADER.format(revision=f"{name}{number}", down=down)
            (versions / f"{number}.py").write_text(header + textwrap.dedent(body))
        return Distribution(name, package)

    return write


@pytest.fixture
def family(database: Database, write: Write) -> tuple[Distribution, Distribution]:
    """Two distributions at their first revision: persons 1 and 2, a note on each; person 3 was deleted."""
    both = write("mother", MOTHER[:1]), write("child", CHILD)
    upgrade(database, both)
    with database.write() as session:
        session.execute(
            text("INSERT INTO mother_person (name, age) VALUES ('Ada', 36), ('Bo', 9), ('Cy', 1)")
        )
        session.execute(text("INSERT INTO child_note (person_id, body) VALUES (1, 'a'), (2, 'b')"))
        session.execute(text("DELETE FROM mother_person WHERE name = 'Cy'"))
    return both


def query(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(text(statement))]


def execute(database: Database, *statements: str) -> None:
    with database.write() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


def test_a_rebuilt_table_takes_no_row_of_another_module_with_it(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    mother, child = family
    write("mother", MOTHER)
    assert [(found.name, found.current, found.pending) for found in status(database, family)] == [
        ("mother", "mother1", ("mother2",)),
        ("child", "child1", ()),
    ]
    upgrade(database, family)
    assert query(database, "SELECT id, name, age, nick FROM mother_person ORDER BY id") == [
        (1, "Ada", "36", "-"),
        (2, "Bo", "9", "-"),
    ]
    assert query(database, "SELECT person_id, body FROM child_note ORDER BY id") == [(1, "a"), (2, "b")]
    execute(database, "DELETE FROM mother_person WHERE id = 2")
    assert query(database, "SELECT body FROM child_note") == [("a",)], "the key still acts"
    downgrade(database, mother, "mother1")
    assert query(database, "SELECT id, age FROM mother_person") == [(1, 36)]
    assert query(database, "SELECT body FROM child_note") == [("a",)]
    downgrade(database, child, "base")
    downgrade(database, mother, "base")
    with database.engine.connect() as connection:
        left = set(inspect(connection).get_table_names())
    assert left == {"alembic_version_mother", "alembic_version_child"}


def test_a_rebuilt_table_gives_no_id_out_again(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    write("mother", MOTHER)
    upgrade(database, family)
    execute(database, "INSERT INTO mother_person (name) VALUES ('Di')")
    assert query(database, "SELECT id FROM mother_person WHERE name = 'Di'") == [(4,)]
    if database.dialect == "sqlite":
        [(definition,)] = query(database, "SELECT sql FROM sqlite_master WHERE name = 'mother_person'")
        assert "AUTOINCREMENT" in definition


FULL_TEXT = [
    "CREATE VIRTUAL TABLE mother_search USING fts5(name, content='mother_person', content_rowid='id',"
    " tokenize='trigram')",
    "INSERT INTO mother_search (rowid, name) SELECT id, name FROM mother_person",
    "CREATE TRIGGER mother_person_ai AFTER INSERT ON mother_person BEGIN"
    " INSERT INTO mother_search (rowid, name) VALUES (new.id, new.name); END",
    "CREATE TRIGGER mother_person_ad AFTER DELETE ON mother_person BEGIN"
    " INSERT INTO mother_search (mother_search, rowid, name) VALUES ('delete', old.id, old.name); END",
    "CREATE TRIGGER child_note_ai AFTER INSERT ON child_note BEGIN"
    " UPDATE mother_person SET age = 99 WHERE id = new.person_id; END",
    "CREATE INDEX ix_mother_person_length ON mother_person (length(name))",
    "CREATE INDEX ix_mother_person_young ON mother_person (age) WHERE age < 10",
    "CREATE VIEW child_view AS"
    " SELECT name, body FROM mother_person JOIN child_note ON person_id = mother_person.id",
]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_hangs_on_a_rebuilt_table_survives(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    execute(database, *FULL_TEXT)
    described = (
        "SELECT type, name, sql FROM sqlite_master WHERE type != 'table' AND sql IS NOT NULL ORDER BY name"
    )
    before = query(database, described)
    write("mother", MOTHER)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        upgrade(database, family)
    assert query(database, described) == before
    execute(
        database,
        "INSERT INTO mother_person (name) VALUES ('Adalbert')",
        "DELETE FROM mother_person WHERE id = 1",
        "INSERT INTO child_note (person_id, body) VALUES (2, 'c')",
        "INSERT INTO mother_search (mother_search) VALUES ('integrity-check')",
    )
    assert query(database, "SELECT rowid FROM mother_search WHERE mother_search MATCH 'ada'") == [(4,)]
    assert query(database, "SELECT age FROM mother_person WHERE id = 2") == [("99",)]
    assert query(database, "SELECT count(*) FROM child_view") == [(2,)]
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_trigger_that_the_migration_drops_stays_dropped(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    execute(database, *FULL_TEXT[:4])
    write(
        "mother", [MOTHER[0], 'def upgrade():\n    op.execute("DROP TRIGGER mother_person_ai")\n', MOTHER[1]]
    )
    upgrade(database, family)
    assert query(database, "SELECT name FROM sqlite_master WHERE type = 'trigger'") == [("mother_person_ad",)]


FAILING = """
    def upgrade():
        op.create_table("mother_half", sa.Column("id", ID, primary_key=True))
        op.execute("INSERT INTO mother_half VALUES (1)")
        with op.batch_alter_table("mother_person") as batch:
            batch.drop_column("age")
        raise RuntimeError("half way")
"""


def test_a_migration_that_fails_leaves_nothing_half_done(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    write("mother", [*MOTHER, FAILING])
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(database, family)
    assert status(database, family)[0].current == "mother1"
    assert query(database, "SELECT age FROM mother_person ORDER BY id") == [(36,), (9,)]
    with database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
    assert not [name for name in names if "half" in name or "_alembic_tmp" in name]
    execute(database, "INSERT INTO child_note (person_id, body) VALUES (1, 'still works')")
    if database.dialect == "sqlite":
        assert query(database, "PRAGMA foreign_keys") == [(1,)]


def test_a_migration_that_leaves_a_reference_without_its_row_is_undone(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    delete = 'def upgrade():\n    op.execute("DELETE FROM mother_person WHERE id = 1")\n'
    write("mother", [MOTHER[0], delete])
    if database.dialect == "sqlite":
        with pytest.raises(SetupError, match="child_note row 1 → mother_person"):
            upgrade(database, family)
        assert status(database, family)[0].current == "mother1"
        assert len(query(database, "SELECT 1 FROM mother_person")) == 2
    assert len(query(database, "SELECT 1 FROM child_note")) == 2


def test_one_distribution_migrates_while_the_package_of_another_is_gone(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    mother = write("mother", MOTHER)
    upgrade(database, [mother])
    assert status(database, [mother])[0].current == "mother2"
    assert len(query(database, "SELECT 1 FROM child_note")) == 2


def test_a_database_newer_than_the_package_is_named(
    database: Database, family: tuple[Distribution, Distribution], write: Write
) -> None:
    execute(database, "UPDATE alembic_version_mother SET version_num = 'mother9'")
    for look in (status, upgrade):
        with pytest.raises(SetupError, match="mother9 of mother"):
            look(database, family)


def test_migrating_inside_a_write_is_refused(database: Database, write: Write) -> None:
    mother = write("mother", MOTHER)
    with database.write(), pytest.raises(PatronError, match="already inside"):
        upgrade(database, [mother])


@pytest.mark.parametrize("name", ["Sales", "sales_extra", "", "1st"])
def test_a_name_that_is_no_clear_prefix_is_refused(name: str) -> None:
    with pytest.raises(SetupError, match="lower-case"):
        Distribution(name, "patron")
