"""What a rule can begin with: a record of any resource created or changed, and what modules contribute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from patron import Context, Event, Resource, table, whole_number
from sqlalchemy import select

from patron_workflow.models import Automation

OWN = ("workflow.automations", "workflow.runs")  # a rule about rules would rewrite what it runs by
CHANGED = "workflow automations"  # marks the unit of work in which rules change
_MEMO = "workflow.listening"


@dataclass(frozen=True)
class Trigger:
    """One trigger. ``label`` ends “When …”; ``fields`` are those whose change can bring it about."""

    key: str
    label: str
    events: tuple[str, ...]
    resource: Resource
    kind: Literal["created", "changed", "other"]
    fields: tuple[str, ...] = ()
    record_key: str = "id"

    def record_of(self, event: Event) -> int | None:
        """The record that the event is about."""
        value = event.payload.get(self.record_key)
        return whole_number(str(value)) if isinstance(value, int | str) else None


def triggers(ctx: Context) -> Iterator[Trigger]:
    """Every trigger of the modules that are here and enabled."""
    disabled = ctx.assembly.live.disabled
    for resource in ctx.assembly.resources.values():
        if resource.module not in disabled and resource.key not in OWN:
            yield from _of_resource(resource)
    for key, (module, item) in ctx.assembly.workflow_triggers.items():
        target = ctx.assembly.resources.get(item.resource)
        if target is not None and not {module, target.module} & disabled:
            yield Trigger(key, item.label, item.events, target, "other", item.fields, item.record_key)


def _of_resource(resource: Resource) -> Iterator[Trigger]:
    what = a(resource.label)
    if "create" in resource.verbs:
        key = f"{resource.key}.created"
        yield Trigger(key, f"{what} is created", (key,), resource, "created")
    if "edit" in resource.verbs:
        key = f"{resource.key}.changed"
        yield Trigger(key, f"{what} is changed", (key,), resource, "changed")


def a(noun: str) -> str:
    """The noun with its article: “a ticket”, “an order”."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun.lower()}"


def find(ctx: Context, key: str) -> Trigger | None:
    """The trigger of that key; None where its module is away."""
    return by_key(ctx).get(key)


def by_key(ctx: Context) -> dict[str, Trigger]:
    """Every trigger by its key."""
    found: dict[str, Trigger] = ctx.cached(
        ("workflow triggers", ctx.assembly.live.disabled),
        lambda: {trigger.key: trigger for trigger in triggers(ctx)},
    )
    return found


def options(ctx: Context) -> list[tuple[str, list[tuple[str, str]]]]:
    """The triggers to choose from, by resource, of what the actor may read."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for trigger in by_key(ctx).values():
        if ctx.actor.may(trigger.resource.permission("read")):
            label = trigger.label[0].upper() + trigger.label[1:]
            groups.setdefault(trigger.resource.label_plural, []).append((trigger.key, label))
    return sorted(groups.items())


def wanted(ctx: Context, event: str) -> bool:
    """Whether a rule listens to events of that name: asked for every event, so answered from memory."""
    if CHANGED in ctx.cache:
        return event in _listening(ctx)
    memo = ctx.assembly.live.memo
    if _MEMO not in memo:
        memo[_MEMO] = _listening(ctx)
    return event in memo[_MEMO]


def _listening(ctx: Context) -> frozenset[str]:
    t = table(Automation)
    statement = select(t.c.trigger_key).where(*awake()).distinct()
    keys: Sequence[str] = ctx.session.execute(statement).scalars().all()
    known = by_key(ctx)
    return frozenset(event for key in keys if key in known for event in known[key].events)


def awake() -> tuple[Any, ...]:
    """The clause of the rules that are switched on and not broken."""
    t = table(Automation)
    return (t.c.enabled.is_(True), t.c.broken_because == "", t.c.trashed_at.is_(None))
