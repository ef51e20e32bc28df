"""Rules for intents as a resource: kept by managers, in a list and a form like any other record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron.context import Context
from patron.contributions import Choice, Field, Resource
from patron.errors import Invalid
from patron.interactions.channels import CHANNELS, INTENTS
from patron.interactions.intents import words_of
from patron.interactions.models import IntentRule
from patron.resources.rules import Rules


class IntentRules(Rules):
    """A rule has words."""

    def check(self, ctx: Context, record: IntentRule | None, values: Mapping[str, Any]) -> None:
        if "words" in values and not words_of(values["words"]):
            raise Invalid.field("words", "Write the words, separated by commas.")


INTENT_RULES = Resource(
    name="intent_rules",
    module="core",
    model=IntentRule,
    label="Intent rule",
    label_plural="Intent rules",
    icon="list-checks",
    rules=IntentRules,
    fields=(
        Field("name", "Name", required=True, max_length=200),
        Field(
            "channel",
            "On",
            "choice",
            default="",
            choices=(Choice("", "Any medium"), *(Choice(name, label) for name, label in CHANNELS.items())),
        ),
        Field(
            "words",
            "Words",
            "longtext",
            required=True,
            help="Words or phrases, separated by commas; one that stands in the subject or the text is enough.",
        ),
        Field(
            "intent",
            "Intent",
            "choice",
            required=True,
            choices=tuple(Choice(intent.name, intent.label) for intent in INTENTS),
        ),
        Field("position", "Position", "integer", default=10, help="The first rule that fits counts."),
        Field("active", "In use", "bool", default=True),
    ),
    columns=("name", "channel", "words", "intent", "position", "active"),
    filters=("channel", "intent", "active"),
    sorts=("position",),
    form=("name", "channel", "words", "intent", "position", "active"),
    kept_by="managers",
    read_by="managers",
)
