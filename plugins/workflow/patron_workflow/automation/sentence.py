"""A rule as a sentence: “When a ticket is created, if priority is high, then assign to team Gold and notify Mara.”"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Context, Resource

from patron_workflow.automation import actions, conditions
from patron_workflow.automation.triggers import Trigger


def sentence(
    ctx: Context, trigger: Trigger, rows: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]]
) -> str:
    """The whole rule, with the names that the actor may see."""
    text = f"When {trigger.label}{_watching(trigger, rows)}"
    if rows:
        text += f", if {joined(conditions.say_all(ctx, trigger.resource, rows))}"
    return f"{text}, then {joined(said_steps(ctx, trigger.resource, steps))}."


def said_steps(ctx: Context, resource: Resource, steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each action in words: “notify Mara”; one that is away now by its key."""
    known = actions.actions(ctx, resource)
    return [
        actions.say(ctx, known[step["action"]], step["values"]) if step["action"] in known else step["action"]
        for step in steps
    ]


def _watching(trigger: Trigger, rows: Sequence[Mapping[str, Any]]) -> str:
    """A change begins a rule only where it touches what the conditions ask for."""
    names = sorted(conditions.watched(rows))
    if trigger.kind != "changed" or not names:
        return ""
    labels = [trigger.resource.field(name).label.lower() for name in names if _has(trigger, name)]
    return f" in {joined(labels, 'or')}" if labels else ""


def _has(trigger: Trigger, name: str) -> bool:
    return any(item.name == name for item in trigger.resource.fields)


def joined(parts: Sequence[str], word: str = "and") -> str:
    """“a, b and c”."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"
