"""The base of every stored record, and the few column forms that all tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from patron.db import BigInt, UtcDateTime, id_column

TABLE_OPTIONS = {"sqlite_autoincrement": True}  # an id that was given out once never names another record


def utc_now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def table_args(*items: Index | UniqueConstraint | Any) -> tuple[Any, ...]:
    """``__table_args__`` of a table with indexes or constraints of its own."""
    return (*items, TABLE_OPTIONS)


def reference(table: str, *, nullable: bool = False, index: bool = True, unique: bool = False) -> Any:
    """A foreign key column to ``table`` (``"core_customer"``). Keys to the core never cascade."""
    return Field(
        default=None, foreign_key=f"{table}.id", sa_type=BigInt, nullable=nullable, index=index, unique=unique
    )


def instant(*, nullable: bool = False, index: bool = False, now: bool = False) -> Any:
    """An instant in UTC. ``now`` fills it when the row is made."""
    if now:
        return Field(default_factory=utc_now, sa_type=UtcDateTime, nullable=False, index=index)
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable, index=index)


def table(model: type[SQLModel]) -> Table:
    """The table of a model, for statements that are typed and read rows, not entities: ``t.c.name``."""
    found: Table = vars(model)["__table__"]
    return found


def tables_of(package: str) -> list[Table]:
    """The tables of all models of a package, as far as its modules have been imported, by name."""
    found: dict[str, Table] = {}
    waiting: list[type[SQLModel]] = [SQLModel]
    while waiting:
        model = waiting.pop()
        waiting.extend(model.__subclasses__())
        if "__table__" in vars(model) and f"{model.__module__}.".startswith(f"{package}."):
            found[table(model).name] = table(model)
    return [found[name] for name in sorted(found)]


class Row(SQLModel):
    """A stored row with a 64-bit id of the database's making: never reused, never a secret."""

    __table_args__: Any = TABLE_OPTIONS
    id: int | None = id_column()

    @property
    def key(self) -> int:
        """The id of a row that has been flushed."""
        if self.id is None:
            raise RuntimeError(f"{type(self).__name__} has no id before it is flushed")
        return self.id


class Record(Row):
    """A row that people edit: versioned against lost updates, dated, and kept in the trash for a while when deleted."""

    version: int = Field(default=1, nullable=False)
    created_at: datetime = instant(now=True)
    updated_at: datetime = instant(now=True)
    trashed_at: datetime | None = instant(nullable=True)
