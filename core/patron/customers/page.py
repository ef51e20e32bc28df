"""What the page of a customer shows of the core's own: history, relationships, roles, consents, team."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from patron.batch import PreparedTogether
from patron.context import Context
from patron.customers import normalise
from patron.customers.beside import beside_of, standing_beside
from patron.customers.contacts import POSTAL_FIELDS
from patron.customers.erasing import ERASE
from patron.customers.merging import MERGE
from patron.customers.models import Customer
from patron.customers.preferring import cautions_of, greeting_of
from patron.customers.relationships import KINDS, related_of, relating
from patron.customers.reporting import REPORT
from patron.interactions import timeline
from patron.interactions.channels import CHANNEL_ICONS, CHANNELS
from patron.reckoning.scoring import FIXES
from patron.resources.people import keep_options, selecting

_PAGE = PreparedTogether(
    history=timeline.newest,
    related=relating,
    beside=standing_beside,
    users=partial(selecting, "user"),
    teams=partial(selecting, "team"),
)


def _address_lines(ctx: Context, parts: Mapping[str, str]) -> list[str]:
    """An address as its country writes it; the country in words unless it is the firm's own."""
    known = {name: parts.get(name) or "" for name in POSTAL_FIELDS}
    return normalise.format_address(
        normalise.PostalAddress(**known), ctx.assembly.settings.country, ctx.locale
    )


def _life(customer: Customer) -> dict[str, Any]:
    return {"life_state": customer.life_state, "life_state_since": customer.life_state_since}


def customer_data(ctx: Context, customer: Customer) -> dict[str, Any]:
    """Data of the customer page: one statement."""
    found = _PAGE.rows(ctx.session, timeline.reading(ctx, customer.key))
    entries, older = timeline.page_of(ctx, found["history"], customer.key)
    beside = beside_of(found["beside"])
    return {
        "customer": customer,
        "cautions": cautions_of(ctx, customer.name, {**beside["preference"], **_life(customer)}),
        "greeting": greeting_of(ctx, customer, beside["preference"]),
        "timeline": entries,
        "older_url": f"/customers/{customer.key}/timeline?cursor={older}" if older else "",
        "related": related_of(found["related"], customer.key, ctx.now.date()),
        "relationship_kinds": [(kind.name, kind.label) for kind in KINDS.values()],
        **beside,
        "people": keep_options(ctx, found["users"], found["teams"]),
        "channels": [(name, label, CHANNEL_ICONS[name]) for name, label in CHANNELS.items()],
        "channel_options": list(CHANNELS.items()),
        "fix_words": FIXES,
        "address_lines": partial(_address_lines, ctx),
        "may_log": ctx.actor.may("interactions.log"),
        "may_merge": ctx.actor.may(MERGE),
        "may_erase": ctx.actor.may(ERASE),
        "may_report": ctx.actor.may(REPORT),
        "intents": [(intent.name, intent.label) for intent in ctx.assembly.intents.values()],
    }
