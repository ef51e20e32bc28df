"""Writing records: create, change, trash, restore. Checked, scoped, versioned, audited, searchable, announced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.contributions import Field, Resource
from patron.customers import facts
from patron.customers.models import Customer
from patron.db import may_write
from patron.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from patron.events import Happening, publish, publish_many
from patron.permissions import Scope
from patron.records import Record
from patron.resources import search
from patron.resources.declaration import table_of
from patron.resources.rules import rules_of
from patron.resources.scope import row_scope, scope_clause
from patron.resources.values import take, take_fields


def create(ctx: Context, resource: Resource, values: Mapping[str, Any]) -> Any:
    """A new record from checked input by field name. Forbidden, Invalid. Returns the flushed record."""
    scope = ctx.actor.require(resource.permission("create"))
    rules = rules_of(resource)
    given = {**rules.defaults(ctx), **_given(ctx, resource, values, partial=False)}
    _check_references(ctx, resource, [given])
    rules.check(ctx, None, given)
    record = resource.model()
    _set(resource, record, given)
    _claim(ctx, resource, record)
    _check_new_owner(ctx, resource, record, scope)
    record.created_at = record.updated_at = ctx.now
    rules.before_save(ctx, record, given, created=True)
    ctx.session.add(record)
    ctx.session.flush()
    changed = {name: (None, value) for name, value in given.items() if value not in (None, "", [])}
    rules.after_save(ctx, record, changed, created=True)
    search.index(ctx, resource, record)
    _tell(ctx, resource, "create", "created", [Saved(record, changed)])
    return record


def change(
    ctx: Context, resource: Resource, record_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> Any:
    """Change some fields. Conflict when ``version`` is not the stored one, even where nothing would change.

    NotFound out of the read scope, Forbidden within it but out of the edit scope. Nothing is written when nothing
    changes.
    """
    record = load(ctx, resource, record_id, "edit")
    given = _given(ctx, resource, values, partial=True)
    if version is not None and version != record.version:
        before = {name: value_of(resource, record, name) for name in given}
        raise Conflict(
            f"This {resource.label.lower()} was changed by someone else meanwhile.",
            current={name: audit.plain(value) for name, value in before.items()},
            yours={name: audit.plain(value) for name, value in given.items()},
            original=_original(ctx, resource, record_id, given, version),
        )
    _check_references(ctx, resource, [_different(resource, record, given)])
    changed = _take_up(ctx, resource, record, given)
    if changed:
        ctx.session.flush()
        rules_of(resource).after_save(ctx, record, changed, created=False)
        _after_change(ctx, resource, [Saved(record, changed)])
    return record


class Saved(NamedTuple):
    """A record that was written, and what of it: field names with (was, became)."""

    record: Any
    changed: Mapping[str, tuple[Any, Any]]


def change_many(ctx: Context, resource: Resource, wanted: Mapping[int, Mapping[str, Any]]) -> list[Saved]:
    """Change records, all or none, each to the values under its id. Returns those that did change.

    However many they are, it costs the same number of statements, but for what the rules ask and write themselves:
    where they write beside a record, each is saved before the next is looked at. NotFound, Forbidden, Invalid.
    """
    records = load_many(ctx, resource, list(wanted), "edit")
    given = [_given(ctx, resource, wanted[record.key], partial=True) for record in records]
    pairs = list(zip(records, given, strict=True))
    _check_references(ctx, resource, [_different(resource, record, values) for record, values in pairs])
    rules, saved = rules_of(resource), []
    for record, values in pairs:
        changed = _take_up(ctx, resource, record, values)
        if not changed:
            continue
        saved.append(Saved(record, changed))
        if rules.writes_beside(values):
            ctx.session.flush()
            rules.after_save(ctx, record, changed, created=False)
    ctx.session.flush()
    _after_change(ctx, resource, saved)
    return saved


def _different(resource: Resource, record: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value_of(resource, record, name) != value}


def _take_up(
    ctx: Context, resource: Resource, record: Any, given: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Check what is given and set it, without flushing. Returns what changes: nothing was set where nothing does."""
    rules = rules_of(resource)
    before = {name: value_of(resource, record, name) for name in given}
    rules.check(ctx, record, given)
    changed = {
        name: (before[name], value)
        for name, value in given.items()
        if before[name] != value or resource.field(name).kind == "list"
    }
    if changed:
        _set(resource, record, given)
        rules.before_save(ctx, record, given, created=False)
        record.version += 1
        record.updated_at = ctx.now
        ctx.session.add(record)
    return changed


