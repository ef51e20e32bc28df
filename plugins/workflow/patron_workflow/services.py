"""Giving out work: the first rule whose conditions hold names a person, fairly, and says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patron import Context, Customer, Team, TeamMember, User, table
from sqlalchemy import insert, select, update

from patron_workflow import calendars
from patron_workflow.conditions import read_conditions
from patron_workflow.models import Calendar, Rule, Turn

KINDS = ("enquiry", "ticket", "lead offer")
Loads = Callable[[Context, Sequence[int]], Mapping[int, int]]


@dataclass(frozen=True)
class Assignment:
    """Who got the work, and the sentence that says why. Both ids are None when no rule applies."""

    user_id: int | None
    team_id: int | None
    reason: str


@dataclass(frozen=True)
class _Person:
    id: int
    name: str


def calendar_for(ctx: Context, name: str = "") -> calendars.Calendar:
    """The calendar of that name, else the first there is, else office hours in the site's time zone."""
    t = table(Calendar)
    statement = select(t.c.name, t.c.time_zone, t.c.hours, t.c.holidays).where(t.c.trashed_at.is_(None))
    if name:
        statement = statement.where(t.c.name == name)
    zone = ctx.assembly.settings.time_zone
    row = ctx.session.execute(statement.order_by(t.c.id).limit(1)).first()
    if row is None and name:
        return calendar_for(ctx)
    if row is None:
        return calendars.make_calendar("Office hours", zone, calendars.OFFICE_HOURS)
    return calendars.make_calendar(row.name, row.time_zone or zone, row.hours, row.holidays)


def assign(
    ctx: Context,
    kind: str,
    facts: Mapping[str, Any],
    customer_id: int | None = None,
    loads: Loads | None = None,
) -> Assignment:
    """Choose who does a piece of work of ``kind``, of which ``facts`` are known, and count the turn.

    ``loads`` tells how much open work each of some users has, for rules that give to whoever has least; without it the
    number of assignments by the rule stands for it. The rule is locked until the transaction ends, so that two pieces
    of work at once do not go to the same person.
    """
    for rule in _rules(ctx, kind):
        if not all(condition.holds(facts) for condition in read_conditions(rule.conditions)):
            continue
        if rule.owner_first and customer_id is not None and (owner := _owner(ctx, customer_id)):
            return Assignment(
                owner.id,
                rule.target_team_id,
                f"Rule “{rule.name}”: the customer belongs to {owner.name}",
            )
        people = _people(ctx, rule)
        if people:
            return _give(ctx, rule, people, loads)
        if rule.target_team_id is not None:
            return Assignment(
                None, rule.target_team_id, f"Rule “{rule.name}”: for the team, none of whom is active"
            )
    return Assignment(None, None, f"No rule applies to this {kind}")


def _rules(ctx: Context, kind: str) -> Sequence[Any]:
    t = table(Rule)
    wanted = (t.c.kind == kind) & t.c.active.is_(True) & t.c.trashed_at.is_(None)
    statement = select(t).where(wanted).order_by(t.c.position, t.c.id)
    return ctx.session.execute(statement).all()


def _owner(ctx: Context, customer_id: int) -> _Person | None:
    customers, users = table(Customer), table(User)
    statement = (
        select(users.c.id, users.c.name)
        .select_from(customers.join(users, users.c.id == customers.c.owner_id))
        .where(customers.c.id == customer_id, users.c.active.is_(True), users.c.trashed_at.is_(None))
    )
    row = ctx.session.execute(statement).first()
    return _Person(row.id, row.name) if row else None


def _people(ctx: Context, rule: Any) -> list[_Person]:
    """The active users whom the rule names, or else the members of its team."""
    users, members, teams = table(User), table(TeamMember), table(Team)
    statement = select(users.c.id, users.c.name).where(users.c.active.is_(True), users.c.trashed_at.is_(None))
    emails = people_of(rule.people)
    if emails:
        statement = statement.where(users.c.email.in_(emails))
    elif rule.target_team_id is not None:
        mine = select(members.c.user_id).join(teams, teams.c.id == members.c.team_id)
        statement = statement.where(
            users.c.id.in_(mine.where(teams.c.id == rule.target_team_id, teams.c.trashed_at.is_(None)))
        )
    else:
        return []
    return [_Person(row.id, row.name) for row in ctx.session.execute(statement.order_by(users.c.id))]


def people_of(text: str) -> list[str]:
    """The addresses of a rule's people, one a line."""
    return [line.strip().lower() for line in text.splitlines() if line.strip()]


def _give(ctx: Context, rule: Any, people: Sequence[_Person], loads: Loads | None) -> Assignment:
    rules, t = table(Rule), table(Turn)
    ctx.session.execute(select(rules.c.id).where(rules.c.id == rule.id).with_for_update())
    turns = {
        row.user_id: row
        for row in ctx.session.execute(
            select(t.c.user_id, t.c.served, t.c.sequence).where(t.c.rule_id == rule.id)
        )
    }
    last = {person.id: turns[person.id].sequence if person.id in turns else 0 for person in people}
    if rule.method == "least_loaded":
        served = {person.id: turns[person.id].served if person.id in turns else 0 for person in people}
        load = loads(ctx, [person.id for person in people]) if loads else served
        chosen = min(people, key=lambda person: (load.get(person.id, 0), last[person.id], person.id))
        why = f"{chosen.name} has least open work of {len(people)}"
        if loads is None:
            why = f"{chosen.name} was given least of {len(people)}"
    else:
        chosen = min(people, key=lambda person: (last[person.id], person.id))
        why = f"round robin over {len(people)}, least recently served"
    newest = max((turn.sequence for turn in turns.values()), default=0)
    _count_turn(ctx, rule.id, chosen.id, newest + 1, known=chosen.id in turns)
    return Assignment(chosen.id, rule.target_team_id, f"Rule “{rule.name}”: {why}")


def _count_turn(ctx: Context, rule_id: int, user_id: int, sequence: int, *, known: bool) -> None:
    t = table(Turn)
    if known:
        ctx.session.execute(
            update(t)
            .where(t.c.rule_id == rule_id, t.c.user_id == user_id)
            .values(served=t.c.served + 1, sequence=sequence, last_at=ctx.now)
        )
        return
    ctx.session.execute(
        insert(t).values(rule_id=rule_id, user_id=user_id, served=1, sequence=sequence, last_at=ctx.now)
    )
