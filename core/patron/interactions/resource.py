"""The interaction as a resource: listed, searched and logged like any other record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron.context import Context
from patron.contributions import Choice, Field, Resource
from patron.interactions.mailflow.showing import conversation
from patron.interactions.models import Interaction
from patron.interactions.services import CHANNELS, INTENTS, participants_of
from patron.resources.rules import Rules
from patron.resources.scope import row_scope


class InteractionRules(Rules):
    """A touch is logged from the page of the customer, where it finds its thread."""

    def page_data(self, ctx: Context, record: Interaction) -> Mapping[str, Any]:
        parts = conversation(ctx, record.thread_id, where=row_scope(ctx, INTERACTIONS))
        return {"participants": participants_of(ctx, record.key), "touches": parts}


INTERACTIONS = Resource(
    name="interactions",
    model=Interaction,
    label="Interaction",
    label_plural="Interactions",
    icon="message-square",
    nav="Customers",
    template="interactions/interaction.html",
    rules=InteractionRules,
    title="subject",
    fields=(
        Field("subject", "Subject", required=True, max_length=500),
        Field(
            "channel",
            "Channel",
            "choice",
            choices=tuple(Choice(k, v) for k, v in CHANNELS.items()),
            read_only=True,
        ),
        Field(
            "direction",
            "Direction",
            "choice",
            choices=(Choice("in", "In"), Choice("out", "Out")),
            read_only=True,
        ),
        Field("intent", "Intent", "choice", choices=tuple(Choice(i.name, i.label) for i in INTENTS)),
        Field("body", "Text", "longtext", personal=True),
        Field("at", "When", "instant", read_only=True),
        Field(
            "visibility",
            "Visible to",
            "choice",
            default="all",
            choices=(Choice("all", "All"), Choice("team", "Team"), Choice("private", "Only me")),
        ),
        Field("quarantined", "Quarantined", "bool", read_only=True),
        Field("owner", "Logged by", "user", column="owner_id", read_only=True),
        Field("team", "Team", "team", column="team_id", read_only=True),
    ),
    columns=("subject", "channel", "direction", "intent", "owner", "at"),
    filters=("channel", "direction", "intent", "owner", "at", "quarantined"),
    sorts=("-at",),
    form=("subject", "intent", "body", "visibility"),
    verbs=("read", "edit", "export"),
    search=("subject",),
)
