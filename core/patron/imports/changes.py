"""What a row changes in a customer that is known: what the file says and it has not. Nothing is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from patron.customers import normalise
from patron.imports.existing import Existing
from patron.imports.staged import StagedCustomer, StagedPoint

COLUMNS = (
    "name", "name_key", "match_key", "given_name", "family_name", "prefix", "suffix", "birth_date", "language",
    "website", "note", "owner_id", "primary_email", "primary_phone", "city", "city_key", "country",
)  # fmt: skip
"""The columns that an import may change."""

_PRIMARY = {"email": "primary_email", "phone": "primary_phone"}


@dataclass
class Changes:
    """``columns`` to set, ``points`` to hold, and what the audit says: field to (was, became)."""

    columns: dict[str, Any] = field(default_factory=dict)
    points: list[StagedPoint] = field(default_factory=list)
    audit: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    external_id: str = ""
    employer: bool = False  # a new relationship, or a new title in the one there is
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.columns or self.points or self.external_id or self.employer)

    def set(self, known: Existing, name: str, value: Any) -> None:
        """Set a column that the file gives a value for and that differs."""
        was = known.row.get(name)
        if value in (None, "") or value == was or name in known.held:
            return
        self.columns[name] = value
        if name not in ("name_key", "match_key", "city_key"):
            self.audit[name.removesuffix("_id")] = (was, value)


def changes_of(known: Existing, row: StagedCustomer, source: str, owner_id: int | None) -> Changes:
    """What the row would change."""
    changes = Changes()
    # A name that it had once, or hides, must not become what it is called.
    renamed = not row.nameless and (row.match_key == known.match_key or not known.is_called(row.match_key))
    if renamed and row.name != known.name:
        for name in ("name", "name_key", "match_key"):
            changes.set(known, name, getattr(row, name))
    parts = ("given_name", "family_name", "prefix", "suffix") if renamed or row.nameless else ()
    for name in (*parts, "birth_date", "language", "website"):
        changes.set(known, name, getattr(row, name))
    changes.set(known, "owner_id", owner_id)
    _add_note(changes, known, row)
    _add_points(changes, known, row)
    if source and row.external_id and row.external_id not in known.external_ids:
        changes.external_id = row.external_id
        changes.audit["external_ids"] = (None, [{"source": source, "id": row.external_id}])
    _add_employer(changes, known, row)
    return changes


def _add_note(changes: Changes, known: Existing, row: StagedCustomer) -> None:
    note = str(known.row.get("note") or "")
    if row.note and row.note not in note:
        changes.note = row.note
        changes.set(known, "note", f"{note}\n{row.note}".strip())


def _add_points(changes: Changes, known: Existing, row: StagedCustomer) -> None:
    fresh = [point for point in row.points if (point.kind, point.value) not in known.points]
    for point in fresh:
        changes.points.append(point)
        if point != row.first(point.kind):
            continue
        if point.kind in _PRIMARY:
            changes.set(known, _PRIMARY[point.kind], point.value)
        elif point.kind == "postal":
            for name, value in place_of(point.parts).items():
                changes.set(known, name, value)
    for kind, name in (("email", "emails"), ("phone", "phones"), ("postal", "addresses")):
        added = [point.display for point in fresh if point.kind == kind]
        if added:
            changes.audit[name] = (known.points_of(kind), [*known.points_of(kind), *added])


def _add_employer(changes: Changes, known: Existing, row: StagedCustomer) -> None:
    if not row.employer_key:
        return
    held = known.employers.get(row.employer_key)
    if held is None or (row.job_title and held[1] != row.job_title):
        changes.employer = True
        changes.audit["works_at"] = (
            held[1] if held else None,
            f"{row.employer}: {row.job_title}".strip(": "),
        )


def place_of(parts: Mapping[str, str]) -> dict[str, str]:
    """The columns that repeat an address."""
    city = parts.get("city", "")
    return {"city": city, "city_key": normalise.fold(city), "country": parts.get("country", "")}
