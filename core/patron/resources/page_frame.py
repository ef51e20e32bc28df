"""What the pages of a resource share: which verbs the actor holds, and the names of what rows refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from patron.context import Context
from patron.contributions import Field, Resource
from patron.resources import saying
from patron.resources.purging import kept_days
from patron.resources.rules import rules_of
from patron.resources.values import columns_of, give

_VERBS = ("read", "create", "edit", "delete", "export", "import")


def frame(ctx: Context, resource: Resource) -> dict[str, Any]:
    """Which verbs the actor holds, and where the resource's pages are."""
    may = {verb: verb in resource.verbs and ctx.actor.may(resource.permission(verb)) for verb in _VERBS}
    return {
        "resource": resource,
        "may": may,
        "path": resource.path,
        "query": ctx.web.query_string,
        "errors": [],
        "trash_days": kept_days(ctx.assembly),
    }


def query_with(ctx: Context, resource: Resource, changes: Mapping[str, str | None]) -> str:
    """The list's query string with some parameters set or (None) taken out; the cursor always goes."""
    pairs = [(k, v) for k, v in parse_qsl(ctx.web.query_string) if k not in changes and k != "cursor"]
    pairs += [(name, value) for name, value in changes.items() if value is not None]
    return urlencode(pairs)


def item_of(ctx: Context, resource: Resource, record: Any) -> dict[str, Any]:
    """A loaded record as the API says it."""
    row = {name: getattr(record, name) for name in columns_of(resource)}
    item = give(resource, row)
    rules_of(resource).expand(ctx, [item], None)
    item["trashed"] = record.trashed_at is not None
    return item


def name_references(ctx: Context, resource: Resource, rows: Sequence[dict[str, Any]]) -> None:
    """Give each row the names (and addresses) of what it refers to: one statement per kind of reference shown."""
    for item in resource.fields:
        if item.kind not in ("customer", "user", "team", "ref"):
            continue
        ids = {int(row[item.name]) for row in rows if row.get(item.name)}
        names = saying.names_of(ctx, item, ids)
        for row in rows:
            value = row.get(item.name)
            shown = names.get(int(value)) if value else None
            row[f"{item.name}_shown"] = shown or ""
            row[f"{item.name}_url"] = _reference_url(ctx, item, value) if shown else ""


def _reference_url(ctx: Context, item: Field, value: Any) -> str:
    if item.kind == "customer":
        return f"/customers/{value}"
    return f"{ctx.assembly.resource(item.ref).path}/{value}" if item.kind == "ref" else ""
