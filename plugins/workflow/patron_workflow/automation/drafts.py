"""The editor of a rule, without scripts: the form as it was sent, changed by the button pressed, and shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from patron import Context, Field, FieldError, Web, WorkflowAction, forms, people_of, saying, whole_number

from patron_workflow.automation import actions, conditions, triggers
from patron_workflow.automation.conditions import Term
from patron_workflow.automation.triggers import Trigger


@dataclass
class Draft:
    """A rule being written: ``conditions`` and ``actions`` as they are stored, with values as they were typed."""

    name: str = ""
    trigger: str = ""
    enabled: bool = False
    conditions: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """As ``editing`` takes it."""
        return {
            "name": self.name, "trigger": self.trigger, "enabled": self.enabled, "conditions": self.conditions,
            "actions": self.actions,
        }  # fmt: skip


def from_form(ctx: Context, trigger: Trigger | None) -> Draft:
    """What was sent, with the field and action that were to be added."""
    web = ctx.web
    draft = Draft(web.value("name"), web.value("trigger"), "enabled" in web.form)
    if trigger is None:
        return draft
    terms, known = conditions.terms(ctx, trigger.resource), actions.actions(ctx, trigger.resource)
    for number in range(conditions.MOST):
        key = web.value(f"conditions-{number}-field")
        if key:
            draft.conditions.append(_condition(web, terms.get(key), key, number))
    for number in range(actions.MOST):
        key = web.value(f"actions-{number}-action")
        if key:
            draft.actions.append(_action(web, known.get(key), key, number))
    return draft


def _condition(web: Web, term: Term | None, key: str, number: int) -> dict[str, Any]:
    name, value = f"conditions-{number}-value", ""
    typed: Any = web.value(name)
    if term is not None and term.field.kind == "choice":
        typed = web.values(name)
    elif term is not None and term.field.kind == "money" and value == "":
        typed = forms.value_of(web, replace(term.field, name=name))
    beside = {"or": True} if web.value(f"conditions-{number}-joined") == "or" else {}
    return {"field": key, "operator": web.value(f"conditions-{number}-operator"), "value": typed, **beside}


def _action(web: Web, item: WorkflowAction | None, key: str, number: int) -> dict[str, Any]:
    fields = item.fields if item else ()
    values = {f.name: forms.value_of(web, replace(f, name=f"actions-{number}-{f.name}")) for f in fields}
    return {"action": key, "values": values}


def press(ctx: Context, draft: Draft, button: str) -> None:
    """What a button of the editor does: add a row, take one out, move one."""
    what, _, number = button.rpartition("-")
    given = whole_number(number)
    index = -1 if given is None else given
    added = {"add-condition": ctx.web.value("new-condition"), "add-action": ctx.web.value("new-action")}.get(
        button
    )
    if button == "add-condition" and added:
        draft.conditions.append({"field": added, "operator": "", "value": ""})
    elif button == "add-action" and added:
        draft.actions.append({"action": added, "values": {}})
    elif what == "drop-condition" and index < len(draft.conditions):
        del draft.conditions[index]
    elif what == "drop-action" and index < len(draft.actions):
        del draft.actions[index]
    elif what == "up-action" and 0 < index < len(draft.actions):
        draft.actions[index - 1 : index + 1] = [draft.actions[index], draft.actions[index - 1]]


def shown(ctx: Context, draft: Draft, trigger: Trigger, errors: tuple[FieldError, ...]) -> Mapping[str, Any]:
    """What the editor's template needs."""
    values: dict[str, Any] = {}
    rows = [_condition_row(ctx, trigger, number, row, values) for number, row in enumerate(draft.conditions)]
    steps = [_action_row(ctx, trigger, number, row, values) for number, row in enumerate(draft.actions)]
    inputs = [item for row in (*rows, *steps) for item in row["inputs"]]
    for item in inputs:
        key = whole_number(str(values.get(item.name) or ""))
        if item.kind in ("customer", "ref") and key is not None:
            values[f"{item.name}_shown"] = saying.names_of(ctx, item, [key]).get(key, "")
    terms = conditions.terms(ctx, trigger.resource)
    own = [(t.key, _capital(t.label)) for t in terms.values() if t.key.startswith("record.")]
    customer = [(t.key, _capital(t.label)) for t in terms.values() if t.key.startswith("customer.")]
    return {
        "draft": draft, "trigger": trigger, "rows": rows, "steps": steps, "values": values, "errors": errors,
        "by_field": {error.field: error.message for error in errors}, "options": people_of(ctx, inputs),
        "currency": ctx.assembly.settings.currency,
        "fields": [g for g in ((trigger.resource.label, own), ("Its customer", customer)) if g[1]],
        "choices": actions.options(ctx, trigger.resource), "triggers": triggers.options(ctx),
    }  # fmt: skip


def _condition_row(
    ctx: Context, trigger: Trigger, number: int, row: Mapping[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    term = conditions.terms(ctx, trigger.resource).get(row["field"])
    name = f"conditions-{number}-value"
    if term is None:
        return {"key": row["field"], "label": row["field"], "gone": True, "operators": [], "inputs": []}
    values[name] = _typed(ctx, term.field, row["value"])
    kind, help_text = term.field.kind, ""
    if kind in ("date", "instant"):
        kind, help_text = "text", "A day such as 2026-12-31, or: today, -30 days, +7 days."
    elif kind == "longtext":
        kind = "text"
    shown = replace(
        term.field, name=name, label="Value", kind=kind, required=False, default=None, help=help_text
    )
    return {
        "key": term.key, "label": _capital(term.label), "gone": False, "operator": row["operator"],
        "joined": "or" if row.get("or") else "and",
        "operators": [(operator, term.word(operator)) for operator in term.operators], "inputs": [shown],
    }  # fmt: skip


def _typed(ctx: Context, item: Field, value: Any) -> Any:
    """A stored value as its input takes it."""
    if isinstance(value, Mapping) and set(value) == {"days"}:
        days = int(value["days"])
        return "today" if not days else f"{days:+d} days"
    if item.kind == "money" and isinstance(value, int):
        return {"minor": value, "currency": ctx.assembly.settings.currency}
    return str(value).lower() if isinstance(value, bool) else value


def _action_row(
    ctx: Context, trigger: Trigger, number: int, row: Mapping[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    item = actions.actions(ctx, trigger.resource).get(row["action"])
    if item is None:
        return {"key": row["action"], "label": row["action"], "gone": True, "inputs": []}
    inputs = []
    for one in item.fields:
        name = f"actions-{number}-{one.name}"
        value = row["values"].get(one.name, one.default)
        values[name] = str(value).lower() if isinstance(value, bool) else value
        label = "Value" if one.name == "value" else one.label
        inputs.append(replace(one, name=name, label=label))
    return {"key": row["action"], "label": item.label, "gone": False, "inputs": inputs}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
