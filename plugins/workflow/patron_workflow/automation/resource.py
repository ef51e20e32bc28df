"""Automation rules and their runs as resources; what is checked when a rule is saved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patron import (
    Action,
    Choice,
    Context,
    Field,
    FieldError,
    Forbidden,
    Invalid,
    Resource,
    Rules,
    bump_generation,
    normalise,
    table,
)
from sqlalchemy import ColumnElement, insert, select

from patron_workflow.automation import actions, conditions, loops, pages, triggers
from patron_workflow.automation.running import KEY
from patron_workflow.automation.sentence import joined, said_steps, sentence
from patron_workflow.automation.triggers import Trigger, find
from patron_workflow.models import Automation, AutomationVersion, Run

OUTCOMES = (
    Choice("done", "Done", "success"), Choice("unmet", "Conditions not met", "neutral"),
    Choice("refused", "Refused", "danger"), Choice("failed", "Failed", "danger"),
    Choice("stopped", "Stopped", "warning"), Choice("waiting", "Waiting", "warning"),
)  # fmt: skip
_CHECKED = "workflow checked rule"


@dataclass(frozen=True)
class _Checked:
    trigger: Trigger
    conditions: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    sentence: str


class AutomationRules(Rules):
    """A rule is checked whole whenever it is saved: by whom, with what rights, and whether it would go round."""

    def check(self, ctx: Context, record: Automation | None, values: Mapping[str, Any]) -> None:
        ctx.cache.pop(_CHECKED, None)
        ctx.cache[triggers.CHANGED] = True
        if record is not None and dict(values) == {"enabled": False}:
            return  # who may edit may always switch off
        if ctx.actor.user_id is None:
            raise Invalid("A rule runs with the rights of its author: a user must save it.")
        if "*" not in ctx.actor.only:
            raise Forbidden("A rule runs with all rights of its author: a token with fewer cannot save one.")
        bump_generation(
            ctx.session
        )  # its lock also keeps two rules saved at once from making a loop together
        ctx.cache[_CHECKED] = checked = _checked(ctx, record, values)
        if values.get("enabled", record.enabled if record else False):
            _refuse_loops(ctx, record, str(values.get("name") or getattr(record, "name", "")), checked)

    def before_save(
        self, ctx: Context, record: Automation, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        checked: _Checked | None = ctx.cache.get(_CHECKED)
        if checked is None:
            bump_generation(ctx.session)
            return
        record.conditions, record.actions = checked.conditions, checked.actions
        record.sentence, record.broken_because = checked.sentence, ""
        record.author_id = ctx.actor.user_id

    def after_save(
        self, ctx: Context, record: Automation, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        ctx.session.execute(
            insert(table(AutomationVersion)).values(
                automation_id=record.key, number=record.version, sentence=record.sentence, by=ctx.actor.name,
                at=ctx.now,
            )
        )  # fmt: skip

    def before_trash(self, ctx: Context, records: Sequence[Automation]) -> None:
        """A rule comes back from the trash switched off: it is checked again when it is switched on."""
        ctx.cache[triggers.CHANGED] = True
        for record in records:
            record.enabled = False
        bump_generation(ctx.session)

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        wanted = {"conditions", "actions", "state"}
        if names is not None and not wanted & set(names):
            return
        t = table(Automation)
        columns = (t.c.id, t.c.conditions, t.c.actions, t.c.trigger_key, t.c.enabled, t.c.broken_because)
        found = ctx.session.execute(select(*columns).where(t.c.id.in_([int(row["id"]) for row in rows])))
        by_id = {row.id: row for row in found}
        for row in rows:
            stored = by_id[int(row["id"])]
            said = {
                "conditions": list(stored.conditions or []), "actions": list(stored.actions or []),
                "state": state_of(ctx, stored)[1],
            }  # fmt: skip
            row.update({name: value for name, value in said.items() if names is None or name in names})

    def said(self, ctx: Context, name: str, value: Any, row: Mapping[str, Any]) -> str | None:
        trigger = find(ctx, str(value if name == "trigger" else row.get("trigger")))
        if trigger is None or name not in ("trigger", "conditions", "actions"):
            return None
        if name == "trigger":
            return trigger.label
        if name == "conditions":
            return joined(conditions.say_all(ctx, trigger.resource, value))
        return joined(said_steps(ctx, trigger.resource, value))

    def page_data(self, ctx: Context, record: Automation) -> Mapping[str, Any]:
        return pages.page_data(ctx, record, state_of(ctx, record))

    def actions(self, ctx: Context, record: Automation) -> Sequence[Action]:
        label, icon = ("Switch off", "circle-x") if record.enabled else ("Switch on", "zap")
        url = f"/workflow/automations/{record.key}/switch"
        return (Action(label, url, f"{KEY}.edit", "post", icon, primary=not record.enabled),)


def state_of(ctx: Context, rule: Any) -> tuple[str, str, str]:
    """How a rule is: its tone, its state in words, and why."""
    if rule.broken_because:
        return "danger", "Broken", rule.broken_because
    if away := missing(ctx, rule):
        return "warning", "Waiting", f"It waits for {away}, which is not there or switched off."
    return ("success", "On", "") if rule.enabled else ("neutral", "Off", "")


def missing(ctx: Context, rule: Any) -> str:
    """What a rule begins with or does that is away now; empty when all is there."""
    trigger = find(ctx, rule.trigger_key)
    if trigger is None:
        return f"“{rule.trigger_key}”"
    known = actions.actions(ctx, trigger.resource)
    away = [step["action"] for step in rule.actions or () if step["action"] not in known]
    return f"“{away[0]}”" if away else ""


def _checked(ctx: Context, record: Automation | None, values: Mapping[str, Any]) -> _Checked:
    key = str(values.get("trigger") or getattr(record, "trigger_key", ""))
    trigger = find(ctx, key)
    if trigger is None:
        raise Invalid.field("trigger", f"“{key}” is nothing that a rule can begin with here.")
    if not ctx.actor.may(trigger.resource.permission("read")):
        raise Invalid.field("trigger", f"You may not read {trigger.resource.label_plural.lower()}.")
    rows = values["conditions"] if "conditions" in values else list(record.conditions if record else ())
    steps = values["actions"] if "actions" in values else list(record.actions if record else ())
    wrong: list[FieldError] = []
    try:
        rows = conditions.read(ctx, trigger.resource, rows)
    except Invalid as error:
        wrong += error.errors
    try:
        steps = actions.read(ctx, trigger.resource, steps)
    except Invalid as error:
        wrong += error.errors
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    return _Checked(trigger, rows, steps, sentence(ctx, trigger, rows, steps))


def _refuse_loops(ctx: Context, record: Automation | None, name: str, checked: _Checked) -> None:
    """Invalid, with the loop spelled out, where this rule would close one with those that are switched on."""
    t = table(Automation)
    on = select(t.c.id, t.c.name, t.c.trigger_key, t.c.conditions, t.c.actions).where(
        t.c.enabled.is_(True), t.c.trashed_at.is_(None), t.c.id != (record.key if record else 0)
    )
    nodes = [node_of(ctx, 0, name, checked.trigger, checked.conditions, checked.actions)]
    for row in ctx.session.execute(on):
        trigger = find(ctx, row.trigger_key)
        if trigger is not None:
            nodes.append(node_of(ctx, row.id, row.name, trigger, row.conditions, row.actions))
    if loop := loops.find_loop(nodes):
        raise Invalid.field("actions", loops.spelled_out(loop, lambda key, name: _named(ctx, key, name)))


def _named(ctx: Context, key: str, name: str) -> str:
    """A kind of record with its article, or what a field of it is called."""
    resource = ctx.assembly.resource(key)
    return resource.field(name).label.lower() if name else triggers.a(resource.label)


def node_of(
    ctx: Context,
    key: int,
    name: str,
    trigger: Trigger,
    rows: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> loops.Node:
    """A rule as the graph of loops sees it."""
    known = actions.actions(ctx, trigger.resource)
    here = [step for step in steps if step["action"] in known]
    does = [known[step["action"]] for step in here]
    sets: dict[str, str] = {}
    for step in here:
        sets |= actions.leaves(known[step["action"]], trigger.resource, step)
    watches: frozenset[str] | None = frozenset(trigger.fields)
    if trigger.kind == "changed":
        watches = conditions.watched(rows) or None
    return loops.Node(
        key=key, name=name, resource=trigger.resource.key, watches=watches,
        created=trigger.kind == "created" or (trigger.kind == "other" and not trigger.fields),
        changes=frozenset(field for item in does for field in item.changes(trigger.resource)),
        makes=frozenset(made for item in does for made in item.makes),
        sets=sets,
        needs=conditions.needs(rows),
    )  # fmt: skip


class RunRules(Rules):
    """A run is called by its rule and how it ended, and leads to the record that it was about: who may not read that
    one is not told of it."""

    def visible(self, ctx: Context) -> ColumnElement[bool]:
        return pages.of_readable_records(ctx)

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is not None and not {"said", "about"} & set(names):
            return
        t, rules = table(Run), table(Automation)
        statement = (
            select(t.c.id, t.c.outcome, t.c.resource, t.c.record_id, rules.c.name)
            .join(rules, rules.c.id == t.c.automation_id)
            .where(t.c.id.in_([int(row["id"]) for row in rows]))
        )
        found = {row.id: row for row in ctx.session.execute(statement)}
        outcomes = {choice.value: choice.label for choice in OUTCOMES}
        for row in rows:
            run = found[int(row["id"])]
            row["said"] = f"{run.name}: {outcomes[run.outcome].lower()}"
            row["about"] = pages.called(ctx, run.resource, run.record_id)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("about") or "")

    def actions(self, ctx: Context, record: Run) -> Sequence[Action]:
        resource = ctx.assembly.resources.get(record.resource)
        if resource is None:
            return ()
        url, label = f"{resource.path}/{record.record_id}", f"Open the {resource.label.lower()}"
        return (Action(label, url, resource.permission("read"), icon=resource.icon, primary=True),)


AUTOMATIONS = Resource(
    name="automations",
    model=Automation,
    label="Automation rule",
    label_plural="Automation rules",
    icon="workflow",
    nav="Administration",
    template="workflow/automation.html",
    rules=AutomationRules,
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=100),
        Field("trigger", "When", column="trigger_key", required=True, max_length=100),
        Field(
            "conditions",
            "If",
            "list",
            parts=(("field", "Field"), ("operator", "Is"), ("value", "Value"), ("or", "Or")),
        ),
        Field("actions", "Then", "list", parts=(("action", "Do"), ("values", "With"))),
        Field("enabled", "On", "bool", default=False),
        Field("sentence", "What it does", read_only=True),
        Field("state", "State", "computed", read_only=True),
        Field("broken_because", "Broken because", read_only=True),
        Field("author", "Author", "user", column="author_id", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "sentence", "state", "author"),
    filters=("name", "enabled", "trigger", "author"),
    sorts=("name",),
    form=("name", "trigger", "conditions", "actions", "enabled"),
    search=("name",),
    verbs=("read", "create", "edit", "delete", "export"),
    kept_by="managers",
)

RUNS = Resource(
    name="runs",
    model=Run,
    label="Run of a rule",
    label_plural="Runs of rules",
    icon="history",
    title="said",
    rules=RunRules,
    template="workflow/run.html",
    fields=(
        Field("said", "Run", "computed", read_only=True),
        Field("about", "Record", "computed", read_only=True),
        Field("automation", "Rule", "ref", column="automation_id", ref=KEY),
        Field("rule_version", "Version", "integer"),
        Field("outcome", "Outcome", "choice", choices=OUTCOMES),
        Field("text", "What it did, or why not", "longtext"),
        Field("resource", "Kind of record, as the API names it"),
        Field("record_id", "Record’s number", "integer"),
        Field("depth", "Rules before it", "integer"),
        Field("created_at", "When", "instant"),
    ),
    columns=("created_at", "automation", "outcome", "text", "about"),
    filters=("automation", "outcome", "resource", "record_id", "created_at"),
    sorts=("-created_at",),
    verbs=("read", "export"),
    kept_by="managers",
    read_by="managers",
)
