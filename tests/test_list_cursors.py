"""Cursors of every list there is: the pages united are the set, each record once, in both directions; and a cursor
serves the list, the order and the filter that it was made for, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.contributions import Field, Resource
from patron.db import Database
from patron.errors import Invalid
from patron.migrate import CORE
from patron.plugins import discover
from patron.records import utc_now
from patron.resources.declaration import table_of
from patron.resources.query import Listing, PageOf, read_page
from patron.testing.databases import Databases
from patron.testing.faces import settings_for
from sqlalchemy import Column, Connection, Table, UniqueConstraint, create_engine, delete, insert, text
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Integer, LargeBinary

ROWS, WITHIN = 7, 5  # of each resource, and how many of them its filter admits
PLAIN = ("choice", "bool", "integer", "date", "customer", "ref", "user", "team", "text")


@pytest.fixture
def assembly(engine_name: str, databases: Databases, tmp_path: Path) -> Iterator[Assembly]:
    distributions = (CORE, *(p.migrations for p in discover(None)))
    with databases.copied("list cursors", engine_name, tmp_path, distributions, fill) as database:
        made = assemble(settings_for(database, modules=None, folder=str(tmp_path)))
        yield made
        made.database.dispose()


def fill(database: Database) -> None:
    """Rows of every resource that refer to nothing: lists do not look."""
    assembly = assemble(settings_for(database, modules=None))
    engine = create_engine(assembly.database.engine.url)
    with engine.begin() as connection:
        unbind(connection, database.dialect)
        for resource in assembly.resources.values():
            t = table_of(resource)
            connection.execute(delete(t))  # what migrations bring
            chosen, distinct = filtered(resource), unique_columns(resource)
            for number in range(ROWS):
                values = {
                    c.name: cell(resource, c, number, c.name in distinct) for c in t.c if c.name != "id"
                }
                if {"resource", "record_id"} <= values.keys():  # of a record that everybody here may read
                    values["resource"] = "customers"
                if chosen is not None:
                    values[chosen.attribute] = of_filter(chosen, number < WITHIN)
                connection.execute(insert(t).values(values))
    engine.dispose()
    assembly.database.dispose()


def unbind(connection: Connection, dialect: str) -> None:
    """Take foreign keys and checks away: what is asked is the order of rows, not their sense."""
    if dialect == "sqlite":  # a plain connection minds no foreign keys
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        return
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    checks = (
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
    )
    for table, name in connection.execute(text(checks)).all():
        if not table.startswith("information_schema"):
            connection.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))


def unique_columns(resource: Resource) -> set[str]:
    """One column of every set that must differ between rows."""
    t: Table = table_of(resource)
    sets = [item.columns for item in t.constraints if isinstance(item, UniqueConstraint)]
    sets += [index.columns for index in t.indexes if index.unique]
    return {[c.name for c in columns if c.name != "id"][-1] for columns in sets}


def filtered(resource: Resource) -> Field | None:
    """A field that the list can be narrowed by, and that two rows may have in common."""
    distinct = unique_columns(resource)
    fields = [resource.field(name) for name in resource.filters]
    fields = [f for f in fields if f.kind in PLAIN and f.attribute not in distinct and not f.match_column]
    return min(fields, key=lambda item: PLAIN.index(item.kind), default=None)


def of_filter(item: Field, within: bool) -> Any:
    number = 1 if within else 2
    texts = {"bool": within, "date": date(2030, 1, number), "text": f"value {number}"}
    if item.kind == "choice":
        return item.choices[0 if within else -1].value
    return texts.get(item.kind, number)


def asked_filter(item: Field) -> Any:
    value = of_filter(item, within=True)
    if item.kind == "date":
        return {item.name: value.isoformat()}
    return {item.name: str(value) if item.kind in ("customer", "ref", "user", "team") else value}


def cell(resource: Resource, column: Column[Any], number: int, distinct: bool) -> Any:
    """A value of the column; where rows need not differ, some share it."""
    step = number if distinct else number // 3
    declared = next((f for f in resource.fields if f.attribute == column.name), None)
    if declared is not None and declared.kind == "choice":
        return declared.choices[0].value
    if column.name in ("trashed_at", "merged_into_id"):
        return None
    impl = getattr(column.type, "impl_instance", None) or column.type
    kinds: tuple[tuple[type, Any], ...] = (
        (JSON, {}), (Boolean, False), (Integer, 1 + step), (DateTime, utc_now() - timedelta(days=step)),
        (Date, date(2030, 1, 1 + step)), (LargeBinary, b"x"),
    )  # fmt: skip
    plain = {"visibility": "all", "currency": "EUR", "country": "DE", "locale": "en"}
    return next((value for kind, value in kinds if isinstance(impl, kind)), None) or plain.get(
        column.name, f"v{step}" if not isinstance(impl, Boolean) else False
    )


def sorts_of(resource: Resource) -> list[str]:
    names = dict.fromkeys(sort.removeprefix("-") for sort in resource.sorts)
    return [f"{sign}{name}" for name in names for sign in ("", "-")]


def walked(ctx: Context, resource: Resource, listing: Listing) -> tuple[list[str], list[str]]:
    """The ids of all pages forwards, then of all pages backwards from the last one."""
    pages: list[PageOf] = [read_page(ctx, resource, listing)]
    while pages[-1].next is not None:
        assert len(pages) < 2 * ROWS, "forwards without an end"
        pages.append(read_page(ctx, resource, replace(listing, cursor=pages[-1].next)))
    back: list[PageOf] = [pages[-1]]
    while back[-1].previous is not None:
        assert len(back) < 2 * ROWS, "backwards without an end"
        back.append(read_page(ctx, resource, replace(listing, cursor=back[-1].previous)))
    forwards = [item["id"] for page in pages for item in page.items]
    return forwards, [item["id"] for page in reversed(back) for item in page.items]


def test_the_pages_of_every_list_united_are_the_set(assembly: Assembly) -> None:
    problems, narrowed = [], 0
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        for resource in assembly.resources.values():
            item = filtered(resource)
            for filter_ in [None] if item is None else [None, asked_filter(item)]:
                for sort in sorts_of(resource):
                    listing = Listing(filter=filter_, sort=sort, fields=("id",), limit=200)
                    whole = [row["id"] for row in read_page(ctx, resource, listing).items]
                    expected = ROWS if filter_ is None else WITHIN
                    found = walked(ctx, resource, replace(listing, limit=2))
                    if len(whole) != expected or found != (whole, whole):
                        problems.append((resource.key, sort, filter_, expected, whole, found))
            narrowed += item is not None
    assert not problems, "\n".join(map(str, problems))
    assert narrowed > len(assembly.resources) * 0.8, "most lists were narrowed"


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement is asked
def test_a_cursor_serves_nothing_but_what_it_was_made_for(assembly: Assembly) -> None:
    products, tasks = assembly.resource("catalog.products"), assembly.resource("workflow.tasks")
    with assembly.database.read() as session:
        ctx = Context(session, assembly)

        def reason(listing: Listing, resource: Resource = products) -> str:
            try:
                read_page(ctx, resource, listing)
            except Invalid as error:
                return f"{error.errors[0].field}: {error.errors[0].message}"
            return ""

        asked = Listing(filter={"active": False}, sort="name", limit=2)
        cursor = read_page(ctx, products, asked).next
        assert cursor is not None
        mine = replace(asked, cursor=cursor)
        assert reason(mine) == ""
        assert reason(replace(mine, limit=3, fields=("name",))) == "", "what is shown of each is free"
        assert "the order “name”" in reason(replace(mine, sort="-name"))
        assert "another filter" in reason(replace(mine, filter={"active": True}))
        assert "another filter" in reason(replace(mine, filter=None))
        assert "another filter" in reason(replace(mine, search="oak"))
        assert "another filter" in reason(replace(mine, trashed=True))
        assert "another list" in reason(replace(mine, filter=None, sort="due"), tasks)
        for forged in ("x" + cursor[1:], cursor[:-6] + "AAAAAA", cursor[30:], "nonsense", "ü", "A"):
            assert reason(replace(mine, cursor=forged)).startswith("cursor: This cursor is none of ours"), (
                forged
            )
