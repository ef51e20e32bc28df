"""Rows of any declared resource applied through the same door as forms and the API, each in a savepoint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from patron.accounts.models import Team, User
from patron.context import Context
from patron.contributions import Field, Resource
from patron.customers.models import Customer
from patron.db import savepoint
from patron.errors import Conflict, Forbidden, Invalid, NotFound, PatronError
from patron.imports import images
from patron.imports.images import Difference, Part, Rows
from patron.imports.origin import LABELS, SOURCE_DATE, SOURCE_ID, date_audit, known_as, name_record
from patron.imports.outcomes import Outcome, Waiting
from patron.imports.record_fields import REFERENCES
from patron.imports.takeback import read_records, record_parts
from patron.records import table
from patron.resources import editing
from patron.resources.declaration import table_of
from patron.resources.lookups import meant_by
from patron.resources.scope import row_scope
from patron.resources.values import take_one
from patron.web import whole_number

log = logging.getLogger("patron.imports")


def apply_records(
    ctx: Context,
    resource: Resource,
    rows: Sequence[Waiting],
    earlier: Mapping[int, int],
    late: Callable[[], bool],
    import_id: int,
    source: str = "",
) -> list[Outcome]:
    """Create or change a record per row, until it is ``late``, but at least one.

    ``earlier`` maps lines to records that the same file made before.
    """
    outcomes: list[Outcome] = []
    parts, kept = record_parts(ctx.assembly, resource), []
    names = {row.values[SOURCE_ID] for row in rows if row.values.get(SOURCE_ID)}
    named = known_as(ctx, resource.key, source, names)
    for row in rows:
        if outcomes and late():
            break
        key = row.values.get(SOURCE_ID, "")
        outcome, done = _apply(ctx, resource, row, earlier.get(row.line) or named.get(key), parts)
        if key and outcome.record_id is not None and named.get(key) != outcome.record_id:
            name_record(ctx, resource.key, source, key, outcome.record_id)
            named[key] = outcome.record_id
        outcomes.append(outcome)
        kept.append((row.id, outcome.record_id, done))
    images.keep(ctx.session, import_id, kept)
    return outcomes


def _apply(
    ctx: Context, resource: Resource, row: Waiting, earlier: int | None, parts: Sequence[Part]
) -> tuple[Outcome, list[Difference]]:
    """The end of a row, and what it did."""
    try:
        with savepoint(ctx.session):
            given = {name: value for name, value in row.values.items() if name not in LABELS}
            values = _resolved(ctx, resource, given)
            record_id = _known(ctx, resource, values, earlier)
            if record_id is None:
                whose = _customer_rows(ctx, resource, values)
                record_id = _create(ctx, resource, values, row.values.get(SOURCE_DATE))
                made = read_records(ctx.session, resource, parts, [record_id])[record_id]
                made |= _customer_rows(ctx, resource, values)
                return Outcome(row.id, "created", record_id), images.differences(whose, made)
            if "edit" not in resource.verbs:
                return Outcome(row.id, "skipped", record_id), []
            was = read_records(ctx.session, resource, parts, [record_id])
            before = editing.load(ctx, resource, record_id, "edit").version
            changed = editing.change(ctx, resource, record_id, _different(ctx, resource, record_id, values))
            if changed.version == before:
                return Outcome(row.id, "skipped", record_id), []
            now = read_records(ctx.session, resource, parts, [record_id])
            done = images.differences(was[record_id], now[record_id])
            return Outcome(row.id, "updated", record_id), done
    except IntegrityError:
        log.info("row %s of %s: refused by a constraint", row.line, resource.key, exc_info=True)
        return Outcome(row.id, "rejected", None, "This clashes with something that exists already."), []
    except (Invalid, Conflict, Forbidden, NotFound) as error:
        return Outcome(row.id, "rejected", None, error.detail, _field(error)), []


def _create(ctx: Context, resource: Resource, values: Mapping[str, Any], made: str | None) -> int:
    """A record, as of the day on which the other system made it."""
    then = min(ctx.now, datetime.fromisoformat(made)) if made else ctx.now
    back = replace(ctx, now=then)
    record_id: int = editing.create(back, resource, values).key
    if then != ctx.now:
        date_audit(back, resource, record_id, ctx.now)
    return record_id


def _customer_rows(ctx: Context, resource: Resource, values: Mapping[str, Any]) -> Rows:
    """The customers that the row names, as they are: a new record may change them by the way."""
    named = {
        int(value) for name, value in values.items() if value and resource.field(name).kind == "customer"
    }
    found = images.read_parts(ctx.session, [Part(table(Customer).c.id)], named)
    return {key: row for rows in found.values() for key, row in rows.items()}


def _field(error: PatronError) -> str:
    return error.errors[0].field if isinstance(error, Invalid) and error.errors else ""


def _known(ctx: Context, resource: Resource, values: Mapping[str, Any], earlier: int | None) -> int | None:
    """The record that the row means: of an earlier import of the file, or with the same natural key."""
    t = table_of(resource)
    if earlier is not None:
        there = select(t.c.id).where(t.c.id == earlier, t.c.trashed_at.is_(None))
        if ctx.session.execute(there).first() is not None:
            return earlier
    if not resource.natural_key or not values.get(resource.natural_key):
        return None
    settings = ctx.assembly.settings
    item = resource.field(resource.natural_key)
    value = take_one(item, values[item.name], currency=settings.currency, country=settings.country)
    same = select(t.c.id).where(
        t.c[item.attribute] == value, t.c.trashed_at.is_(None), row_scope(ctx, resource)
    )
    found = ctx.session.execute(same.order_by(t.c.id).limit(1)).first()
    return found.id if found is not None else None


def _different(ctx: Context, resource: Resource, record_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without lists that are as stored, since those always count as changed."""
    lists = [name for name in values if resource.field(name).kind == "list"]
    if not lists:
        return dict(values)
    from patron.resources.query import read_one

    stored = read_one(ctx, resource, record_id)
    return {name: value for name, value in values.items() if name not in lists or stored.get(name) != value}


def _resolved(ctx: Context, resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with names of other records turned into their ids."""
    return {
        name: _reference(ctx, resource.field(name), str(value))
        if resource.field(name).kind in REFERENCES
        else value
        for name, value in values.items()
    }


def _reference(ctx: Context, item: Field, text: str) -> int:
    """A record by id, a customer by e-mail or name too, a user likewise, others by their title."""
    if (record_id := whole_number(text)) is not None:
        return record_id
    if item.kind in ("user", "team"):
        return _person(ctx, item, text)
    target = ctx.assembly.resource("customers" if item.kind == "customer" else item.ref)
    t, clause = table_of(target), meant_by(ctx, target, text)
    statement = select(t.c.id).where(clause, t.c.trashed_at.is_(None), row_scope(ctx, target)).limit(2)
    return _one(item, text, list(ctx.session.execute(statement).scalars()))


def _person(ctx: Context, item: Field, text: str) -> int:
    t = table(User if item.kind == "user" else Team)
    clause = (t.c.name == text) | (t.c.email == text.lower()) if item.kind == "user" else t.c.name == text
    statement = select(t.c.id).where(clause, t.c.trashed_at.is_(None)).limit(2)
    return _one(item, text, list(ctx.session.execute(statement).scalars()))


def _one(item: Field, text: str, ids: Sequence[int]) -> int:
    if len(ids) == 1:
        return ids[0]
    found = "There are several" if ids else "There is no"
    raise Invalid.field(item.name, f"{item.label}: {found} “{text[:60]}”; give its id.")
