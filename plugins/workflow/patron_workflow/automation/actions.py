"""What a rule can do: set a field of the record, which every resource gives, and what modules contribute."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from patron import (
    Context,
    Field,
    FieldError,
    Invalid,
    Resource,
    Subject,
    WorkflowAction,
    editing,
    forms,
    saying,
)

from patron_workflow.automation.triggers import a

MOST = 10
_SLOT = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")


def actions(ctx: Context, resource: Resource) -> dict[str, WorkflowAction]:
    """What can be done with a record of the resource, by key, of the modules that are here and enabled.

    An action that a module has for a field of its own stands in for the general one that sets it.
    """
    found = {item.name: item for item in _setters(resource)}
    for key, (module, item) in ctx.assembly.workflow_actions.items():
        targets = [item.resource, *item.makes] if item.resource else [*item.makes]
        modules = {module, *(target.partition(".")[0] for target in targets if "." in target)}
        if not modules & ctx.assembly.live.disabled and item.resource in ("", resource.key):
            found[key] = item
            for name in item.changes(resource) if item.resource else ():
                found.pop(f"set.{name}", None)
    return found


def _setters(resource: Resource) -> Iterator[WorkflowAction]:
    if "edit" not in resource.verbs:
        return
    for item in forms.bulk_fields(resource):
        label, sentence = f"Set {item.label.lower()}", f"set {item.label.lower()} to {{value}}"
        if item.attribute == resource.owner:
            label, sentence = "Assign to a user", "assign to {value}"
        elif item.attribute == resource.team:
            label, sentence = "Assign to a team", "assign to team {value}"
        yield WorkflowAction(
            name=f"set.{item.name}", label=label, sentence=sentence, run=_setting(item.name),
            permission=resource.permission("edit"), resource=resource.key, changes=_names(item.name),
            fields=(replace(item, name="value", required=item.kind != "bool", default=None),),
        )  # fmt: skip


def _names(name: str) -> Callable[[Resource], tuple[str, ...]]:
    return lambda resource: (name,)


def _setting(name: str) -> Callable[[Context, Subject, Mapping[str, Any]], str]:
    def run(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
        before = subject.record.version
        value = values["value"]
        if isinstance(value, tuple | list) and subject.resource.field(name).kind == "money":
            value = {"minor": value[0], "currency": value[1]}
        changed = editing.change(ctx, subject.resource, subject.record.key, {name: value})
        item = subject.resource.field(name)
        said = saying.sayer(ctx, item, [values["value"]])(values["value"])
        if changed.version == before:
            return f"{item.label} was {said} already"
        return f"Set {item.label.lower()} to {said}"

    return run


def options(ctx: Context, resource: Resource) -> list[tuple[str, list[tuple[str, str]]]]:
    """The actions to choose from that the actor may use: on the record, and the rest by module."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, item in actions(ctx, resource).items():
        if not ctx.actor.may(item.permission):
            continue
        own = key.startswith("set.") or item.resource
        group = f"With the {resource.label.lower()}" if own else "More"
        groups.setdefault(group, []).append((key, item.label))
    return list(groups.items())


def read(ctx: Context, resource: Resource, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Actions as they are stored; Invalid names the row and field (``actions-1-title``) of what is wrong."""
    if not rows:
        raise Invalid.field("actions", "Say what is to be done: add an action.")
    if len(rows) > MOST:
        raise Invalid.field("actions", f"A rule has at most {MOST} actions.")
    known, errors, taken = actions(ctx, resource), [], []
    for number, row in enumerate(rows):
        try:
            taken.append(_read(ctx, known, resource, row))
        except Invalid as error:
            errors += [
                FieldError(f"actions-{number}-{e.field}" if e.field else "actions", e.message)
                for e in error.errors or (FieldError("", error.detail),)
            ]
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return taken


def _read(ctx: Context, known: Mapping[str, WorkflowAction], resource: Resource, row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not set(row) <= {"action", "values"}:
        raise Invalid("An action has the name of an action, and values.")
    key, values = str(row.get("action", "")), row.get("values") or {}
    item = known.get(key)
    if item is None:
        raise Invalid(f"“{key}” cannot be done with {a(resource.label)}.")
    if not ctx.actor.may(item.permission):
        raise Invalid(f"“{item.label}” needs the permission “{item.permission}”, which you do not have.")
    if not isinstance(values, Mapping):
        raise Invalid("The values of an action are an object.")
    taken = editing.checked(ctx, item.fields, values)
    return {"action": key, "values": {name: _plain(value) for name, value in taken.items()}}


def _plain(value: Any) -> Any:
    """As JSON keeps it, and ``checked`` takes it again."""
    if isinstance(value, tuple):
        return {"minor": value[0], "currency": value[1]}
    return value.isoformat() if hasattr(value, "isoformat") else value


def leaves(item: WorkflowAction, resource: Resource, row: Mapping[str, Any]) -> dict[str, str]:
    """The values that fields of the record have after the action, as text, where that is known beforehand."""
    found = {}
    for name in item.changes(resource):
        value = row["values"].get("value" if str(row["action"]).startswith("set.") else name)
        if isinstance(value, str | int):
            found[name] = str(value)
    return found


def values_of(ctx: Context, item: WorkflowAction, row: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values, checked again, for ``run``: a field that the row lacks has its default."""
    taken = editing.checked(ctx, item.fields, row.get("values") or {})
    return {field.name: taken.get(field.name, field.default) for field in item.fields}


def say(ctx: Context, item: WorkflowAction, values: Mapping[str, Any]) -> str:
    """An action in words: “assign to team Gold”."""
    fields = {field.name: field for field in item.fields}

    def slot(found: re.Match[str]) -> str:
        name, otherwise = found[1], found[2] or "–"
        value = values.get(name)
        return otherwise if value in (None, "") else said(ctx, fields[name], value)

    return _SLOT.sub(slot, item.sentence)


def said(ctx: Context, item: Field, value: Any) -> str:
    """A value in words; of a long text, how it begins."""
    text = saying.sayer(ctx, item, [value])(value)
    if item.kind in ("choice", "bool"):
        return text[:1].lower() + text[1:]
    return text if len(text) <= 60 else f"{text[:57].rstrip()}…"
