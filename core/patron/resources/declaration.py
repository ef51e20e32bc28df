"""Checks a declared resource against its model, so that a mistake is found at start, with the line to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Table

from patron.contributions import Field, Resource
from patron.records import table

WITHOUT_COLUMN = ("list", "computed")


def table_of(resource: Resource) -> Table:
    """The table behind a resource."""
    return table(resource.model)


def problems_of(resource: Resource, resources: Mapping[str, Resource]) -> Iterator[str]:
    """Sentences that say what does not fit and what to change; none when all is well."""
    columns = table_of(resource)
    prefix = f"{resource.module}_"
    if not columns.name.startswith(prefix):
        yield f"its table “{columns.name}” must begin with “{prefix}”."
    names = [item.name for item in resource.fields]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"the field “{name}” is declared twice."
    for item in resource.fields:
        yield from _field_problems(item, columns, resources)
    for part in ("columns", "filters", "form", "search"):
        for name in getattr(resource, part):
            if name not in names:
                yield f"{part}: there is no field “{name}”."
    for name in (resource.title, *filter(None, (resource.natural_key, resource.state, resource.date))):
        if name not in names:
            yield f"there is no field “{name}”."
    if resource.state in names and not resource.field(resource.state).choices:
        yield f"state: the field “{resource.state}” has no choices, which are the columns of the board."
    for sort in resource.sorts:
        yield from _sort_problems(resource, sort.removeprefix("-"), columns)
    for link in resource.links:
        if link.field not in columns.c:
            yield f"links: the model has no column “{link.field}”."


def _field_problems(item: Field, columns: Table, resources: Mapping[str, Resource]) -> Iterator[str]:
    if item.kind in WITHOUT_COLUMN:
        return
    needed = [
        item.attribute,
        *([item.sort_column] if item.sort_column else []),
        *([item.match_column] if item.match_column else []),
    ]
    if item.kind == "money":
        needed.append("currency")
    for name in needed:
        if name not in columns.c:
            yield f"field “{item.name}”: the model has no column “{name}”."
    if item.kind == "choice" and not item.choices:
        yield f"field “{item.name}”: a choice needs choices=(Choice(…), …)."
    if item.kind == "bool" and item.choices and sorted(c.value for c in item.choices) != ["false", "true"]:
        yield f"field “{item.name}”: the choices of a yes or no are “true” and “false”."
    if item.kind == "ref" and item.ref not in resources:
        yield f"field “{item.name}”: there is no resource “{item.ref}”."


def sort_column_of(resource: Resource, name: str) -> str:
    """The column that orders by a field."""
    if name in ("created_at", "updated_at", "id"):
        return name
    item = resource.field(name)
    return item.sort_column or item.attribute


def _sort_problems(resource: Resource, name: str, columns: Table) -> Iterator[str]:
    try:
        column = columns.c[sort_column_of(resource, name)]
    except KeyError:
        yield f"sorts: there is no field “{name}”."
        return
    if column.name == "id":
        return
    if column.nullable:
        yield f"sorts: the column “{column.name}” may be NULL; make it NOT NULL."
    if not any([c.name for c in index.columns] == [column.name, "id"] for index in columns.indexes):
        yield f"sorts: add Index(…, “{column.name}”, “id”) to the model."
