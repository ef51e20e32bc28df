"""A few believable rules for a demo, with runs that they really did on what the samples of other modules made."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from patron import Actor, Context, Listing, User, editing, read_page, table, user_actor
from sqlalchemy import insert, select

from patron_workflow.automation.running import KEY, attempt
from patron_workflow.automation.triggers import find
from patron_workflow.models import Automation, Run

RUNS = 4
_FITTING: dict[str, Any] = {
    "service.tickets.created": {"priority": {"in": ["high", "urgent"]}},
    "sales.won": {"stage": "won"},
    "customers.created": {"kind": "organisation", "city": "Berlin"},
}


def add_rules(ctx: Context, random: Random) -> None:
    """Rules of somebody who may make them: none where there is nobody."""
    author = _author(ctx)
    if author is None or author.user_id is None:
        return
    for given in _rules(author.user_id):
        if find(ctx, given["trigger"]) is None:
            continue
        mine = ctx.acting_as(author)
        rule = editing.create(mine, ctx.assembly.resource(KEY), {"enabled": True, **given})
        _past(mine, rule, random)


def _author(ctx: Context) -> Actor | None:
    t = table(User)
    for user_id in ctx.session.execute(
        select(t.c.id).where(t.c.active.is_(True)).order_by(t.c.id).limit(10)
    ).scalars():
        actor = user_actor(ctx.session, ctx.assembly, user_id)
        if actor.may(f"{KEY}.create") and actor.may("customers.edit") and actor.may("service.tickets.edit"):
            return actor
    return None


def _rules(user_id: int) -> tuple[dict[str, Any], ...]:
    return (
        {
            "name": "Urgent tickets reach the manager",
            "trigger": "service.tickets.created",
            "conditions": [{"field": "record.priority", "operator": "eq", "value": ["high", "urgent"]}],
            "actions": [
                {"action": "workflow.notify", "values": {"user": user_id, "text": "A ticket cannot wait"}},
                {"action": "workflow.task", "values": {"title": "Call back about the ticket", "days": 0}},
            ],
        },
        {
            "name": "Stay in touch after a win",
            "trigger": "sales.won",
            "conditions": [],
            "actions": [
                {"action": "workflow.note", "values": {"text": "Won: the follow-up is planned"}},
                {"action": "workflow.task", "values": {"title": "Ask how the delivery went", "days": 21}},
            ],
        },
        {
            "name": "Welcome new firms from Berlin",
            "trigger": "customers.created",
            "conditions": [
                {"field": "record.kind", "operator": "eq", "value": ["organisation"]},
                {"field": "record.city", "operator": "eq", "value": "Berlin"},
            ],
            "actions": [{"action": "workflow.task", "values": {"title": "Introduce ourselves", "days": 2}}],
        },
    )


def _past(ctx: Context, rule: Automation, random: Random) -> None:
    """Run it on some records, as it would have run in the last weeks."""
    trigger = find(ctx, rule.trigger_key)
    if trigger is None:
        return
    fields, resource = (trigger.resource.title,), trigger.resource
    fitting = read_page(
        ctx, resource, Listing(limit=RUNS - 1, filter=_FITTING[rule.trigger_key], fields=fields)
    )
    others = read_page(ctx, resource, Listing(limit=1, fields=fields))
    chosen = {item["id"]: item for item in (*fitting.items, *others.items)}.values()
    hours = sorted(random.sample(range(5, 400), len(chosen)), reverse=True)
    for number, item in enumerate(chosen, 1):
        outcome = attempt(ctx, rule, trigger, int(item["id"]))
        at = ctx.now - timedelta(hours=hours[number - 1])
        ctx.session.execute(
            insert(table(Run)).values(
                version=1, created_at=at, updated_at=at, automation_id=rule.key, rule_version=rule.version,
                event_id=-number, resource=trigger.resource.key, record_id=int(item["id"]), outcome=outcome.kind,
                text=outcome.text, depth=0,
            )
        )  # fmt: skip
