"""Canaries: records with a mark in every text, so that a test can tell whose data an answer carries.

``hatch`` makes one record of every resource, owned by ``keeper`` in the team ``North``, and one row of every other
table that is still empty. The mark of a table's texts is ``mark(table)``; it carries markup, so a page that shows it
unescaped is found as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Table, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Integer, LargeBinary, String
from sqlmodel import SQLModel

from patron.accounts.services.teams import list_teams
from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Field, Resource
from patron.db import savepoint
from patron.errors import PatronError
from patron.permissions import Actor, Scope
from patron.records import Row
from patron.resources import editing
from patron.resources.declaration import table_of
from patron.testing.faces import make_user, working

MARKUP = '"><script>canary()</script>'
KEEPER_TEAM = "North"
# Written by the frame itself: a made-up row would only confuse it.
PLUMBING = frozenset(
    {
        "core_outbox", "core_delivery", "core_job", "core_idempotency", "core_plugin", "core_setting", "core_link",
        "core_generation", "core_search", "core_rate_limit", "core_replay", "core_audit", "core_audit_value",
        "core_sign_in_link", "core_metric_snapshot", "core_number_series", "core_merge_journal", "core_erasure_journal",
        "core_import", "core_import_change", "core_import_key", "core_import_row",
    }
)  # fmt: skip


def mark(table_name: str) -> str:
    """What the texts of a table carry: letters only, so that it is found however the rest is escaped."""
    return "canary" + re.sub("[^a-z]", "", table_name) + "x"


@dataclass
class Canaries:
    """Where the marks are: ids by table, and who owns them."""

    keeper: int
    team: int
    customer: int = 0
    other_customer: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    makers: Mapping[str, Callable[[Context, Canaries], int]] = field(default_factory=dict)

    def of(self, resource: Resource) -> int:
        """The canary record of a resource."""
        return self.ids[resource.table]


def hatch(
    assembly: Assembly, makers: Mapping[str, Callable[[Context, Canaries], int]] | None = None
) -> Canaries:
    """Make the canaries. Each record is made the way a program makes it where its rules allow that.

    ``makers`` make, by table, what only a module's own services can: given a context and the canaries so far, they
    return the record's id.
    """
    keeper = make_user(assembly, "user", KEEPER_TEAM, name="Keeper")
    with working(assembly) as ctx:
        team = next(t for t, name, _ in list_teams(ctx) if name == KEEPER_TEAM)
        found = Canaries(keeper, team, makers=makers or {})
        actor = Actor("user", keeper, "Keeper", grants={"*": Scope.ALL}, team_ids=frozenset({team}))
        own = ctx.acting_as(actor)
        customers = assembly.resource("customers")
        found.other_customer = editing.create(own, customers, {"name": "Somebody Else"}).key
        found.customer = editing.create(own, customers, _customer(customers)).key
        found.ids[customers.table] = found.customer
        for resource in assembly.resources.values():
            _record(own, resource, found)
        prefixes = ("core_", *(f"{plugin.name}_" for plugin in assembly.active))
        for name, table in sorted(SQLModel.metadata.tables.items()):
            if name.startswith(prefixes) and name not in PLUMBING and "id" in table.c:
                _row(own, table, found)
    return found


def _customer(resource: Resource) -> dict[str, Any]:
    text = mark(resource.table)
    lists = {"emails": [f"{text}@example.com"], "phones": ["+49 30 901820"]}
    texts = dict.fromkeys(("given_name", "family_name", "prefix", "source", "note"), f"{text} {MARKUP}")
    return {"kind": "person", "name": f"{text} {MARKUP}", **texts, **lists}


def _record(ctx: Context, resource: Resource, found: Canaries) -> int:
    """The canary of a resource, and first those that it refers to."""
    if resource.table in found.ids:
        return found.ids[resource.table]
    values = {}
    for name in resource.form:
        item = resource.field(name)
        if not item.read_only and (value := plausible(ctx, item, found, mark(resource.table))) is not None:
            values[name] = value
    record_id = _create(ctx, resource, values)
    if record_id is None and resource.table in found.makers:
        with savepoint(ctx.session):
            record_id = found.makers[resource.table](ctx, found)
    if record_id is None:
        return _row(ctx, table_of(resource), found, resource)
    found.ids[resource.table] = record_id
    return record_id


def _create(ctx: Context, resource: Resource, values: dict[str, Any]) -> int | None:
    """Make the record, leaving out what its rules refuse; None where they refuse it all the same."""
    for _ in range(len(values) + 1):
        try:
            with savepoint(ctx.session):
                return int(editing.create(ctx, resource, values).key)
        except PatronError as error:
            wrong = {item.field.split(".")[0] for item in error.errors} & values.keys()
            if not wrong:
                return None
            for name in wrong:
                default = resource.field(name).default
                if default not in (None, "") and values[name] != default:
                    values[name] = default
                else:
                    del values[name]
        except Exception:  # a resource that only its own services can make
            return None
    return None


def plausible(ctx: Context, item: Field, found: Canaries, text: str) -> Any:
    """A value that the field takes; None for what is better left out."""
    day = ctx.now.date() + timedelta(days=30)
    simple: Mapping[str, Any] = {
        "text": f"{text} {MARKUP}", "longtext": f"{text} {MARKUP}", "email": f"{text}@example.com",
        "phone": "+49 30 901820", "url": f"https://example.com/{text}", "integer": 1, "percent": "19.5", "bool": True,
        "money": {"minor": 1250, "currency": ctx.assembly.settings.currency}, "date": day.isoformat(),
        "instant": ctx.now.isoformat(), "customer": found.customer, "user": found.keeper, "team": found.team,
    }  # fmt: skip
    if item.says == "currency":
        return ctx.assembly.settings.currency
    if item.kind == "choice":
        return item.default or (item.choices[0].value if item.choices else None)
    if item.kind == "ref":
        target = ctx.assembly.resources.get(item.ref)
        return _record(ctx, target, found) if target is not None else None
    value = simple.get(item.kind)
    return value[: item.max_length] if item.kind == "text" and isinstance(value, str) else value


def _row(ctx: Context, table: Table, found: Canaries, resource: Resource | None = None) -> int:
    """A row of a table, made column by column where there is none yet; 0 where its constraints refuse it."""
    if table.name in found.ids:
        return found.ids[table.name]
    newest = ctx.session.execute(select(func.max(table.c.id))).scalar_one()
    if newest is None:
        found.ids[table.name] = 0  # a table that refers to itself ends here
        values = {
            column.name: _cell(ctx, column, found, resource) for column in table.c if column.name != "id"
        }
        try:
            with savepoint(ctx.session):
                newest = ctx.session.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
        except IntegrityError:
            return 0
    found.ids[table.name] = int(newest)
    return int(newest)


def _cell(ctx: Context, column: Column[Any], found: Canaries, resource: Resource | None) -> Any:
    text = mark(column.table.name)
    if column.foreign_keys:
        return _referred(ctx, column, found)
    if resource is not None and (value := _declared(resource, column.name)) is not None:
        return value
    if column.name in _STATES:
        return _default(column) or _STATES[column.name]
    if column.nullable and not isinstance(column.type, String):
        return None
    kinds: tuple[tuple[type, Any], ...] = (
        (JSON, _default(column) or {}), (Boolean, bool(_default(column))), (Integer, 1), (DateTime, ctx.now),
        (Date, ctx.now.date()), (LargeBinary, text.encode()),
    )  # fmt: skip
    impl = getattr(column.type, "impl_instance", None) or column.type
    for kind, value in kinds:
        if isinstance(impl, kind):
            return value
    return f"{text}@example.com" if "email" in column.name else f"{text} {MARKUP}"


_STATES = {
    "kind": "note", "state": "open", "status": "open", "channel": "phone", "direction": "in", "face": "customer",
    "visibility": "all", "purpose": "newsletter", "part": "from", "audience": "private", "module": "core",
    "currency": "EUR", "resource": "customers", "theme": "auto", "country": "DE", "locale": "en",
    "time_zone": "UTC", "language": "en", "query": "",
}  # fmt: skip


def _declared(resource: Resource, column: str) -> Any:
    """The first choice, or the default, of the field that the column holds."""
    for item in resource.fields:
        if item.attribute == column and item.kind == "choice" and item.choices:
            return item.default or item.choices[0].value
    return None


def _default(column: Column[Any]) -> Any:
    """The model's default of the column, where it is a plain value."""
    model = next((m for m in _models(Row) if getattr(m, "__table__", None) is column.table), None)
    info = model.model_fields.get(column.name) if model is not None else None
    return info.get_default(call_default_factory=True) if info and not info.is_required() else None


def _models(base: type[SQLModel]) -> Iterator[type[SQLModel]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def _referred(ctx: Context, column: Column[Any], found: Canaries) -> int | None:
    target = next(iter(column.foreign_keys)).column.table
    if target.name == "core_customer":
        if column.name == "merged_into_id":
            return None
        return found.other_customer if column.name in ("merged_id", "to_id") else found.customer
    if target.name == "core_user":
        return found.keeper
    if target.name == "core_team":
        return found.team
    if target is column.table or target.name in PLUMBING:
        return None
    return _row(ctx, target, found) or None
