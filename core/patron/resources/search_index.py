"""Keeps the search entries of records: their text, and the tokens of those who may find them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, String, bindparam, cast, delete, null, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from patron.bulk import among, insert_rows
from patron.context import Context
from patron.contributions import Resource
from patron.customers.models import Assignment, Customer, CustomerName
from patron.customers.normalise import sort_key
from patron.prepared import Prepared, among_given
from patron.records import Record, table
from patron.resources.declaration import table_of
from patron.resources.rules import rules_of
from patron.resources.search_text import phone_forms, text_of, token
from patron.system.models import SearchEntry

BATCH = 1000
_TEXT_KINDS = ("text", "longtext", "email", "phone", "url")


class _Place(NamedTuple):
    """Where a record stands: whose it is."""

    record_id: int
    owner_id: int | None
    team_id: int | None
    customer_id: int | None


def index(ctx: Context, resource: Resource, record: Any) -> None:
    """Write the search entry of a flushed record."""
    index_many(ctx, resource, [record])


def index_many(ctx: Context, resource: Resource, records: Sequence[Any], *, fresh: bool = False) -> None:
    """Write the search entries of flushed records, in at most three statements per thousand.

    ``fresh`` is a promise that the records are new in this transaction: none of them has an entry yet.
    """
    if not resource.search:
        return
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        rows = [_row(resource, record) for record in batch]
        places = [_place(resource, row) for row in rows]
        names: dict[int, list[str]] = defaultdict(list)
        scopes = _scopes(ctx, resource, places, None if fresh else names)
        entries = [
            _entry(resource, record, row, names.get(place.record_id, ()))
            | {"customer_id": place.customer_id, "scope": scope}
            for record, row, place, scope in zip(batch, rows, places, scopes, strict=True)
        ]
        if fresh:
            insert_rows(ctx.session, table(SearchEntry), entries, triggered=True)
        else:
            _write(ctx, entries)


def new_entries(resource: Resource, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entries of customers that are about to be made, without their ids: for :func:`insert_entries`."""
    entries = []
    for row in rows:
        who = sorted({"*", *_who(row["owner_id"], row["team_id"])})
        scope = " ".join(token(resource.key, name) for name in who)
        entries.append({**_entry(resource, SimpleNamespace(**row), row), "scope": scope})
    return entries


def insert_entries(ctx: Context, entries: Sequence[dict[str, Any]], ids: Sequence[int]) -> None:
    """Write the entries of customers made in this transaction, now that their ids are known."""
    for entry, customer_id in zip(entries, ids, strict=True):
        entry["record_id"] = entry["customer_id"] = customer_id
    insert_rows(ctx.session, table(SearchEntry), entries, triggered=True)


def remove(ctx: Context, resource: Resource, *record_ids: int) -> None:
    """Take records out of the search, and out of that of the trash."""
    t = table(SearchEntry)
    names = (resource.key, trash_of(resource))
    if record_ids:
        ctx.session.execute(delete(t).where(t.c.resource.in_(names), among(t.c.record_id, record_ids)))


def trash_of(resource: Resource) -> str:
    """Under which name the entries of records in the trash stand: only the list of the trash asks for them."""
    return f"trash:{resource.key}"


def to_trash(ctx: Context, resource: Resource, record_ids: Sequence[int]) -> None:
    """From now on only the trash finds these records, and anybody else again once they are indexed."""
    t = table(SearchEntry)
    theirs = t.c.record_id.in_(record_ids)
    ctx.session.execute(delete(t).where(t.c.resource == trash_of(resource), theirs))
    ctx.session.execute(
        update(t).where(t.c.resource == resource.key, theirs).values(resource=trash_of(resource))
    )


def from_trash(ctx: Context, resource: Resource, record_ids: Sequence[int]) -> None:
    """They are indexed again: the trash finds them no more."""
    t = table(SearchEntry)
    ctx.session.execute(delete(t).where(t.c.resource == trash_of(resource), t.c.record_id.in_(record_ids)))


