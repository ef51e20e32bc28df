"""What the pages of rules and of the records they ran on show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Context, Listing, Panel, Resource, read_page, row_scope, table
from sqlalchemy import ColumnElement, True_, and_, false, or_, select

from patron_workflow.automation import conditions
from patron_workflow.automation.triggers import by_key, find
from patron_workflow.models import Automation, AutomationVersion, Run

KEY = "workflow.automations"
SHOWN = 15


def page_data(ctx: Context, rule: Automation, state: tuple[str, str, str]) -> Mapping[str, Any]:
    """Beside the fields of a rule: its parts in words, its state, its versions and its latest runs."""
    trigger = find(ctx, rule.trigger_key)
    parts = conditions.say_all(ctx, trigger.resource, rule.conditions or ()) if trigger else []
    may_see = ctx.actor.may(
        "workflow.runs.read"
    )  # of a single record, whoever reads it is told on its own page
    may_try = trigger is not None and ctx.actor.may(f"{KEY}.edit") and _may_read(ctx, trigger.resource)
    return {
        "rule": rule, "state": state, "parts": parts, "versions": _versions(ctx, rule.key),
        "runs": _shown(ctx, _runs(ctx, table(Run).c.automation_id == rule.key, SHOWN)) if may_see else (),
        "may_try": may_try, "target": trigger.resource if trigger else None,
        "records": records_of(ctx, trigger.resource) if trigger and may_try else [],
        "may_see_runs": may_see,
    }  # fmt: skip


def _may_read(ctx: Context, resource: Resource) -> bool:
    return ctx.actor.may(resource.permission("read"))


def records_of(ctx: Context, resource: Resource) -> list[tuple[str, str]]:
    """The records that a rule can be tried on at once: the first ones of the list."""
    listing = Listing(limit=20, fields=(resource.title,))
    items = read_page(ctx, resource, listing).items
    return [(item["id"], f"{item.get(resource.title) or resource.label} ({item['id']})") for item in items]


def _versions(ctx: Context, rule_id: int) -> list[Any]:
    t = table(AutomationVersion)
    statement = select(t.c.number, t.c.sentence, t.c.by, t.c.at).where(t.c.automation_id == rule_id)
    return list(ctx.session.execute(statement.order_by(t.c.number.desc()).limit(SHOWN)))


def _runs(ctx: Context, which: Any, limit: int) -> Sequence[Any]:
    t, rules = table(Run), table(Automation)
    columns = (
        t.c.id, t.c.automation_id, t.c.rule_version, t.c.outcome, t.c.text, t.c.created_at, t.c.resource,
        t.c.record_id, rules.c.name,
    )  # fmt: skip
    joined = t.join(rules, rules.c.id == t.c.automation_id)
    statement = select(*columns).select_from(joined).where(which, of_readable_records(ctx))
    return ctx.session.execute(statement.order_by(t.c.id.desc()).limit(limit)).all()


def of_readable_records(ctx: Context) -> ColumnElement[bool]:
    """The runs about records that the actor may read: what a rule did tells of the record."""
    t, parts = table(Run), []
    for resource in {trigger.resource.key: trigger.resource for trigger in by_key(ctx).values()}.values():
        if not _may_read(ctx, resource):
            continue
        mine, of = row_scope(ctx, resource), table(resource.model)
        here = t.c.resource == resource.key
        parts.append(here if _is_all(mine) else and_(here, t.c.record_id.in_(select(of.c.id).where(mine))))
    return or_(false(), *parts)


def _is_all(clause: ColumnElement[bool]) -> bool:
    return isinstance(clause, True_)


def _shown(ctx: Context, rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {**row._mapping, "record": called(ctx, row.resource, row.record_id), "url": _url(ctx, row)}
        for row in rows
    ]


def called(ctx: Context, key: str, record_id: int) -> str:
    """“Ticket 58”; of a module that is away the kind as it was named."""
    resource = ctx.assembly.resources.get(key)
    return f"{resource.label if resource else key} {record_id}"


def _url(ctx: Context, row: Any) -> str:
    try:
        resource = ctx.assembly.resource(row.resource)
    except KeyError:
        return ""
    return f"{resource.path}/{row.record_id}" if ctx.actor.may(resource.permission("read")) else ""


def record_panel(ctx: Context, resource: Resource, record: Any) -> Sequence[Panel]:
    """On the page of any record: which rules ran on it, when, and what they did or why not. One statement."""
    if resource.key in (KEY, "workflow.runs") or not ctx.actor.may(f"{KEY}.read"):
        return ()
    t = table(Run)
    rows = _runs(ctx, (t.c.resource == resource.key) & (t.c.record_id == record.key), 6)
    if not rows:
        return ()
    more = f"/workflow/runs?resource={resource.key}&record_id={record.key}"
    data = {"runs": _shown(ctx, rows), "more": more if ctx.actor.may("workflow.runs.read") else ""}
    return (Panel("automation", "Automation", "workflow/runs_panel.html", data, "side", "workflow", 90),)
