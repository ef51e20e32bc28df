"""Column types of every table, so that both engines store, number and compare the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, overload

from sqlalchemy import JSON, BigInteger, DateTime, Identity, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class NaiveDateTime(ValueError, DontWrapMixin):
    """A time without a zone was given where an instant is stored."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: an aware datetime goes in, an aware UTC datetime comes out, on both engines.

    A naive datetime is refused with :class:`NaiveDateTime`, a ``ValueError``.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise NaiveDateTime(f"an instant needs a time zone, got {value!r}")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SortKey(TypeDecorator[str]):
    """A key made in Python that both engines compare byte by byte, whatever the server's locale."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text(collation="C") if dialect.name == "postgresql" else Text()


class BigInt(TypeDecorator[int]):
    """A 64-bit integer: BIGINT on PostgreSQL, INTEGER (which is 64-bit and may autoincrement) on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else BigInteger()


class Json(TypeDecorator[Any]):
    """JSON text on SQLite, JSONB on PostgreSQL; ``None`` is SQL NULL. Change it by assigning a new value."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return JSONB(none_as_null=True) if dialect.name == "postgresql" else JSON(none_as_null=True)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self.impl_instance.coerce_compared_value(op, value)


class _FreshIdentity(Sequence[Identity]):
    """Column arguments for an inherited field: each class that reads them gets an Identity of its own."""

    def __len__(self) -> int:
        return 1

    @overload
    def __getitem__(self, index: int) -> Identity: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Identity]: ...
    def __getitem__(self, index: int | slice) -> Identity | Sequence[Identity]:
        return [Identity()][index]

    def __iter__(self) -> Iterator[Identity]:
        return iter([Identity()])


def id_column() -> Any:
    """The field of a primary key that the database numbers and never numbers twice.

    BIGINT identity on PostgreSQL, INTEGER PRIMARY KEY AUTOINCREMENT on SQLite, where the table also needs
    ``{"sqlite_autoincrement": True}`` in its ``__table_args__``. ``patron.records.Row`` has both.
    """
    return Field(default=None, primary_key=True, sa_type=BigInt, sa_column_args=_FreshIdentity())


def new_registry() -> registry:
    """A class registry over the one ``SQLModel.metadata``, so that two modules may each have a ``Line``.

    A distribution makes its own base of it once: ``class SalesRecord(Record, registry=new_registry()): ...``
    """
    return registry(metadata=SQLModel.metadata)
