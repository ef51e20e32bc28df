"""The end of the trash: what has lain in it for the stated days goes for good, unless something refers to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Table, delete, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from patron.accounts import audit
from patron.accounts.models import AuditValue
from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Resource
from patron.customers.contacts import drop_points
from patron.customers.models import (
    Assignment,
    ContactHolder,
    Customer,
    CustomerName,
    CustomerRole,
    ExternalId,
    Origin,
    Preference,
)
from patron.db import savepoint
from patron.files.services import detach
from patron.interactions.models import TimelineEntry
from patron.permissions import job_actor
from patron.records import table, utc_now
from patron.resources import search
from patron.resources.declaration import table_of

Naming = tuple[Any, ColumnElement[bool]]  # a column that may name a record, and in which rows it does
DAYS = 30
BATCH = 50  # records to a transaction: others write in between
# What says something of one customer alone, and is no proof of anything. All else that refers to one keeps it.
_OF_CUSTOMER = (CustomerName, CustomerRole, ExternalId, Preference, Assignment, Origin)


def kept_days(assembly: Assembly) -> int:
    """For how many days the trash keeps what was moved there."""
    return max(1, int(assembly.setting("core", "trash_days")))


def purge_trash(assembly: Assembly) -> None:
    """The job: each record that is older and that nothing refers to is deleted, with a row in the audit."""
    before = utc_now() - timedelta(days=kept_days(assembly))
    schema = MetaData()  # as it is: modules that are away have tables too
    with assembly.database.read() as session:
        schema.reflect(session.connection())
    for resource in assembly.resources.values():
        there = list(schema.tables.values())
        namings = [*namings_of(there, resource), *references_to(there, assembly, resource)]
        last: int | None = 0
        while last is not None:
            with assembly.database.write() as session:
                ctx = Context(session, assembly, job_actor("Trash"))
                last = _purge_some(ctx, resource, before, last, namings)


def _purge_some(
    ctx: Context, resource: Resource, before: datetime, after: int, namings: Sequence[Naming]
) -> int | None:
    """The next of them; returns the id of the last that was looked at, None at the end."""
    t = table_of(resource)
    old = select(t.c.id).where(t.c.trashed_at <= before, t.c.id > after)
    if resource.model is Customer:  # what was merged is kept for ever: it leads to the survivor
        old = old.where(t.c.merged_into_id.is_(None))
    ids = [int(record_id) for record_id in ctx.session.execute(old.order_by(t.c.id).limit(BATCH)).scalars()]
    named: set[int] = set()
    for column, which in namings if ids else ():
        named.update(ctx.session.execute(select(column).where(column.in_(ids), which)).scalars())
    for record_id in ids:
        if record_id not in named and purge(ctx, resource, record_id):
            audit.record(ctx, "purge", resource.key, record_id)
    return ids[-1] if ids else None


def namings_of(tables: Collection[Table], resource: Resource) -> Iterator[Naming]:
    """Columns of modules that name records without a foreign key: ``product_id``, or an id beside a ``…resource``.

    What the core keeps in that way (audit, search, history, attachments) goes or stays with the record.
    """
    wanted = f"{resource.table.removeprefix(f'{resource.module}_')}_id"
    for found in tables:
        if found.name.startswith("core_"):
            continue
        for column in found.c:
            if column.name == wanted and not column.foreign_keys:
                yield column, true()
            elif column.name.endswith("resource"):
                prefix = column.name.removesuffix("resource")
                key = found.c.get(f"{prefix}id" if prefix else "record_id")
                if key is not None:
                    yield key, column == resource.key


def references_to(tables: Collection[Table], assembly: Assembly, resource: Resource) -> Iterator[Naming]:
    """Columns that refer to records by a foreign key and do not go with them: asked for many records at once, so that
    what is held costs next to nothing each time."""
    parts = {(part.table.name, part.name) for part in parts_of(assembly, resource)}
    if resource.model is Customer:
        parts.add((ContactHolder.__tablename__, "customer_id"))
    for found in tables:
        for column in _refers(found, resource.table):
            if (found.name, column.name) not in parts:
                yield column, true()


def purge(ctx: Context, resource: Resource, record_id: int) -> bool:
    """Delete one record with what is part of it. False where a foreign key refers to it: then all stays as it is."""
    t = table_of(resource)
    try:
        with savepoint(ctx.session):
            for part in parts_of(ctx.assembly, resource):
                ctx.session.execute(delete(part.table).where(part == record_id))
            detach(ctx, resource.key, record_id)
            if resource.model is Customer:
                drop_points(ctx, [record_id])
            ctx.session.execute(delete(t).where(t.c.id == record_id))
    except IntegrityError:
        return False
    search.remove(ctx, resource, record_id)
    entry, values = table(TimelineEntry), table(AuditValue)
    mine = (entry.c.resource == resource.key) & (entry.c.record_id == record_id)
    ctx.session.execute(update(entry).where(mine).values(resource="", record_id=None))
    if resource.model is Customer:
        theirs = values.c.customer_id == record_id
        ctx.session.execute(update(values).where(theirs).values(was={}, became={}))
    return True


def parts_of(assembly: Assembly, resource: Resource) -> Iterator[Column[Any]]:
    """Columns that make a row part of the record: its lines and the like, never another resource's records, and
    never what tells of a customer."""
    if resource.model is Customer:
        yield from (table(model).c.customer_id for model in _OF_CUSTOMER)
        return
    records = {item.table for item in assembly.resources.values()}
    for name, found in SQLModel.metadata.tables.items():
        if name in records or name.partition("_")[0] != resource.module or _refers(found, "core_customer"):
            continue
        yield from (column for column in _refers(found, resource.table) if not column.nullable)


def _refers(found: Table, to: str) -> list[Column[Any]]:
    return [c for c in found.c if any(key.column.table.name == to for key in c.foreign_keys)]
