"""Values go in and come out the same on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from patron.db import Database, Json, NaiveDateTime, Session, SortKey, UtcDateTime, id_column, new_registry
from patron.migrate import Distribution
from patron.records import table
from sqlalchemy import inspect, text
from sqlmodel import Field, SQLModel, col, select

LATER = timezone(timedelta(hours=5, minutes=30))
NOON = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=LATER)


class Base(SQLModel, registry=new_registry()):
    __table_args__: Any = {"sqlite_autoincrement": True}
    id: int | None = id_column()


class Line(Base, table=True):
    __tablename__ = "columns_line"
    at: datetime = Field(default=NOON, sa_type=UtcDateTime)
    key: str = Field(default="", sa_type=SortKey, index=True)
    data: dict[str, Any] | None = Field(default=None, sa_type=Json)


class OtherBase(SQLModel, registry=new_registry()):
    pass


class OtherLine(OtherBase, table=True):
    __tablename__ = "columns_other"
    id: int | None = id_column()


@pytest.fixture(scope="session")
def distributions() -> tuple[Distribution, ...]:
    return ()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        Line.metadata.create_all(session.connection(), [table(Line), table(OtherLine)])
        yield session


def stored(session: Session, line: Line) -> Line:
    session.add(line)
    session.flush()
    session.expire_all()
    return session.exec(select(Line).where(Line.id == line.id)).one()


def test_an_instant_comes_back_aware_and_in_utc(session: Session) -> None:
    at = stored(session, Line()).at
    assert at == NOON
    assert at.tzinfo is UTC


def test_a_naive_time_is_refused_as_a_value_and_as_a_condition(session: Session) -> None:
    naive = datetime(2024, 2, 29, 12)  # noqa: DTZ001
    with pytest.raises(NaiveDateTime, match="time zone"):
        stored(session, Line(at=naive))
    session.rollback()
    with pytest.raises(ValueError, match="time zone"):
        session.exec(select(Line).where(Line.at == naive)).all()


def test_instants_are_ordered_as_they_passed(session: Session) -> None:
    earlier = NOON.astimezone(UTC) - timedelta(microseconds=1)
    session.add_all(
        [Line(at=NOON, key="b"), Line(at=earlier, key="a"), Line(at=NOON + timedelta(1), key="c")]
    )
    session.flush()
    assert session.exec(select(Line.key).order_by(col(Line.at))).all() == ["a", "b", "c"]
    assert session.exec(select(Line.key).where(Line.at < NOON)).all() == ["a"]


def test_keys_are_ordered_by_their_bytes(session: Session) -> None:
    keys = ["a", "B", "_", "ä", "z", "aa", " ", "Z", "€", "𝄞", "a b"]
    session.add_all([Line(key=key) for key in keys])
    session.flush()
    assert session.exec(select(Line.key).order_by(Line.key)).all() == sorted(keys, key=str.encode)
    if session.get_bind().dialect.name == "postgresql":
        collation = "SELECT collation_name FROM information_schema.columns WHERE column_name = 'key'"
        used = text(f"{collation} AND table_name = 'columns_line'")
        assert session.connection().execute(used).scalar() == "C"


@pytest.mark.parametrize("data", [None, {}, {"a": [1, "ä", None], "b": {"c": 1.5}}])
def test_json_comes_back_as_it_went_in(session: Session, data: dict[str, Any] | None) -> None:
    line = stored(session, Line(data=data))
    assert line.data == data
    assert (session.exec(select(Line.id).where(col(Line.data).is_(None))).first() is None) is (
        data is not None
    )


def test_json_is_searched_by_path(session: Session) -> None:
    wanted = stored(session, Line(data={"a": 2})).id
    stored(session, Line(data={"a": 3}))
    assert session.exec(select(Line.id).where(col(Line.data)["a"].as_integer() == 2)).all() == [wanted]


def test_an_id_is_64_bit_and_never_given_out_again(session: Session) -> None:
    huge = stored(session, Line(id=2**40))
    session.delete(huge)
    session.flush()
    first = stored(session, Line())
    if session.get_bind().dialect.name == "sqlite":
        assert first.id == 2**40 + 1
    session.delete(first)
    session.flush()
    second = stored(session, Line())
    assert first.id is not None
    assert second.id is not None
    assert second.id > first.id
    columns = {column["name"]: column for column in inspect(session.connection()).get_columns("columns_line")}
    assert ("identity" in columns["id"]) is (session.get_bind().dialect.name == "postgresql")
