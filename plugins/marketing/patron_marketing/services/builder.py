"""The builder of segments: rows of field, operator and value, to a condition of the filter language and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from patron import Choice, Context, Field, Invalid, filters, table, whole_number
from patron import User as StaffUser
from sqlalchemy import select

ROWS = 12
WHOSE = (("self", "The customer"), ("organisation", "The organisation they work at"))
_LABELS = {
    "eq": "is", "ne": "is not", "contains": "contains", "starts": "begins with", "empty": "is empty",
    "filled": "is filled in", "lt": "is below", "gt": "is above", "le": "is at most", "ge": "is at least",
    "last": "in the last … days", "older": "more than … days ago", "before": "before", "after": "on or after",
    "any": "there is one", "none": "there is none",
}  # fmt: skip
_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "choice": ("eq", "ne"), "bool": ("eq",), "user": ("eq", "ne", "empty", "filled"),
    "integer": ("ge", "le", "eq", "ne", "gt", "lt"), "money": ("ge", "le", "eq", "gt", "lt"),
    "date": ("last", "older", "before", "after", "empty", "filled"),
    "instant": ("last", "older", "before", "after", "empty", "filled"), "has": ("any", "none"),
}  # fmt: skip
_VALUELESS = ("empty", "filled")


@dataclass(frozen=True)
class Offered:
    """A field that the builder offers: of the customer, a fact of a module, or records of a module that are there."""

    key: str
    label: str
    kind: str
    group: str
    matches: bool = False
    choices: tuple[Choice, ...] = ()
    state: str = ""

    @property
    def operators(self) -> list[tuple[str, str]]:
        """What can be asked of it."""
        text = (
            ("contains", "starts", "eq", "ne", "empty", "filled")
            if self.matches
            else ("eq", "ne", "empty", "filled")
        )
        return [(name, _LABELS[name]) for name in _BY_KIND.get(self.kind, text)]


@dataclass(frozen=True)
class RowOf:
    """One row as the form sends it."""

    whose: str = "self"
    field: str = ""
    op: str = ""
    value: str = ""


@dataclass(frozen=True)
class Built:
    """A condition as the builder shows it: all of the rows, or any of them."""

    join: str
    rows: Sequence[RowOf]


def offered(ctx: Context) -> dict[str, Offered]:
    """What the actor may ask for, by key, grouped by who knows it."""
    customers = ctx.assembly.resource("customers")
    found = [_of_field(customers.field(name), name, "Customer") for name in customers.filters]
    found = [item for item in found if item.kind not in ("team", "customer", "ref")]
    for key, fact in filters.facts_of(ctx).items():
        found.append(
            _of_field(fact.field, key, "Customer" if fact.module == "core" else fact.module.capitalize())
        )
    for key, resource in ctx.assembly.resources.items():
        there = resource.module not in ctx.assembly.live.disabled and resource.module not in (
            "core",
            "marketing",
        )
        if there and resource.links and ctx.actor.may(resource.permission("read")):
            filtered = resource.state in resource.filters and resource.field(resource.state).kind == "choice"
            choices = resource.field(resource.state).choices if filtered else ()
            group = resource.module.capitalize()
            state = resource.state if filtered else ""
            found.append(
                Offered(f"has:{key}", resource.label_plural, "has", group, choices=choices, state=state)
            )
    return {item.key: item for item in found}


def _of_field(item: Field, key: str, group: str) -> Offered:
    return Offered(key, item.label, item.kind, group, bool(item.match_column), item.choices)


def grouped(fields: Mapping[str, Offered]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The fields as options of a select, in groups."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for item in fields.values():
        groups.setdefault(item.group, []).append((item.key, item.label))
    return list(groups.items())


def users(ctx: Context) -> list[tuple[str, str]]:
    """Who can be asked for as owner."""
    t = table(StaffUser)
    rows = ctx.session.execute(
        select(t.c.id, t.c.name).where(t.c.active.is_(True)).order_by(t.c.name).limit(500)
    )
    return [("me", "Me"), *((str(row.id), row.name) for row in rows)]


# Rows to a condition


def condition_of(ctx: Context, built: Built) -> dict[str, Any]:
    """The condition that the rows say; rows without a field are left out. Invalid names the row."""
    fields = offered(ctx)
    parts = [_part(fields, row, n) for n, row in enumerate(built.rows, 1) if row.field]
    if not parts:
        raise Invalid.field("condition", "Add at least one condition.")
    if len(parts) == 1:
        return parts[0]
    return {"or" if built.join == "any" else "and": parts}


def _part(fields: Mapping[str, Offered], row: RowOf, number: int) -> dict[str, Any]:
    item = fields.get(row.field)
    if item is None:
        raise Invalid.field("condition", f"Condition {number}: this field is no longer there.")
    op = row.op if row.op in dict(item.operators) else item.operators[0][0]
    try:
        condition = (
            _has(item, op, row.value) if item.kind == "has" else {item.key: _operand(item, op, row.value)}
        )
    except ValueError as error:
        raise Invalid.field("condition", f"Condition {number}: {item.label} {error}") from error
    return {"related": {"by": "works_at", "where": condition}} if row.whose == "organisation" else condition


def _has(item: Offered, op: str, value: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"resource": item.key.removeprefix("has:")}
    if value:
        if value not in {choice.value for choice in item.choices}:
            raise ValueError("has no such state.")
        spec["where"] = {item.state: value}
    found: dict[str, Any] = {"exists": spec}
    return found if op == "any" else {"not": found}


def _operand(item: Offered, op: str, value: str) -> Any:
    if op in _VALUELESS:
        return {"empty": op == "empty"}
    if op in ("last", "older"):
        days = whole_number(value)
        if days is None or days > 36_500:
            raise ValueError("needs a number of days.")
        return {"ge" if op == "last" else "lt": {"days": -days}}
    if op in ("before", "after"):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError("needs a day.") from None
        return {"lt" if op == "before" else "ge": value}
    if not value:
        raise ValueError("needs a value.")
    plain: Any = value
    if item.kind == "bool":
        plain = value == "true"
    elif item.kind in ("integer", "money"):
        plain = whole_number(value, signed=True)
        if plain is None:
            raise ValueError("needs a whole number.")
    return plain if op == "eq" else {op: plain}


# A condition to rows


def rows_of(ctx: Context, condition: Mapping[str, Any]) -> Built | None:
    """The rows that say this condition; None where it says more than the builder can show."""
    if not condition:
        return Built("all", [RowOf()])
    fields = offered(ctx)
    [key, value] = next(iter(condition.items())) if len(condition) == 1 else ("and", [condition])
    join = "any" if key == "or" else "all"
    parts = value if key in ("and", "or") and isinstance(value, list) else [condition]
    rows = [_row(fields, part) for part in parts]
    if any(row is None for row in rows) or len(rows) > ROWS:
        return None
    return Built(join, [row for row in rows if row is not None])


def _row(fields: Mapping[str, Offered], part: Any) -> RowOf | None:
    if not isinstance(part, Mapping) or len(part) != 1:
        return None
    [key, value] = next(iter(part.items()))
    if (
        key == "related"
        and isinstance(value, Mapping)
        and set(value) == {"by", "where"}
        and value["by"] == "works_at"
    ):
        inner = _row(fields, value["where"])
        return (
            None
            if inner is None or inner.whose != "self"
            else RowOf("organisation", inner.field, inner.op, inner.value)
        )
    if key == "exists" or (key == "not" and isinstance(value, Mapping) and set(value) == {"exists"}):
        return _has_row(
            fields, value if key == "exists" else value["exists"], "any" if key == "exists" else "none"
        )
    item = fields.get(key)
    if item is None:
        return None
    return _field_row(item, value if isinstance(value, Mapping) else {"eq": value})


def _has_row(fields: Mapping[str, Offered], spec: Any, op: str) -> RowOf | None:
    if not isinstance(spec, Mapping) or f"has:{spec.get('resource')}" not in fields or "role" in spec:
        return None
    where = spec.get("where") or {}
    if len(where) > 1 or not all(isinstance(value, str) for value in where.values()):
        return None
    return RowOf("self", f"has:{spec['resource']}", op, next(iter(where.values()), ""))


def _field_row(item: Offered, condition: Mapping[str, Any]) -> RowOf | None:
    if len(condition) != 1:
        return None
    [op, operand] = next(iter(condition.items()))
    if op == "empty":
        return RowOf("self", item.key, "empty" if operand else "filled", "")
    if isinstance(operand, Mapping):
        days = operand.get("days")
        known = {"ge": "last", "lt": "older"}.get(op)
        return (
            RowOf("self", item.key, known, str(-days))
            if known and isinstance(days, int) and days <= 0
            else None
        )
    if item.kind in ("date", "instant"):
        op = {"lt": "before", "ge": "after"}.get(op, op)
    if op not in dict(item.operators) or isinstance(operand, list) or operand is None:
        return None
    return RowOf("self", item.key, op, str(operand).lower() if isinstance(operand, bool) else str(operand))
