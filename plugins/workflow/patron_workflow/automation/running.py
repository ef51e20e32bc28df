"""Running rules: in the worker, after the fact is committed, once per rule and event, with the author's rights."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from patron import (
    Actor,
    Busy,
    Context,
    Event,
    Forbidden,
    Invalid,
    NotFound,
    PatronError,
    Resource,
    Subject,
    User,
    audit,
    bump_generation,
    editing,
    savepoint,
    table,
    user_actor,
)
from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from patron_workflow.automation import actions, conditions
from patron_workflow.automation.triggers import Trigger, awake, by_key
from patron_workflow.models import Automation, Run

log = logging.getLogger("patron.workflow")

MOST_DEPTH = 8
KEY = "workflow.automations"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: done, unmet, refused, failed, stopped or waiting; what it did, or why not.

    ``held`` tells of each condition whether it held. ``broken`` says why the rule cannot run again as it is.
    """

    kind: str
    text: str
    held: tuple[bool, ...] = ()
    broken: str = ""


class _Undone(Exception):
    """Takes back what a trial did."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def on_event(ctx: Context, event: Event) -> None:
    """Run each rule that listens to the event; every one on its own, so that none fails for another."""
    listening = {key: trigger for key, trigger in by_key(ctx).items() if event.name in trigger.events}
    t = table(Automation)
    chosen = select(Automation).where(t.c.trigger_key.in_(list(listening)), *awake()).order_by(t.c.id)
    for rule in ctx.session.execute(chosen).scalars().all():
        trigger = listening[rule.trigger_key]
        record_id = trigger.record_of(event)
        if record_id is not None and _concerned(trigger, rule, event) and not _ran(ctx, rule, event):
            _run(ctx, rule, trigger, record_id, event)


def _concerned(trigger: Trigger, rule: Automation, event: Event) -> bool:
    """A change concerns a rule where it touches a field of its conditions; without such conditions any does."""
    watched = conditions.watched(rule.conditions)
    if trigger.kind != "changed" or not watched:
        return True
    return bool(watched & set(event.payload.get("fields") or ()))


def _ran(ctx: Context, rule: Automation, event: Event) -> bool:
    t = table(Run)
    same = select(t.c.id).where(t.c.automation_id == rule.key, t.c.event_id == event.id)
    return ctx.session.execute(same).first() is not None


def _run(ctx: Context, rule: Automation, trigger: Trigger, record_id: int, event: Event) -> None:
    chain: list[int] = list(event.cause.get("rules") or ())  # each was begun by the one before it
    rule_id, version, name = rule.key, rule.version, rule.name
    if len(chain) >= MOST_DEPTH:
        outcome = Outcome("stopped", f"Stopped: {MOST_DEPTH} rules have begun one another before this one.")
    elif rule_id in chain:
        outcome = Outcome(
            "stopped", "Stopped: it was begun by what it did itself, so it would go round for ever."
        )
    else:
        cause = {"event": event.id, "rules": [*chain, rule_id]}
        outcome = attempt(ctx, rule, trigger, record_id, cause=cause)
    ctx.session.execute(
        insert(table(Run)).values(
            version=1, created_at=ctx.now, updated_at=ctx.now, automation_id=rule_id, rule_version=version,
            event_id=event.id, resource=trigger.resource.key, record_id=record_id, outcome=outcome.kind,
            text=outcome.text, depth=len(chain),
        )
    )  # fmt: skip
    if outcome.broken:
        mark_broken(ctx, rule_id, outcome.broken)
        log.warning("the rule “%s” is broken: %s", name, outcome.broken)


def mark_broken(ctx: Context, rule_id: int, reason: str) -> None:
    """Keep a rule from running until somebody has saved it again."""
    t = table(Automation)
    ctx.session.execute(update(t).where(t.c.id == rule_id).values(broken_because=reason))
    audit.record(ctx, "change", KEY, rule_id, {"broken_because": ("", reason)})
    bump_generation(ctx.session)


def attempt(
    ctx: Context,
    rule: Automation,
    trigger: Trigger,
    record_id: int,
    *,
    cause: Mapping[str, Any] | None = None,
    trial: bool = False,
) -> Outcome:
    """Run a rule on a record as its author: all of it, or nothing. A ``trial`` does it, and takes it back."""
    known = actions.actions(ctx, trigger.resource)
    if away := [step["action"] for step in rule.actions if step["action"] not in known]:
        return Outcome("waiting", f"Waits: “{away[0]}” is not there.")
    author = user_actor(ctx.session, ctx.assembly, rule.author_id or 0)
    steps = list(rule.actions)
    if lost := _lost(
        ctx, rule, author, trigger.resource, [known[step["action"]].permission for step in steps]
    ):
        return Outcome("refused", lost, broken=lost)
    mine = _as_author(ctx, author, rule.name, cause or {})
    try:
        with savepoint(ctx.session):
            outcome = _do(mine, rule, trigger, record_id)
            if trial or outcome.kind not in ("done", "unmet"):
                raise _Undone(outcome)
            return outcome
    except _Undone as undone:
        return undone.outcome
    except (Busy, SQLAlchemyError):
        raise
    except Forbidden as error:
        return Outcome("refused", error.detail)
    except PatronError as error:
        return Outcome("failed", error.detail)
    except Exception as error:
        log.exception("the rule “%s” failed", rule.name)
        return Outcome("failed", f"An action failed: {type(error).__name__}.")


def _lost(ctx: Context, rule: Automation, author: Actor, resource: Resource, needed: Sequence[str]) -> str:
    """Why the author may not have this done any more; empty while all is well."""
    if author.user_id is None:
        t = table(User)
        name = ctx.session.execute(select(t.c.name).where(t.c.id == rule.author_id)).scalar()
        return f"Its author {name or 'is gone and'} may not sign in any more."
    for permission in (resource.permission("read"), *needed):
        if not author.may(permission):
            return f"Its author {author.name} does not hold the permission “{permission}” any more."
    return ""


def _as_author(ctx: Context, author: Actor, rule: str, cause: Mapping[str, Any]) -> Context:
    named = replace(author, name=f"{author.name}, by the rule “{rule}”")
    settings = ctx.assembly.settings
    return Context(
        ctx.session, ctx.assembly, named, ctx.now, ctx.request_id, locale=settings.locale,
        time_zone=settings.time_zone, cause=cause,
    )  # fmt: skip


def _do(ctx: Context, rule: Automation, trigger: Trigger, record_id: int) -> Outcome:
    """Conditions, then the actions in order. ``ctx`` is the author's."""
    resource = trigger.resource
    try:
        record = editing.load(ctx, resource, record_id)
    except NotFound:
        return Outcome("unmet", f"{ctx.actor.name.partition(',')[0]}, its author, may not see this record.")
    if record.trashed_at is not None:
        return Outcome("unmet", "The record is in the trash.")
    subject = Subject(resource, record, editing.customer_of(resource, record))
    try:
        held = tuple(conditions.check(ctx, resource, record_id, subject.customer_id, rule.conditions))
    except Invalid as error:
        reason = f"A condition cannot be asked any more: {error.detail}"
        return Outcome("refused", reason, broken=reason)
    if unmet := conditions.unmet(rule.conditions, held):
        told = conditions.say_all(ctx, resource, rule.conditions, unmet)
        return Outcome("unmet", f"Not so: {'; '.join(told)}.", held)
    known = actions.actions(ctx, resource)
    told = []
    for number, step in enumerate(rule.actions, 1):
        item = known[step["action"]]
        try:
            told.append(item.run(ctx, subject, actions.values_of(ctx, item, step)))
        except (Busy, SQLAlchemyError):
            raise
        except PatronError as error:
            _refuse(error, f"Step {number}, {item.label.lower()}: {error.detail}")
    return Outcome("done", "\n".join(f"{line}." for line in told), held)


def _refuse(error: PatronError, detail: str) -> NoReturn:
    raise (Forbidden if isinstance(error, Forbidden) else Invalid)(detail) from error