def trash(ctx: Context, resource: Resource, ids: Sequence[int]) -> list[int]:
    """Move records to the trash, from where they can be restored. All or none."""
    records = load_many(ctx, resource, ids, "delete")
    if resource.model is Customer:
        reasons = [
            r
            for _, found in ctx.assembly.hooks.transact(ctx, "check_customer_archive", customers=records)
            for r in found
        ]
        if reasons:
            raise Invalid(reasons[0], errors=[FieldError("", reason) for reason in reasons])
    rules_of(resource).before_trash(ctx, records)
    for record in records:
        if record.trashed_at is None:
            record.trashed_at = ctx.now
            record.version += 1
            ctx.session.add(record)
    ctx.session.flush()
    search.to_trash(ctx, resource, [record.key for record in records])
    _tell(ctx, resource, "trash", "trashed", [Saved(record, {}) for record in records])
    return [record.key for record in records]


def restore(ctx: Context, resource: Resource, ids: Sequence[int]) -> list[int]:
    """Bring records back from the trash."""
    records = load_many(ctx, resource, ids, "delete", trashed=True)
    for record in records:
        if getattr(record, "merged_into_id", None) is not None:
            raise Invalid(f"{resource.label} {record.key} was merged: split the merge instead.")
        record.trashed_at = None
        record.version += 1
        ctx.session.add(record)
    ctx.session.flush()
    search.from_trash(ctx, resource, [record.key for record in records])
    search.index_many(ctx, resource, records)
    _tell(ctx, resource, "restore", "restored", [Saved(record, {}) for record in records])
    return [record.key for record in records]


def load(ctx: Context, resource: Resource, record_id: int, verb: str = "read") -> Any:
    """One record for writing (or for a page that needs the entity), within the scope of the verb."""
    return load_many(ctx, resource, [record_id], verb)[0]


def load_many(
    ctx: Context,
    resource: Resource,
    ids: Sequence[int],
    verb: str = "read",
    *,
    trashed: bool | None = None,
    lock: bool = True,
) -> list[Any]:
    """Records in the order of ``ids``, locked for writing where the engine can. NotFound, Forbidden."""
    table = table_of(resource)
    statement = select(resource.model).where(table.c.id.in_(list(ids)), row_scope(ctx, resource, verb))
    if trashed is not None:
        statement = statement.where(
            table.c.trashed_at.is_not(None) if trashed else table.c.trashed_at.is_(None)
        )
    if verb != "read" and lock and may_write(ctx.session):
        statement = statement.with_for_update()
    found = {record.id: record for record in ctx.session.execute(statement).scalars()}
    missing = [record_id for record_id in ids if record_id not in found]
    if missing:
        raise _refusal(ctx, resource, missing[0], verb, trashed)
    return [found[record_id] for record_id in ids]


def _refusal(ctx: Context, resource: Resource, record_id: int, verb: str, trashed: bool | None) -> Exception:
    """Forbidden for what may be read but not this; NotFound for the rest, whether it exists or not."""
    if trashed is not None:
        table = table_of(resource)
        permitted = select(table.c.id).where(table.c.id == record_id, row_scope(ctx, resource, verb))
        if ctx.session.execute(permitted).first() is not None:
            where = "not in the trash" if trashed else "in the trash"
            return NotFound(f"{resource.label} {record_id} is {where}.")
    if verb != "read" and ctx.actor.may(resource.permission("read")):
        table = table_of(resource)
        readable = select(table.c.id).where(table.c.id == record_id, row_scope(ctx, resource))
        if ctx.session.execute(readable).first() is not None:
            return Forbidden(f"You may read this {resource.label.lower()}, but not {verb} it.")
    return NotFound(f"There is no {resource.label.lower()} {record_id}.")


def checked(
    ctx: Context, fields: Sequence[Field], values: Mapping[str, Any], *, partial: bool = False
) -> dict[str, Any]:
    """Input for fields that are no resource's, as columns would store it. Invalid lists every field that is wrong."""
    settings, allowed = ctx.assembly.settings, {item.name: item for item in fields}
    return take_fields(allowed, values, partial=partial, currency=settings.currency, country=settings.country)


def value_of(resource: Resource, record: Any, name: str) -> Any:
    """A field's value as ``take`` gives it."""
    item = resource.field(name)
    if item.kind in ("list", "computed"):
        return None
    value = getattr(record, item.attribute)
    return (value, record.currency) if item.kind == "money" and value is not None else value


def customer_of(resource: Resource, record: Any) -> int | None:
    """The customer a record belongs to, by its first customer link."""
    if resource.model is Customer:
        return int(record.key)
    return getattr(record, resource.links[0].field) if resource.links else None


