"""Files of any declared resource: columns matched to the fields of its form, cells read into values of its form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from patron.contributions import Field, Resource
from patron.customers.normalise import fold
from patron.errors import FieldError, Invalid
from patron.imports.fields import ImportField
from patron.imports.mapping import ColumnMapping
from patron.imports.origin import LABELS, ORIGIN_FIELDS, SOURCE_DATE, moment
from patron.resources.values import take_one

REFERENCES = ("customer", "user", "team", "ref")
"""Kinds whose values name another record: they are looked up when the row is applied."""

_AMOUNT = re.compile(r"^\s*(?P<amount>[-+]?[\d\s.,']+?)\s*(?P<currency>[A-Za-z]{3})?\s*$")


def import_fields(resource: Resource) -> tuple[ImportField, ...]:
    """The fields of the form that can be set: nothing else can be reached by an import."""
    own = tuple(
        ImportField(item.name, (_words(item.name), _words(item.label)), item.kind == "list")
        for item in settable(resource)
    )
    return (*own, *ORIGIN_FIELDS)


def settable(resource: Resource) -> list[Field]:
    """What an import may set."""
    fields = (resource.field(name) for name in resource.form)
    return [item for item in fields if not item.read_only and item.kind != "computed"]


def read_row(
    resource: Resource, columns: ColumnMapping, cells: Sequence[str], currency: str, country: str
) -> dict[str, Any]:
    """The row as ``editing`` takes it, checked as far as it can be without the database. Invalid lists all errors."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for index, column in enumerate(columns.columns):
        text = cells[index].strip() if index < len(cells) else ""
        if column.field is None or not text:
            continue
        if column.field in LABELS:
            _read_origin(values, errors, column.field, text)
            continue
        item = resource.field(column.field)
        try:
            _read_cell(values, item, text, currency, country)
        except Invalid as error:
            errors += error.errors or (FieldError(item.name, error.detail),)
        except ValueError as error:
            errors.append(FieldError(item.name, f"{item.label} {error}"))
    if not values.keys() - LABELS.keys() and not errors:
        errors.append(FieldError("", "The row has no value in any column that is imported."))
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return values


def _read_origin(values: dict[str, Any], errors: list[FieldError], name: str, text: str) -> None:
    try:
        values[name] = moment(text, name).isoformat() if name == SOURCE_DATE else text[:200]
    except Invalid as error:
        errors += error.errors


def _read_cell(values: dict[str, Any], item: Field, text: str, currency: str, country: str) -> None:
    if item.kind == "list":
        values.setdefault(item.name, []).extend(part.strip() for part in text.split(";") if part.strip())
        return
    value = _as_given(item, text)
    if item.kind not in REFERENCES:
        take_one(item, value, currency=currency, country=country)
    values[item.name] = value


def _as_given(item: Field, text: str) -> Any:
    """What a person writes in a cell as the form would send it."""
    if item.kind == "money" and (found := _AMOUNT.match(text)):
        amount = {"amount": _plain_number(found["amount"])}
        return {**amount, "currency": found["currency"].upper()} if found["currency"] else amount
    if item.kind == "choice":
        folded = fold(text)
        return next((c.value for c in item.choices if folded in (fold(c.value), fold(c.label))), text)
    if item.kind == "bool":
        return {"ja": "true", "oui": "true", "si": "true", "x": "true", "nein": "false", "non": "false"}.get(
            fold(text), text.lower()
        )
    return text


def _plain_number(text: str) -> str:
    """“1.250,50”, “1,250.50” and “1 250.5” as “1250.50”: the last sign that is not followed by three digits cuts."""
    text = re.sub(r"[\s']", "", text)
    last = max(text.rfind(","), text.rfind("."))
    decimal = last >= 0 and (len(text) - last - 1 != 3 or {",", "."} <= set(text))
    whole, fraction = (text[:last], text[last + 1 :]) if decimal else (text, "")
    whole = re.sub(r"[.,]", "", whole)
    return f"{whole}.{fraction}" if fraction else whole


def _words(text: str) -> str:
    return re.sub(r"[\W_]+", " ", fold(text)).strip()
