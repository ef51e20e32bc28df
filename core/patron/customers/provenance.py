"""Where each value of a customer came from: which source, when, by whom. The audit knows, so nothing is kept twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from patron.accounts.models import Audit, AuditValue
from patron.bulk import among
from patron.context import Context
from patron.records import table

IMPORT = "import:"
SOURCES = {
    "person": "Typed by staff",
    "api": "Written by a program",
    "portal": "Said by the customer",
    "public": "From a public page",
    "job": "By the worker",
}
_OF_ACTOR = {
    "user": "person",
    "token": "api",
    "customer": "portal",
    "partner": "portal",
    "anonymous": "public",
}
_SHOWN = ("name", "given_name", "family_name", "prefix", "emails", "phones", "addresses", "website", "birth_date",
          "language", "source", "owner", "team", "life_state", "standing")  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """``source`` is one of SOURCES, or ``import:`` and the name of the system that the file came from."""

    source: str
    at: datetime
    actor: str


def source_of(actor_kind: str, address: str) -> str:
    """The source that an actor writes for, by where the unit of work says it comes from."""
    return address if address.startswith(IMPORT) else _OF_ACTOR.get(actor_kind, "job")


def source_label(source: str) -> str:
    """The source in words."""
    if source.startswith(IMPORT):
        return f"Imported from {source.removeprefix(IMPORT) or 'a file'}"
    return SOURCES.get(source, source)


def provenance_of(ctx: Context, customers: Collection[int]) -> dict[int, dict[str, Provenance]]:
    """By customer and field, the newest act that set it. What a merge brought keeps its own source. One statement."""
    a, v = table(Audit), table(AuditValue)
    acts = (
        select(a.c.record_id, a.c.at, a.c.actor_kind, a.c.actor_name, a.c.address, a.c.action, v.c.became)
        .select_from(a.join(v, v.c.audit_id == a.c.id))
        .where(a.c.resource == "customers", among(a.c.record_id, sorted(customers)))
        .order_by(a.c.id)
    )
    found: dict[int, dict[str, Provenance]] = {}
    for act in ctx.session.execute(acts):
        said = Provenance(source_of(act.actor_kind, act.address), act.at, act.actor_name)
        known = found.setdefault(act.record_id, {})
        brought: Mapping[str, Any] = (act.became or {}).get("brought") or {}
        for name in act.became or {}:
            source = brought.get(name)
            known[name] = Provenance(source, said.at, said.actor) if source else said
    return found


def lines_of(ctx: Context, customer_id: int, item: Mapping[str, Any]) -> list[tuple[str, Provenance]]:
    """Of each field in which the customer says something: its name, and where that came from. One statement."""
    known = provenance_of(ctx, [customer_id]).get(customer_id, {})
    return [(name, known[name]) for name in _SHOWN if name in known and item.get(name) not in (None, "", [])]
