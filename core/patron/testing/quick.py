"""What each test would pay for again, paid once per process: compiled templates and statements, costly passwords.

A test makes an application and a database of its own; a server makes one of each, so none of this is kept there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import jinja2
from jinja2.bccache import Bucket
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, Engine, event

from patron import db, engines, ui
from patron.accounts import passwords

_MakeEngine = Callable[..., Engine]


class KeptTemplates(jinja2.BytecodeCache):
    """The code of each template, by its place and its text."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


def keeping_statements(make: _MakeEngine) -> _MakeEngine:
    """Engines made by ``make`` share what they know of their database's language and the statements put into it.

    Of the first that has connected: only then is all known.
    """
    first: list[Engine] = []

    @wraps(make)
    def made(*arguments: Any, **named: Any) -> Engine:
        engine = make(*arguments, **named)
        if first:
            pool: Any = engine.pool
            engine.dialect = pool._dialect = first[0].dialect
            engine._compiled_cache = first[0]._compiled_cache
            return engine

        def note(_connection: Connection) -> None:
            if not first:
                first.append(engine)

        event.listen(engine, "engine_connect", note, once=True)
        return engine

    return made


def be_quick() -> None:
    """For the rest of this process."""
    ui.COMPILED = KeptTemplates()
    passwords._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    makers: Any = db  # where databases take them from
    makers.sqlite_engine = keeping_statements(engines.sqlite_engine)
    makers.postgresql_engine = keeping_statements(engines.postgresql_engine)