def _given(ctx: Context, resource: Resource, values: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
    settings = ctx.assembly.settings
    return take(resource, values, partial=partial, currency=settings.currency, country=settings.country)


def _set(resource: Resource, record: Any, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        item = resource.field(name)
        if item.kind == "money":
            amount, currency = value if value is not None else (None, None)
            setattr(record, item.attribute, amount)
            if currency:
                record.currency = currency
        elif item.kind not in ("list", "computed"):
            setattr(record, item.attribute, value)


def _claim(ctx: Context, resource: Resource, record: Any) -> None:
    """Who makes a record owns it, unless someone else was named."""
    if getattr(record, resource.owner, 0) is None:
        setattr(record, resource.owner, ctx.actor.user_id)
    if getattr(record, resource.team, 0) is None and len(ctx.actor.team_ids) == 1:
        setattr(record, resource.team, next(iter(ctx.actor.team_ids)))


def _check_new_owner(ctx: Context, resource: Resource, record: Record, scope: Scope) -> None:
    """Who may create only their own, or their team's, may not create in another's name."""
    if scope == Scope.ALL or not hasattr(record, resource.owner):
        return
    mine = getattr(record, resource.owner) == ctx.actor.user_id
    ours = scope == Scope.TEAM and getattr(record, resource.team, None) in ctx.actor.team_ids
    if not (mine or ours):
        raise Forbidden(f"You may create a {resource.label.lower()} only for yourself.")


def _check_references(ctx: Context, resource: Resource, given: Sequence[Mapping[str, Any]]) -> None:
    """What is referred to must be there and readable: else a link would tell, or reach, what its maker may not see."""
    for item in resource.fields:
        if item.kind not in ("customer", "ref"):
            continue
        wanted = {values[item.name] for values in given if values.get(item.name) is not None}
        if not wanted:
            continue
        target = ctx.assembly.resource("customers" if item.kind == "customer" else item.ref)
        table = table_of(target)
        there = select(table.c.id).where(among(table.c.id, wanted), table.c.trashed_at.is_(None))
        scope = ctx.actor.scope(target.permission("read"))
        seen = ctx.session.execute(there.where(scope_clause(ctx, target, scope))).scalars() if scope else ()
        if missing := wanted - set(seen):
            raise Invalid.field(
                item.name, f"{item.label}: there is no {target.label.lower()} {min(missing)}."
            )


def _original(
    ctx: Context, resource: Resource, record_id: int, given: Mapping[str, Any], version: int
) -> dict[str, Any]:
    """What the fields were at the version that the user began from, as far as the audit still knows."""
    from patron.accounts.history import values_before

    return values_before(ctx, resource.key, record_id, list(given), version)


def _after_change(ctx: Context, resource: Resource, saved: Sequence[Saved]) -> None:
    search.index_many(ctx, resource, [record for record, _ in saved])
    if resource.model is Customer:
        moved = [record.key for record, changed in saved if not changed.keys().isdisjoint(("owner", "team"))]
        search.rescope(ctx, moved)
    _tell(ctx, resource, "change", "changed", saved)


def _tell(ctx: Context, resource: Resource, action: str, verb: str, saved: Sequence[Saved]) -> None:
    """Note in the audit what was done, and announce it."""
    facts.mark(ctx, resource.key, _former_customers(resource, saved))
    told = [(one.record.key, customer_of(resource, one.record), one.changed, _payload(one)) for one in saved]
    name = f"{resource.key}.{verb}"
    if len(told) == 1:  # what a form or a program does, in the fewest statements
        [(key, customer_id, changed, payload)] = told
        audit.record(ctx, action, resource.key, key, changed, customer_id=customer_id)
        publish(ctx, name, payload, customer_id=customer_id)
        return
    changes = [audit.Change(action, key, changed, customer_id) for key, customer_id, changed, _ in told]
    audit.record_many(ctx, resource.key, changes)
    publish_many(ctx, name, [Happening(payload, customer_id) for _, customer_id, _, payload in told])


def _former_customers(resource: Resource, saved: Sequence[Saved]) -> Iterator[int | None]:
    """Whose the records were before, where they were given to other customers."""
    linked = {link.field for link in resource.links}
    names = [item.name for item in resource.fields if item.attribute in linked]
    for _, changed in saved:
        yield from (changed[name][0] for name in names if name in changed)


def _payload(one: Saved) -> dict[str, Any]:
    return {"id": one.record.key, **({"fields": sorted(one.changed)} if one.changed else {})}
