"""The conditions of a rule: lines of field, comparison and values, checked against facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patron import normalise

_LINE = re.compile(r"([a-z][a-z0-9_.]*)\s*(!=|=|~)\s*(.+)")


@dataclass(frozen=True)
class Condition:
    """``field`` is one of (``=``), none of (``!=``) or contains one of (``~``) the folded ``values``."""

    field: str
    operator: str
    values: tuple[str, ...]

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether it is so; a fact that is not known equals nothing and contains nothing."""
        known = [normalise.fold(_text(value)) for value in _several(facts.get(self.field))]
        if self.operator == "~":
            return any(wanted in value for wanted in self.values for value in known)
        return any(value in self.values for value in known) == (self.operator == "=")


def read_conditions(text: str) -> tuple[Condition, ...]:
    """One condition a line; ValueError says which line is wrong."""
    return tuple(_read(line.strip()) for line in text.splitlines() if line.strip())


def _read(line: str) -> Condition:
    found = _LINE.fullmatch(line)
    values = tuple(normalise.fold(value) for value in found[3].split(",") if value.strip()) if found else ()
    if found is None or not values:
        raise ValueError(f"“{line}” is not like “country=DE,AT”, “source!=import” or “subject~invoice”")
    return Condition(found[1], found[2], values)


def _several(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
