"""A condition of the filter language as a sentence that a marketer reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron import Context, Field, filters, relationships

_WORDS = {
    "eq": "is", "ne": "is not", "lt": "is below", "le": "is at most", "gt": "is above", "ge": "is at least",
    "contains": "contains", "starts": "begins with", "in": "is one of",
}  # fmt: skip
_TIMES = {"lt": "is before", "le": "is no later than", "gt": "is after", "ge": "is no earlier than"}


def sentence(ctx: Context, condition: Any, resource: str = "customers") -> str:
    """“Customers where city is Berlin and …”; names what is gone as it stands in the condition."""
    if not isinstance(condition, Mapping) or not condition:
        return "Nobody yet: add a condition."
    return f"Customers where {_Speaker(ctx).say(condition, resource)}."


class _Speaker:
    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def say(self, data: Any, resource: str) -> str:
        if not isinstance(data, Mapping):
            return str(data)
        return " and ".join(self._one(str(key), value, resource) for key, value in data.items())

    def _one(self, key: str, value: Any, resource: str) -> str:
        if key in ("and", "or") and isinstance(value, list):
            parts = [self.say(item, resource) for item in value]
            joined = f" {key} ".join(parts)
            return f"({joined})" if key == "or" and len(parts) > 1 else joined
        if key == "not":
            return f"not ({self.say(value, resource)})"
        if key == "related" and isinstance(value, Mapping):
            kind = relationships.KINDS.get(str(value.get("by", "")))
            label = "is related to" if kind is None else kind.reverse if value.get("reverse") else kind.label
            where = self.say(value["where"], resource) if value.get("where") else "anybody"
            if value.get("by") == "works_at" and not value.get("reverse"):
                return f"at the organisation they work at, {where}"
            return f"{label.lower()} one where {where}"
        if key == "exists" and isinstance(value, Mapping):
            return self._exists(value)
        item = self._field(key, resource)
        label = item.label.lower() if item else f"“{key}” (no longer there)"
        if not isinstance(value, Mapping) or set(value) == {"days"}:
            value = {"eq": value}
        return " and ".join(self._condition(label, item, str(op), operand) for op, operand in value.items())

    def _exists(self, value: Mapping[str, Any]) -> str:
        key = str(value.get("resource", ""))
        try:
            label = self.ctx.assembly.resource(key).label.lower()
        except KeyError:
            label = f"“{key}” (no longer there)"
        return f"there is a {label}" + (
            f" where {self.say(value['where'], key)}" if value.get("where") else ""
        )

    def _field(self, key: str, resource: str) -> Field | None:
        facts = filters.facts_of(self.ctx)
        if resource == "customers" and key in facts:
            return facts[key].field
        try:
            return self.ctx.assembly.resource(resource).field(key)
        except KeyError:
            return None

    def _condition(self, label: str, item: Field | None, op: str, operand: Any) -> str:
        if op == "empty":
            return f"{label} is {'empty' if operand else 'filled in'}"
        if isinstance(operand, Mapping) and isinstance(operand.get("days"), int):
            days = operand["days"]
            when = f"{abs(days)} days"
            if days <= 0:
                within = op in ("ge", "gt")
                return f"{label} is {'within the last' if within else 'more than'} {when}{'' if within else ' ago'}"
            return f"{label} is {'within the next' if op in ('le', 'lt') else 'more than'} {when}"
        dated = item is not None and item.kind in ("date", "instant")
        word = _TIMES.get(op) if dated else None
        return f"{label} {word or _WORDS.get(op, op)} {self._operand(item, operand)}"

    def _operand(self, item: Field | None, operand: Any) -> str:
        if isinstance(operand, list):
            return ", ".join(self._operand(item, entry) for entry in operand)
        if isinstance(operand, bool):
            return "yes" if operand else "no"
        if item is not None and item.kind == "choice":
            return next(
                (choice.label.lower() for choice in item.choices if choice.value == operand), str(operand)
            )
        return f"“{operand}”" if isinstance(operand, str) else str(operand)