def rescope(ctx: Context, customer_ids: Collection[int]) -> None:
    """Follow a change of customers' owner, team or account team, or of whose the customers' records are."""
    if not customer_ids:
        return
    t = table(SearchEntry)
    columns = (t.c.resource, t.c.record_id, t.c.id, t.c.scope, t.c.customer_id)
    entries: dict[str, dict[int, tuple[int, str, int]]] = defaultdict(dict)
    for key, record_id, *entry in ctx.session.execute(
        select(*columns).where(among(t.c.customer_id, customer_ids))
    ):
        entries[key][record_id] = (entry[0], entry[1], entry[2])
    changes = []
    for key, found in entries.items():
        resource = ctx.assembly.resources.get(key)
        if resource is None:
            continue
        places = _places(ctx, resource, list(found))
        for place, scope in zip(places, _scopes(ctx, resource, places), strict=True):
            entry_id, *was = found[place.record_id]
            if [scope, place.customer_id] != was:
                changes.append({"entry_id": entry_id, "scope": scope, "customer_id": place.customer_id})
    if changes:
        ctx.session.execute(update(t).where(t.c.id == bindparam("entry_id")), changes)


def rebuild(ctx: Context, resource: Resource) -> int:
    """Write every entry of a resource anew, drop those without a record. Returns how many were written."""
    t, rows, trash = table(SearchEntry), table_of(resource), trash_of(resource)
    gone = t.c.record_id.not_in(select(rows.c.id)) if resource.search else t.c.id.is_not(None)
    ctx.session.execute(delete(t).where(t.c.resource == resource.key, gone))
    ctx.session.execute(delete(t).where(t.c.resource == trash))
    last, written = 0, 0
    while resource.search:
        beyond = select(resource.model).where(rows.c.id > last)
        batch = beyond.order_by(rows.c.id).limit(BATCH)
        records: Sequence[Record] = ctx.session.execute(batch).scalars().all()
        if not records:
            break
        index_many(ctx, resource, records)
        last, written = records[-1].key, written + sum(record.trashed_at is None for record in records)
    trashed = t.c.record_id.in_(select(rows.c.id).where(rows.c.trashed_at.is_not(None)))
    ctx.session.execute(update(t).where(t.c.resource == resource.key, trashed).values(resource=trash))
    return written


def _row(resource: Resource, record: Any) -> dict[str, Any]:
    return {column.name: getattr(record, column.name) for column in table_of(resource).c}


def _entry(
    resource: Resource, record: Any, row: Mapping[str, Any], beside: Sequence[str] = ()
) -> dict[str, Any]:
    title = str(getattr(record, resource.field(resource.title).attribute) or "")
    rules = rules_of(resource)
    texts = [*_searched(resource, record), rules.search_text(record), *beside]
    return {
        "resource": resource.key,
        "record_id": row.get("id"),
        "title": title,
        "title_key": sort_key(title),
        "subtitle": rules.subtitle(row),
        "text": text_of(title, texts),
    }


def _searched(resource: Resource, record: Any) -> Iterable[str]:
    for name in resource.search:
        item = resource.field(name)
        if item.kind not in _TEXT_KINDS:
            continue
        value = getattr(record, item.attribute)
        if value:
            yield phone_forms(value) if item.kind == "phone" else str(value)


def _place(resource: Resource, row: Mapping[str, Any]) -> _Place:
    customer = "id" if resource.model is Customer else resource.links[0].field if resource.links else ""
    return _Place(row["id"], row.get(resource.owner), row.get(resource.team), row.get(customer))


def _places(ctx: Context, resource: Resource, ids: Sequence[int]) -> list[_Place]:
    """The places of records as they are stored."""
    t = table_of(resource)
    names = {"id", resource.owner, resource.team, *(link.field for link in resource.links[:1])}
    columns = [column for column in t.c if column.name in names]
    found: list[_Place] = []
    for start in range(0, len(ids), BATCH):
        rows = ctx.session.execute(select(*columns).where(t.c.id.in_(ids[start : start + BATCH])))
        found.extend(_place(resource, dict(row)) for row in rows.mappings())
    return found


