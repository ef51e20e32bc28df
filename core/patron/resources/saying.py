"""How stored values are said to a person: choices by their label, references by their name, money with its currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from sqlalchemy import select

from patron.accounts import acts, audit
from patron.accounts.services.listing import AuditView
from patron.context import Context
from patron.contributions import Field, Resource
from patron.money import Money
from patron.prepared import among_given
from patron.resources.declaration import table_of
from patron.resources.people import people_names
from patron.resources.query import Clauses, rows_within
from patron.resources.rules import Rules, rules_of
from patron.resources.values import percent_text
from patron.web import whole_number

REFERENCES = ("customer", "user", "team", "ref")
NOTHING = "–"
_OF_CUSTOMERS = ("relate", "unrelate", "merge", "split")  # acts whose values are ids of customers


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

    def build(clauses: Clauses, dialect: str) -> Any:
        return select(t.c.id, title).where(among_given(t.c.id, "ids", dialect), *clauses)

    rows = rows_within(ctx, target, "names", build, trashed=None, values={"ids": wanted})
    return {row[0]: str(row[1]) for row in rows}


def sayer(ctx: Context, item: Field, values: Iterable[Any]) -> Callable[[Any], str]:
    """How to say the values of a field; the names of those that are references are read once for all."""
    names: dict[int, str] = {}
    if item.kind in REFERENCES:
        ids = (whole_number(str(value)) for value in values)
        names = names_of(ctx, item, [key for key in ids if key is not None])

    def said(value: Any) -> str:
        if value is None or value in ("", []):
            return NOTHING
        if item.kind == "choice":
            return next((choice.label for choice in item.choices if choice.value == value), str(value))
        if item.kind == "money":
            return _money(ctx, value)
        if item.kind == "percent":
            return f"{percent_text(value) if isinstance(value, int) else value} %"
        if item.kind in ("date", "instant"):
            return _day(ctx, value)
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if names:
            key = whole_number(str(value))
            return str(value) if key is None else names.get(key, f"No. {value}")
        return _structured(ctx, value)

    return said


def _money(ctx: Context, value: Any) -> str:
    """An amount with its currency, in any form the audit keeps it; minor units alone stay a number."""
    if isinstance(value, Mapping):
        return Money(int(value["minor"]), str(value["currency"])).format(ctx.locale)
    return Money(*value).format(ctx.locale) if isinstance(value, tuple | list) else str(value)


def _day(ctx: Context, value: Any) -> str:
    """A day or a moment, also as the audit keeps it, by the locale and time zone of whoever looks."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    if not isinstance(at, datetime) or (isinstance(value, str) and len(value) == 10):
        return str(format_date(at, locale=ctx.locale))
    zone = ZoneInfo(ctx.time_zone)
    return str(format_datetime(at.replace(tzinfo=at.tzinfo or UTC), "short", tzinfo=zone, locale=ctx.locale))


def _structured(ctx: Context, value: Any) -> str:
    """Objects and lists as the audit keeps them, in words: “Name: Waiting room, closes on: 7 Oct 2026”."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Mapping):
        if value.keys() == {"minor", "currency"}:
            return _money(ctx, value)
        parts = {name: part for name, part in value.items() if part not in (None, "", [], {})}
        return ", ".join(
            f"{acts.in_words(str(name))}: {_structured(ctx, part)}" for name, part in parts.items()
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(_structured(ctx, part) for part in value)
    return str(audit.plain(value))


def changes(
    ctx: Context, resource: Resource, row: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Entries of the history of a record, which is ``row`` now, with each changed field's label, what it was and what
    it became, in words.

    Fields that a module has since taken away are said by the name they had.
    """
    fields = {item.name: item for item in resource.fields}
    told: dict[str, list[Any]] = {}
    for entry in entries:
        if entry["action"] in _OF_CUSTOMERS:
            names = entry["was"].keys() | entry["became"].keys()
            fields.update(
                {name: Field(name, acts.in_words(name), "customer") for name in names - fields.keys()}
            )
        for side in (entry["was"], entry["became"]):
            for name, value in side.items():
                told.setdefault(name, []).append(value)
    plain = Field("", "")
    by_kind = {name: sayer(ctx, fields.get(name, plain), values) for name, values in told.items()}
    rules = rules_of(resource)

    def say(name: str, value: Any) -> str:
        own = rules.said(ctx, name, value, row) if value else None
        return by_kind[name](value) if own is None else own

    return [
        {
            **entry,
            "said": acts.act_said(entry["action"]),
            "fields": [
                {
                    "label": fields[name].label if name in fields else acts.in_words(name),
                    "was": say(name, entry["was"].get(name)),
                    "became": say(name, value),
                }
                for name, value in entry["became"].items()
            ],
        }
        for entry in entries
    ]


def line(ctx: Context, entry: AuditView) -> dict[str, Any]:
    """A line of the audit in words: who, what, of what and where that is, and each changed field's values.

    References are said by their number: names would cost a statement for each kind of record on the page.
    """
    fields: dict[str, Field] = {}
    rules = Rules()
    try:
        resource = ctx.assembly.resource(entry.resource)
        rules = rules_of(resource)
        label, path = resource.label, resource.path if ctx.actor.may(resource.permission("read")) else ""
        fields = {item.name: item for item in resource.fields}
    except KeyError:
        label, path = acts.kind_said(entry.resource)
    changed = []
    for name, *values in entry.changed:
        item = fields.get(name, Field("", ""))
        say = sayer(ctx, Field("", "") if item.kind in REFERENCES else item, values)
        said = [rules.said(ctx, name, value, {}) if value else None for value in values]
        words = (say(value) if own is None else own for own, value in zip(said, values, strict=True))
        changed.append((item.label or acts.in_words(name), *words))
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": acts.actor_said(entry.actor, entry.actor_kind),
        "action": acts.act_said(entry.action),
        "label": label,
        "record_id": entry.record_id,
        "record_url": f"{path}/{entry.record_id}" if path and entry.record_id else "",
        "address": entry.address,
        "changed": changed,
    }
