"""What the page of a customer shows of the core's own: history, relationships, roles, consents, team."""

from __future__ import annotations

from typing import Any

from patron.context import Context
from patron.customers.beside import beside
from patron.customers.erasing import ERASE
from patron.customers.merging import MERGE
from patron.customers.models import Customer
from patron.customers.relationships import KINDS, related_to
from patron.customers.reporting import REPORT
from patron.interactions import timeline
from patron.interactions.services import CHANNEL_ICONS, CHANNELS
from patron.resources.people import people_options


def customer_data(ctx: Context, customer: Customer) -> dict[str, Any]:
    """Data of the customer page: a fixed number of statements."""
    entries, older = timeline.read(ctx, customer.key)
    return {
        "customer": customer,
        "timeline": entries,
        "older_url": f"/customers/{customer.key}/timeline?cursor={older}" if older else "",
        "related": related_to(ctx, customer.key),
        "relationship_kinds": [(kind.name, kind.label) for kind in KINDS.values()],
        **beside(ctx, customer.key),
        "people": {"user": people_options(ctx, "user"), "team": people_options(ctx, "team")},
        "channels": [(name, label, CHANNEL_ICONS[name]) for name, label in CHANNELS.items()],
        "channel_options": list(CHANNELS.items()),
        "may_log": ctx.actor.may("interactions.log"),
        "may_merge": ctx.actor.may(MERGE),
        "may_erase": ctx.actor.may(ERASE),
        "may_report": ctx.actor.may(REPORT),
        "intents": [(intent.name, intent.label) for intent in ctx.assembly.intents.values()],
    }