def _scopes(
    ctx: Context, resource: Resource, places: Sequence[_Place], names: dict[int, list[str]] | None = None
) -> list[str]:
    """Per place the tokens of all who may reach it by owner, team or account team.

    Of customers, ``names`` gets what else they are called, hidden names too: to be found by, never to be shown.
    Wider than ``row_scope``, never narrower: what is found by token is checked by that.
    """
    scopes: list[str] = []
    beside: dict[int, set[str]] = defaultdict(set)
    customers = sorted({place.customer_id for place in places if place.customer_id is not None})
    for start in range(0, len(customers), BATCH):
        _add_account_teams(
            ctx, customers[start : start + BATCH], beside, names if resource.model is Customer else None
        )
        if resource.model is not Customer and resource.owner not in table_of(resource).c:
            _add_owners(ctx, customers[start : start + BATCH], beside)
    for place in places:
        who = {"*", *beside.get(place.customer_id or 0, ()), *_who(place.owner_id, place.team_id)}
        scopes.append(" ".join(token(resource.key, name) for name in sorted(who)))
    return scopes


def _who(user_id: int | None, team_id: int | None) -> Iterable[str]:
    if user_id is not None:
        yield f"u{user_id}"
    if team_id is not None:
        yield f"t{team_id}"


def _add_account_teams(
    ctx: Context, customers: Sequence[int], beside: dict[int, set[str]], names: dict[int, list[str]] | None
) -> None:
    """Who looks after them and, where ``names`` are wanted, what else they are called; one statement."""
    values = {"customers": list(customers), "today": ctx.now.date()}
    if names is None:
        for customer_id, user_id, team_id in _ACCOUNT_TEAMS.rows(ctx.session, values):
            beside[customer_id].update(_who(user_id, team_id))
        return
    for customer_id, user_id, team_id, name in _TEAMS_AND_NAMES.rows(ctx.session, values):
        beside[customer_id].update(_who(user_id, team_id))
        if name is not None:
            names[customer_id].append(name)


def _account_teams(dialect: str) -> Any:
    t = table(Assignment)
    lasting = or_(t.c.until.is_(None), t.c.until >= bindparam("today", type_=Date()))
    members = select(t.c.customer_id, t.c.user_id, t.c.team_id)
    return members.where(among_given(t.c.customer_id, "customers", dialect), lasting)


def _teams_and_names(dialect: str) -> Any:
    t = table(CustomerName)
    nobody = (cast(null(), BigInteger), cast(null(), BigInteger))
    called = select(t.c.customer_id, *nobody, t.c.name)
    teams = _account_teams(dialect).add_columns(cast(null(), String))
    return union_all(teams, called.where(among_given(t.c.customer_id, "customers", dialect)))


_ACCOUNT_TEAMS = Prepared(_account_teams)
_TEAMS_AND_NAMES = Prepared(_teams_and_names)


def _add_owners(ctx: Context, customers: Sequence[int], beside: dict[int, set[str]]) -> None:
    t = table(Customer)
    owners = select(t.c.id, t.c.owner_id, t.c.team_id).where(among(t.c.id, customers))
    for customer_id, user_id, team_id in ctx.session.execute(owners):
        beside[customer_id].update(_who(user_id, team_id))


def _write(ctx: Context, entries: Sequence[dict[str, Any]]) -> None:
    if len(entries) == 1:
        _UPSERT_ONE.rows(ctx.session, entries[0])
    else:
        ctx.session.execute(_upsert(ctx.assembly.database.dialect), entries)


_WRITTEN = ("customer_id", "title", "title_key", "subtitle", "text", "scope")


def _upsert(dialect: str) -> Any:
    """Writes an entry, or changes one that differs: an unchanged row would cost the index work."""
    t = table(SearchEntry)
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(t)
    differs = or_(*(t.c[name].is_distinct_from(insert.excluded[name]) for name in _WRITTEN))
    changes = {name: insert.excluded[name] for name in _WRITTEN}
    return insert.on_conflict_do_update(index_elements=["resource", "record_id"], set_=changes, where=differs)


def _upsert_one(dialect: str) -> Any:
    t = table(SearchEntry)
    names = ("resource", "record_id", *_WRITTEN)
    return _upsert(dialect).values({name: bindparam(name, type_=t.c[name].type) for name in names})


_UPSERT_ONE = Prepared(_upsert_one)
