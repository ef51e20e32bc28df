"""How stored values are said to a person: choices by their label, references by their name, money with its currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.contributions import Field, Resource
from patron.money import Money
from patron.resources.declaration import table_of
from patron.resources.people import people_names
from patron.resources.scope import row_scope

REFERENCES = ("customer", "user", "team", "ref")
NOTHING = "–"


def names_of(ctx: Context, item: Field, ids: Iterable[int]) -> dict[int, str]:
    """What referred records are called: customers and records within the actor's scope, users and teams always."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    if item.kind in ("user", "team"):
        return people_names(ctx, item.kind, wanted)
    target = ctx.assembly.resource("customers" if item.kind == "customer" else item.ref)
    t = table_of(target)
    title = t.c[target.field(target.title).attribute]
    if not ctx.actor.may(target.permission("read")):
        return {}
    rows = ctx.session.execute(select(t.c.id, title).where(among(t.c.id, wanted), row_scope(ctx, target)))
    return {row[0]: str(row[1]) for row in rows}


def sayer(ctx: Context, item: Field, values: Iterable[Any]) -> Callable[[Any], str]:
    """How to say the values of a field; the names of those that are references are read once for all."""
    names: dict[int, str] = {}
    if item.kind in REFERENCES:
        names = names_of(ctx, item, [int(value) for value in values if value not in (None, "")])

    def said(value: Any) -> str:
        if value is None or value in ("", []):
            return NOTHING
        if item.kind == "choice":
            return next((choice.label for choice in item.choices if choice.value == value), str(value))
        if item.kind == "money":
            return _money(ctx, value)
        if item.kind == "bool":
            return "Yes" if value else "No"
        if names:
            return names.get(int(value), f"No. {value}")
        return (
            "; ".join(_entry(entry) for entry in value)
            if isinstance(value, list)
            else str(audit.plain(value))
        )

    return said


def _money(ctx: Context, value: Any) -> str:
    """An amount with its currency, in any form the audit keeps it; minor units alone stay a number."""
    if isinstance(value, Mapping):
        return Money(int(value["minor"]), str(value["currency"])).format(ctx.locale)
    return Money(*value).format(ctx.locale) if isinstance(value, tuple | list) else str(value)


def _entry(entry: Any) -> str:
    if isinstance(entry, Mapping):
        return ", ".join(str(value) for value in entry.values() if value not in (None, "", False))
    return str(entry)


def changes(ctx: Context, resource: Resource, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries of a record's history with each changed field's label, what it was and what it became, in words.

    Fields that a module has since taken away are said by the name they had.
    """
    fields = {item.name: item for item in resource.fields}
    told: dict[str, list[Any]] = {}
    for entry in entries:
        for side in (entry["was"], entry["became"]):
            for name, value in side.items():
                told.setdefault(name, []).append(value)
    plain = Field("", "")
    say = {name: sayer(ctx, fields.get(name, plain), values) for name, values in told.items()}
    return [
        {
            **entry,
            "fields": [
                {
                    "label": fields[name].label if name in fields else name,
                    "was": say[name](entry["was"].get(name)),
                    "became": say[name](value),
                }
                for name, value in entry["became"].items()
            ],
        }
        for entry in entries
    ]
