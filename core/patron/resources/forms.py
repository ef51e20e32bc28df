"""What the form of a resource sends, as ``editing`` takes it."""

from __future__ import annotations

from typing import Any

from patron.contributions import Field, Resource
from patron.web import Web

ENTRIES = 20  # of a list of objects that one form may send


def fields_of(resource: Resource) -> list[Field]:
    """The fields of the form, in its order."""
    return [resource.field(name) for name in resource.form if not resource.field(name).read_only]


def bulk_fields(resource: Resource) -> list[Field]:
    """The fields that can be changed on many records at once."""
    return [item for item in fields_of(resource) if item.kind not in ("list", "computed")]


def values_of(web: Web, resource: Resource) -> dict[str, Any]:
    """The form's fields that were sent, as ``editing`` takes them."""
    sent: dict[str, Any] = {}
    for item in fields_of(resource):
        if item.name in web.form or f"{item.name}-sent" in web.form:
            sent[item.name] = value_of(web, item)
    return sent


def value_of(web: Web, item: Field) -> Any:
    """One field of a form: money has an amount and a currency, a list one value a line."""
    if item.kind == "bool":
        return item.name in web.form
    if item.kind == "money":
        amount = web.value(item.name).replace(",", ".")
        return {"amount": amount, "currency": web.value(f"{item.name}_currency")} if amount else None
    if item.parts:
        return _entries(web, item)
    if item.kind == "list":
        return [
            line.strip() for value in web.values(item.name) for line in value.splitlines() if line.strip()
        ]
    if item.kind == "longtext":
        return (web.values(item.name) or [""])[0]
    return web.value(item.name)


def _entries(web: Web, item: Field) -> list[dict[str, str]]:
    """The objects of a list, sent as ``<field>-<number>-<part>``; those without a word are left out."""
    entries = []
    for number in range(ENTRIES):
        entry = {name: web.value(f"{item.name}-{number}-{name}") for name, _ in item.parts}
        if any(entry.values()):
            entries.append(entry)
    return entries


def pairs(web: Web, resource: Resource) -> list[tuple[str, str]]:
    """What the form sent, to be sent again as hidden fields."""
    names = set(resource.form)
    return [
        (name, value)
        for name, values in web.form.items()
        if name in names or name.removesuffix("_currency") in names or name.partition("-")[0] in names
        for value in values
        if not name.startswith("resolve-")
    ]
