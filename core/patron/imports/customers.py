"""Decided rows of customers written: a fixed number of statements for any number of rows, all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

from sqlalchemy import update

from patron.accounts.audit import Change, record_many
from patron.bulk import among, insert_rows, take_ids, update_rows
from patron.context import Context
from patron.customers.contacts import make_points
from patron.customers.models import ContactHolder, Customer, CustomerRole, ExternalId, Relationship
from patron.customers.resource import CUSTOMERS
from patron.imports import images, notes
from patron.imports.changes import COLUMNS
from patron.imports.decisions import Changed, New
from patron.imports.images import Difference
from patron.imports.matching import Rules
from patron.imports.outcomes import Outcome
from patron.imports.prepared import Prepared, points_of
from patron.imports.takeback import customer_parts
from patron.interactions.models import TimelineEntry
from patron.records import table
from patron.resources import search


def write_customers(ctx: Context, rules: Rules, ready: Prepared, import_id: int) -> list[Outcome]:
    """Make and change customers as prepared. Points that it makes are in ``ready.points`` afterwards."""
    ctx = replace(ctx, now=ready.now)
    decisions, people = ready.decisions, ready.people
    known = set(ready.points.values())
    ids = [one.id for one in decisions.changed]
    parts = customer_parts() if ids else []
    before = images.read_parts(ctx.session, parts, ids)
    _write_new(ctx, ready)
    _write_changed(ctx, decisions.changed)
    _write_points(ctx, ready, people)
    _write_external_ids(ctx, rules, ready)
    _write_employers(ctx, people)
    _write_notes(ctx, people)
    after = images.read_parts(ctx.session, parts, ids)
    changes = [
        (one.row_id, one.id, images.differences(before[one.id], after[one.id])) for one in decisions.changed
    ]
    made = sorted(set(ready.points.values()) - known)
    beside = [Difference("core_contact_point", key, None, None) for key in made]
    beside += [Difference("core_customer", new.id, None, None) for new in decisions.new if not new.row_id]
    images.keep(ctx.session, import_id, [*changes, (0, None, beside)])
    created = [Outcome(new.row_id, "created", new.id) for new in decisions.new if new.row_id]
    updated = [Outcome(one.row_id, "updated", one.id) for one in decisions.changed]
    return [*created, *updated, *decisions.done]


def _write_new(ctx: Context, ready: Prepared) -> None:
    new = ready.decisions.new
    if not new:
        return
    ids = take_ids(ctx.session, table(Customer), len(new))
    for one, row, customer_id in zip(new, ready.customers, ids, strict=True):
        one.id = row["id"] = customer_id
    insert_rows(ctx.session, table(Customer), ready.customers)
    search.insert_entries(ctx, ready.entries, ids)
    record_many(
        ctx, CUSTOMERS.key,
        [Change("create", key, values, key) for key, values in zip(ids, ready.audit, strict=True)],
    )  # fmt: skip


def _write_changed(ctx: Context, changed: Sequence[Changed]) -> None:
    if not changed:
        return
    rows = []
    for one in changed:
        one.known.row.update(one.changes.columns)
        one.known.row.update(version=one.known.row["version"] + 1, updated_at=ctx.now)
        rows.append({name: one.known.row[name] for name in ("id", "version", "updated_at", *COLUMNS)})
    update_rows(ctx.session, table(Customer), rows)
    search.index_many(ctx, CUSTOMERS, [SimpleNamespace(**one.known.row) for one in changed])
    search.rescope(ctx, [one.id for one in changed if "owner_id" in one.changes.columns])
    record_many(
        ctx, CUSTOMERS.key,
        [Change("change", one.id, one.changes.audit, one.id) for one in changed],
    )  # fmt: skip


def _write_points(ctx: Context, ready: Prepared, people: Sequence[New | Changed]) -> None:
    wanted = {(point.kind, point.value): point for one in people for point in points_of(one)}
    ids = ready.points
    ids.update(make_points(ctx, [point for key, point in wanted.items() if key not in ids]))
    holders, revived, demoted = [], [], []
    for one in people:
        firsts = {point.kind: point for point in reversed(one.row.points)}
        for point in points_of(one):
            first = point == firsts[point.kind]
            holding = {
                "contact_point_id": ids[point.kind, point.value], "customer_id": one.id, "use": point.use,
                "label": point.label, "is_primary": first, "since": None, "until": None, "verified_at": None,
            }  # fmt: skip
            once = one.known.ended.get((point.kind, point.value)) if isinstance(one, Changed) else None
            if once is None:
                holders.append(holding)
            else:
                revived.append({"id": once, **holding, "since": ctx.now.date()})
            if first and isinstance(one, Changed):
                held = [key for (kind, _), key in one.known.points.items() if kind == point.kind]
                demoted.extend(held)
    if demoted:
        t = table(ContactHolder)
        ctx.session.execute(update(t).where(among(t.c.id, demoted)).values(is_primary=False))
    insert_rows(ctx.session, table(ContactHolder), holders)
    update_rows(ctx.session, table(ContactHolder), revived)


def _write_external_ids(ctx: Context, rules: Rules, ready: Prepared) -> None:
    rows = [
        {"customer_id": one.id, "source": rules.source, "value": value}
        for value, one in ready.external_ids.items()
    ]
    insert_rows(ctx.session, table(ExternalId), rows)


def _write_employers(ctx: Context, people: Sequence[New | Changed]) -> None:
    relations, roles, titles = [], [], []
    for one in people:
        if one.employer is None:
            continue
        employer_id = one.employer.id if isinstance(one.employer, New) else one.employer
        held = one.known.employers.get(one.row.employer_key) if isinstance(one, Changed) else None
        if held is not None:
            titles.append({"id": held[0], "role": one.row.job_title})
            continue
        relations.append(
            {
                "from_id": one.id, "to_id": employer_id, "kind": "works_at", "role": one.row.job_title,
                "since": None, "until": None, "is_primary": isinstance(one, New) or not one.known.employers,
            }
        )  # fmt: skip
        if isinstance(one, New):
            roles.append(
                {"customer_id": one.id, "role": "contact", "module": "core", "since": ctx.now, "until": None}
            )
    insert_rows(ctx.session, table(Relationship), relations)
    insert_rows(ctx.session, table(CustomerRole), roles)
    update_rows(ctx.session, table(Relationship), titles)


def _write_notes(ctx: Context, people: Sequence[New | Changed]) -> None:
    rows = []
    for one in people:
        note = one.row.note if isinstance(one, New) else one.changes.note
        if note:
            rows.append(
                {
                    "customer_id": one.id, "at": ctx.now, "module": "core", "kind": notes.KIND,
                    "title": notes.TITLE, "body": note, "snapshot": {}, "resource": "", "record_id": None,
                    "thread_id": None, "interaction_id": None, "actor_name": ctx.actor.name, "visibility": "all",
                    "owner_id": ctx.actor.user_id, "team_id": min(ctx.actor.team_ids, default=None),
                }
            )  # fmt: skip
    insert_rows(ctx.session, table(TimelineEntry), rows)
