"""The interaction as a resource: listed, searched and logged like any other record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, or_

from patron.context import Context
from patron.contributions import Choice, Field, Resource
from patron.interactions.channels import CHANNELS, INTENTS
from patron.interactions.mailflow.showing import conversation
from patron.interactions.models import Interaction
from patron.interactions.participants import likely_customers, participants_of
from patron.records import table
from patron.resources.rules import Rules
from patron.resources.scope import row_scope


class InteractionRules(Rules):
    """A touch is logged from the page of the customer, where it finds its thread."""

    def visible(self, ctx: Context) -> ColumnElement[bool] | None:
        """A private touch is its owner's alone, a team's the team's: also in lists, search, export and the API."""
        if ctx.actor.kind == "job":
            return None
        t = table(Interaction)
        seen = [t.c.visibility == "all", t.c.owner_id == (ctx.actor.user_id or 0)]
        if ctx.actor.team_ids:
            seen.append((t.c.visibility == "team") & t.c.team_id.in_(sorted(ctx.actor.team_ids)))
        return or_(*seen)

    def page_data(self, ctx: Context, record: Interaction) -> Mapping[str, Any]:
        parts = conversation(ctx, record.thread_id, where=row_scope(ctx, INTERACTIONS))
        may_log = ctx.actor.may("interactions.log")
        return {
            "participants": participants_of(ctx, record.key),
            "touches": parts,
            "thread_id": record.thread_id,
            "may_log": may_log,
            "may_send": ctx.actor.may("mail.send"),
            "likely": likely_customers(ctx) if may_log else [],
            "intents": [(intent.name, intent.label) for intent in ctx.assembly.intents.values()],
        }


INTERACTIONS = Resource(
    name="interactions",
    module="core",
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
    verbs=("read", "edit", "export", "import"),
    search=("subject",),
)
