"""What happens where sales is installed: an approved deal is an opportunity, and the partner hears of its stage."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from patron import Context, Scope, editing, in_words, table
from sqlalchemy import select

from patron_prm.models import Registration
from patron_prm.services import registrations

OPPORTUNITIES = "sales.opportunities"


def _is_there(ctx: Context) -> bool:
    return ctx.assembly.has("sales") and OPPORTUNITIES in ctx.assembly.resources


def open_opportunity(ctx: Context, registration: Registration, customer_id: int, partner: str) -> int | None:
    """The opportunity of an approved registration, stamped with partner and protection. None without sales."""
    if not _is_there(ctx):
        return None
    values: dict[str, Any] = {
        "name": f"{registration.end_name}: {registration.interest}"[:200] if registration.interest
        else registration.end_name[:200],
        "customer": customer_id, "via_partner": registration.partner_customer_id,
        "source": f"Partner {partner}"[:200], "owner": registration.owner_id,
        "value": {"minor": registration.value_minor, "currency": registration.currency},
        "note": f"Registered by {partner} as {registration.number}, protected by {registration.protection} until "
        f"{in_words.day(ctx, registrations.last_protected_day(registration))}.",
    }  # fmt: skip
    if registration.expected_close is not None:
        values["close_date"] = registration.expected_close.isoformat()
    if registration.team_id is not None:
        values["team"] = registration.team_id
    working = ctx.acting_as(replace(ctx.actor, grants={"*": Scope.ALL}, only=("*",)))
    return int(editing.create(working, ctx.assembly.resource(OPPORTUNITIES), values).key)


def stages_of(ctx: Context, opportunity_ids: Collection[int]) -> Mapping[int, str]:
    """How far these opportunities are, in a word each; nothing without sales. One statement."""
    if not opportunity_ids or not _is_there(ctx):
        return {}
    resource = ctx.assembly.resource(OPPORTUNITIES)
    t = table(resource.model)
    labels = {choice.value: choice.label for choice in resource.field("stage").choices}
    rows = ctx.session.execute(select(t.c.id, t.c.stage).where(t.c.id.in_(opportunity_ids)))
    return {row.id: labels.get(row.stage, row.stage) for row in rows}
