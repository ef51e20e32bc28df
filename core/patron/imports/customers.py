"""Decided rows of customers written: a fixed number of statements for any number of rows, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select, update

from patron.accounts.audit import Change, record_many
from patron.bulk import among, insert_rows, take_ids, update_rows
from patron.context import Context
from patron.customers.contacts import ensure_points
from patron.customers.models import ContactHolder, Customer, CustomerRole, ExternalId, Relationship
from patron.customers.resource import CUSTOMERS
from patron.imports.changes import COLUMNS, place_of
from patron.imports.decisions import Changed, Decisions, New, decide
from patron.imports.matching import Rules
from patron.imports.outcomes import Outcome, Waiting
from patron.imports.staged import StagedCustomer, StagedPoint, employer_name_key
from patron.interactions.models import TimelineEntry
from patron.records import table
from patron.resources import search
from patron.resources.scope import row_scope

_EMPTY: Mapping[str, Any] = {
    "version": 1, "trashed_at": None, "standing": "known", "life_state": "active", "life_state_since": None,
    "team_id": None, "merged_into_id": None, "erased_at": None, "last_contact_at": None,
}  # fmt: skip
_PLAIN = (
    "kind",
    "name",
    "given_name",
    "family_name",
    "prefix",
    "suffix",
    "birth_date",
    "language",
    "website",
    "note",
)
_LISTS = {"email": "emails", "phone": "phones", "postal": "addresses"}


def apply_customers(ctx: Context, rules: Rules, rows: Sequence[Waiting]) -> list[Outcome]:
    """Make and change customers of these rows. Rows that come in no outcome wait for those before them."""
    decisions = decide(ctx, rules, rows)
    _find_employers(ctx, decisions)
    _write_new(ctx, rules, decisions.new)
    _write_changed(ctx, rules, decisions.changed)
    people: list[New | Changed] = [*decisions.new, *decisions.changed]
    _write_points(ctx, people)
    _write_external_ids(ctx, rules, people)
    _write_employers(ctx, people)
    _write_notes(ctx, people)
    created = [Outcome(new.row_id, "created", new.id) for new in decisions.new if new.row_id]
    updated = [Outcome(one.row_id, "updated", one.known.id) for one in decisions.changed]
    return [*created, *updated, *decisions.done]


def _find_employers(ctx: Context, decisions: Decisions) -> None:
    """Give each person the organisation of that name: one there is, one of this batch, or one made now."""
    people: list[New | Changed] = [
        *(new for new in decisions.new if new.row.employer_key),
        *(one for one in decisions.changed if one.changes.employer),
    ]
    ids = take_ids(ctx.session, table(Customer), len(decisions.new))
    for new, customer_id in zip(decisions.new, ids, strict=True):
        new.id = customer_id
    if not people:
        return
    known = _organisations(ctx, {one.row.employer_key for one in people})
    for new in decisions.new:
        if new.row.kind == "organisation":
            known.setdefault(new.row.match_key, new.id)
    missing: dict[str, New | Changed] = {}
    for one in people:
        if one.row.employer_key not in known:
            missing.setdefault(one.row.employer_key, one)
    locale = ctx.assembly.settings.locale
    for (key, one), customer_id in zip(
        missing.items(), take_ids(ctx.session, table(Customer), len(missing)), strict=True
    ):
        name = one.row.employer
        row = StagedCustomer("organisation", name, employer_name_key(name, locale), key)
        owner_id = one.owner_id if isinstance(one, New) else ctx.actor.user_id
        decisions.new.append(New(0, row, owner_id, customer_id))
        known[key] = customer_id
    for one in people:
        one.employer_id = known[one.row.employer_key]


def _organisations(ctx: Context, keys: set[str]) -> dict[str, int]:
    """The organisations of these names that the actor may see, the oldest of each."""
    t = table(Customer)
    statement = (
        select(t.c.match_key, t.c.id)
        .where(
            among(t.c.match_key, keys), t.c.kind == "organisation", t.c.trashed_at.is_(None),
            row_scope(ctx, CUSTOMERS),
        )
        .order_by(t.c.id.desc())
    )  # fmt: skip
    return {row.match_key: row.id for row in ctx.session.execute(statement)}


def _write_new(ctx: Context, rules: Rules, new: Sequence[New]) -> None:
    if not new:
        return
    rows = [_customer(ctx, rules, one) for one in new]
    insert_rows(ctx.session, table(Customer), rows)
    search.index_many(ctx, CUSTOMERS, [SimpleNamespace(**row) for row in rows], fresh=True)
    record_many(
        ctx, CUSTOMERS.key,
        [Change("create", one.id, _created(rules, one), one.id) for one in new],
    )  # fmt: skip


def _customer(ctx: Context, rules: Rules, new: New) -> dict[str, Any]:
    row = new.row
    email, phone, postal = row.first("email"), row.first("phone"), row.first("postal")
    created = ctx.now
    if row.created_on is not None:
        created = min(created, datetime.combine(row.created_on, time(), UTC))
    return {
        **_EMPTY,
        **{name: getattr(row, name) for name in _PLAIN},
        **place_of(postal.parts if postal else {}),
        "id": new.id,
        "created_at": created,
        "updated_at": ctx.now,
        "name_key": row.name_key,
        "match_key": row.match_key,
        "source": rules.source,
        "primary_email": email.value if email else "",
        "primary_phone": phone.value if phone else "",
        "owner_id": new.owner_id,
    }


def _created(rules: Rules, new: New) -> dict[str, tuple[Any, Any]]:
    row = new.row
    given: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    for point in row.points:
        if point.kind in _LISTS:
            given.setdefault(_LISTS[point.kind], []).append(point.display)
    if rules.source and row.external_id:
        given["external_ids"] = [{"source": rules.source, "id": row.external_id}]
    if row.employer_key:
        given["works_at"] = f"{row.employer}: {row.job_title}".strip(": ")
    given["owner"] = new.owner_id
    return {name: (None, value) for name, value in given.items() if value not in (None, "")}


def _write_changed(ctx: Context, rules: Rules, changed: Sequence[Changed]) -> None:
    if not changed:
        return
    rows = []
    for one in changed:
        one.known.row.update(one.changes.columns)
        one.known.row.update(version=one.known.row["version"] + 1, updated_at=ctx.now)
        rows.append({name: one.known.row[name] for name in ("id", "version", "updated_at", *COLUMNS)})
    update_rows(ctx.session, table(Customer), rows)
    search.index_many(ctx, CUSTOMERS, [SimpleNamespace(**one.known.row) for one in changed])
    for one in changed:
        if "owner_id" in one.changes.columns:
            search.rescope(ctx, one.known.id)
    record_many(
        ctx, CUSTOMERS.key,
        [Change("change", one.known.id, one.changes.audit, one.known.id) for one in changed],
    )  # fmt: skip


def _id(one: New | Changed) -> int:
    return one.id if isinstance(one, New) else one.known.id


def _points(one: New | Changed) -> Sequence[StagedPoint]:
    return one.row.points if isinstance(one, New) else one.changes.points


def _write_points(ctx: Context, people: Sequence[New | Changed]) -> None:
    ids = ensure_points(ctx, [point.point() for one in people for point in _points(one)])
    holders, demoted = [], []
    for one in people:
        for point in _points(one):
            first = point == one.row.first(point.kind)
            holders.append(
                {
                    "contact_point_id": ids[point.kind, point.value], "customer_id": _id(one), "use": point.use,
                    "label": point.label, "is_primary": first, "since": None, "until": None, "verified_at": None,
                }
            )  # fmt: skip
            if first and isinstance(one, Changed):
                held = [key for (kind, _), key in one.known.points.items() if kind == point.kind]
                demoted.extend(held)
    if demoted:
        t = table(ContactHolder)
        ctx.session.execute(update(t).where(among(t.c.id, demoted)).values(is_primary=False))
    insert_rows(ctx.session, table(ContactHolder), holders)


def _write_external_ids(ctx: Context, rules: Rules, people: Sequence[New | Changed]) -> None:
    if not rules.source:
        return
    wanted: dict[str, int] = {}
    for one in people:
        value = one.row.external_id if isinstance(one, New) else one.changes.external_id
        if value:
            wanted.setdefault(value, _id(one))
    t = table(ExternalId)
    held = select(t.c.value).where(t.c.source == rules.source, among(t.c.value, wanted))
    taken = set(ctx.session.execute(held).scalars()) if wanted else set()
    rows = [
        {"customer_id": customer_id, "source": rules.source, "value": value}
        for value, customer_id in wanted.items()
        if value not in taken
    ]
    insert_rows(ctx.session, t, rows)


def _write_employers(ctx: Context, people: Sequence[New | Changed]) -> None:
    relations, roles, titles = [], [], []
    for one in people:
        if one.employer_id is None:
            continue
        held = one.known.employers.get(one.row.employer_key) if isinstance(one, Changed) else None
        if held is not None:
            titles.append({"id": held[0], "role": one.row.job_title})
            continue
        relations.append(
            {
                "from_id": _id(one), "to_id": one.employer_id, "kind": "works_at", "role": one.row.job_title,
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
                    "customer_id": _id(one), "at": ctx.now, "module": "core", "kind": "core.note",
                    "title": "Note from an import", "body": note, "snapshot": {}, "resource": "", "record_id": None,
                    "thread_id": None, "interaction_id": None, "actor_name": ctx.actor.name, "visibility": "all",
                    "owner_id": ctx.actor.user_id, "team_id": min(ctx.actor.team_ids, default=None),
                }
            )  # fmt: skip
    insert_rows(ctx.session, table(TimelineEntry), rows)
