"""Several statements in one answer what each would answer alone, on both engines."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from patron import together
from patron.db import BigInt, Database, Json, UtcDateTime
from patron.statements import statement_count
from sqlalchemy import Boolean, Date, Numeric, Select, Text, literal, null, select, union_all
from sqlalchemy.types import TypeEngine

AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=2)))
VALUES = (7, 'a “quote" \\ ,', True, AT, date(2024, 2, 29), {"list": [1, "two", None]}, 2**62)
TYPES: tuple[type[TypeEngine[object]], ...] = (BigInt, Text, Boolean, UtcDateTime, Date, Json, BigInt)


def _one(number: int, *, empty: bool = False) -> Select[Any]:
    columns = [null() if empty else literal(value, kind()) for value, kind in zip(VALUES, TYPES, strict=True)]
    names = ("id", "text", "yes", "at", "day", "held", "large")
    first = literal(number, BigInt()).label("number")
    typed = (column.label(name) for column, name in zip(columns, names, strict=True))
    return select(first, *typed)


def test_each_kind_of_value_comes_back_in_order(database: Database) -> None:
    rows = union_all(_one(1), _one(3, empty=True), _one(2)).subquery()
    down = select(rows).order_by(rows.c.number.desc()).limit(9)
    none = select(rows).where(rows.c.number > 3)
    with database.read() as session, statement_count() as count:
        found = together(session, down=down, none=none, unasked=None, up=select(rows).order_by(rows.c.number))
        assert count.total == 1
        alone = [tuple(row) for row in session.execute(down)]
    assert [tuple(row) for row in found["down"]] == alone
    assert found["down"][1].at == AT
    assert found["down"][1].held == VALUES[5]
    assert found["down"][0].text is None
    assert (found["none"], found["unasked"]) == ([], [])
    assert [row.number for row in found["up"]] == [1, 2, 3]


def test_what_would_lose_something_is_refused(database: Database) -> None:
    with database.read() as session, pytest.raises(TypeError):
        together(session, some=select(literal(Decimal("0.1"), Numeric(10, 2)).label("tenth")))
