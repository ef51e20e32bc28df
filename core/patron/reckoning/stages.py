"""Prospect, active, lapsed, lost: what the firm means by them, by version, and in which stage each customer is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, select, update

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.contributions import Choice, CustomerFields, Field
from patron.customers.models import Customer
from patron.errors import Invalid
from patron.permissions import job_actor
from patron.reckoning.keeping import keep
from patron.reckoning.models import CustomerStage, StageDefinition
from patron.records import table
from patron.resources.filters import parse_filter
from patron.system.models import JobRun

STAGES = {"active": "Active", "lapsed": "Lapsed", "lost": "Lost", "prospect": "Prospect"}
"""In the order in which they are tried: a customer is in the first whose filter it meets."""
TONES = {"active": "success", "lapsed": "warning", "lost": "neutral", "prospect": "info"}
JOB = "core.reckon_customers"
YEAR = 365

FIELDS = CustomerFields(
    model=CustomerStage,
    fields=(
        Field(
            "stage",
            "Stage",
            "choice",
            default="",
            choices=tuple(Choice(name, STAGES[name], TONES[name]) for name in STAGES),
        ),
        Field("stage_since", "Stage since", "instant", column="since"),
    ),
    permission="customers.read",
    kept="event",
)


@dataclass(frozen=True)
class Definition:
    """What is in force: ``number`` 0 is what comes with Patron. ``broken`` says why it cannot be read any more."""

    number: int
    rules: Mapping[str, Any]
    note: str
    at: datetime | None
    by: str
    broken: str = ""


def rules_by(basis: str, active_days: int, lapsed_days: int) -> dict[str, Any]:
    """Rules by one day or instant of the customer (“last_contact_at”, “orders.last_order_on”): how long ago it is."""
    if not 0 < active_days < lapsed_days <= 100 * YEAR:
        raise Invalid.field("lapsed_days", "First a number of days, then a larger one.")
    alive = {"life_state": {"in": ["active", "insolvent"]}}
    return {
        "active": {basis: {"ge": {"days": -active_days}}, **alive},
        "lapsed": {basis: {"ge": {"days": -lapsed_days}}, **alive},
        "lost": {"or": [{basis: {"empty": False}}, {"life_state": {"in": ["deceased", "dissolved"]}}]},
        "prospect": {},
    }


def bases(ctx: Context) -> list[tuple[str, str]]:
    """Days and instants by which stages can be told: the customer's own, and facts of the modules."""
    found = [("last_contact_at", "Last contact"), ("created_at", "Created")]
    dated = (fact for fact in ctx.assembly.facts.values() if fact.field.kind in ("date", "instant"))
    return found + [
        (f.key, f.field.label) for f in dated if f.module not in ("core", *ctx.assembly.live.disabled)
    ]


def told_by(ctx: Context, rules: Mapping[str, Any]) -> tuple[str, int, int] | None:
    """The day and the two numbers that rules were made of by ``rules_by``; None for any others."""
    for basis, _ in bases(ctx):
        try:
            days = [-int(rules[name][basis]["ge"]["days"]) for name in ("active", "lapsed")]
            if rules == rules_by(basis, days[0], days[1]):
                return basis, days[0], days[1]
        except (KeyError, TypeError, ValueError, Invalid):
            continue
    return None


def in_words(ctx: Context, rules: Mapping[str, Any]) -> dict[str, str]:
    """What each stage is, in a sentence; nothing where the rules are more than one day and two numbers say."""
    told = told_by(ctx, rules)
    if told is None:
        return {}
    day = dict(bases(ctx))[told[0]]
    return {
        "active": f"{day} at most {told[1]} days ago",
        "lapsed": f"{day} at most {told[2]} days ago",
        "lost": f"{day} longer ago, or died, or dissolved",
        "prospect": "Everybody else",
    }


def in_force(ctx: Context) -> Definition:
    """The newest version; until the firm has made one, by the last order, or by the last contact without orders."""
    found: Definition = ctx.cached("stage definition", lambda: _read(ctx))
    return found


def _read(ctx: Context) -> Definition:
    t = table(StageDefinition)
    row = ctx.session.execute(select(t).order_by(t.c.id.desc()).limit(1)).mappings().first()
    if row is None:
        ordered = "orders.last_order_on"
        known = ordered in ctx.assembly.facts and "orders" not in ctx.assembly.live.disabled
        rules = rules_by(ordered if known else "last_contact_at", YEAR, 3 * YEAR)
        return Definition(0, rules, "", None, "")
    try:
        _clauses(ctx, row["rules"])
    except Invalid as error:
        return Definition(row["id"], row["rules"], row["note"], row["at"], row["by"], error.detail)
    return Definition(row["id"], row["rules"], row["note"], row["at"], row["by"])


def versions(ctx: Context) -> list[dict[str, Any]]:
    """Every version that the firm has made, the newest first."""
    t = table(StageDefinition)
    return [dict(row) for row in ctx.session.execute(select(t).order_by(t.c.id.desc()).limit(50)).mappings()]


def define(ctx: Context, rules: Mapping[str, Any], note: str) -> int:
    """A new version, in force from now on; all customers are reckoned anew in the background. Invalid.

    Who may was asked before. The same rules again are refused.
    """
    check(ctx, rules)
    before = in_force(ctx)
    if before.rules == rules and not before.broken:
        raise Invalid("That is what is in force already.")
    t, jobs = table(StageDefinition), table(JobRun)
    values = {"rules": dict(rules), "note": note[:500], "at": ctx.now, "by": ctx.actor.name}
    number = int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())
    changed = {name: (before.rules.get(name), rules.get(name)) for name in STAGES}
    audit.record(
        ctx, "define", "stages", number, {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    )
    ctx.session.execute(update(jobs).where(jobs.c.name == JOB).values(due_at=ctx.now))
    ctx.cache.pop("stage definition", None)
    return number


def check(ctx: Context, rules: Mapping[str, Any]) -> None:
    """Invalid unless there is a filter that is understood for each stage."""
    if set(rules) != set(STAGES):
        raise Invalid.field("rules", f"Say what each is: {', '.join(STAGES)}.")
    _clauses(ctx, rules)


def _clauses(ctx: Context, rules: Mapping[str, Any]) -> dict[str, ColumnElement[bool]]:
    """By stage. The definition is the firm's: it sees every customer, whoever asks."""
    whole = ctx.acting_as(job_actor(JOB))
    customers = ctx.assembly.resource("customers")
    found = {}
    for name in STAGES:
        if name not in rules:
            raise Invalid.field(name, f"{STAGES[name]}: nothing says what that is.")
        try:
            found[name] = parse_filter(whole, customers, rules[name])
        except Invalid as error:
            raise Invalid.field(name, f"{STAGES[name]}: {error.errors[0].message}") from error
    return found


def _stage(ctx: Context, rules: Mapping[str, Any]) -> ColumnElement[str]:
    clauses = _clauses(ctx, rules)
    return case(*((clauses[name], name) for name in STAGES), else_="")


def _living() -> tuple[ColumnElement[bool], ...]:
    c = table(Customer)
    return (c.c.trashed_at.is_(None), c.c.erased_at.is_(None))


def reckon(ctx: Context, customers: Collection[int]) -> int:
    """Bring the stages of these customers up to date. Returns how many changed. At most five statements.

    A definition that cannot be read any more changes nothing: who was active stays it, and the page says so.
    """
    definition = in_force(ctx)
    if definition.broken or not customers:
        return 0
    c, t = table(Customer), table(CustomerStage)
    stage = _stage(ctx, definition.rules)
    rows = select(c.c.id, stage.label("stage")).where(among(c.c.id, sorted(customers)), *_living())
    found: dict[int, Mapping[str, Any] | None] = dict.fromkeys(customers)
    found.update({row.id: {"stage": row.stage} for row in ctx.session.execute(rows)})
    return keep(ctx, t, found, {"since": ctx.now, "definition": definition.number})


def counts_by(ctx: Context, rules: Mapping[str, Any]) -> dict[str, int]:
    """How many customers each stage would have by these rules. One statement."""
    c, stage = table(Customer), _stage(ctx, rules).label("stage")
    each = select(stage).select_from(c).where(*_living()).subquery()
    rows = ctx.session.execute(select(each.c.stage, func.count()).group_by(each.c.stage))
    found = {name: int(number) for name, number in rows}
    return {name: found.get(name, 0) for name in (*STAGES, "")}


def counts(ctx: Context) -> dict[str, int]:
    """How many customers are kept in each stage. One statement."""
    c, t = table(Customer), table(CustomerStage)
    joined = c.outerjoin(t, t.c.customer_id == c.c.id)
    stage = func.coalesce(t.c.stage, "").label("stage")
    rows = ctx.session.execute(
        select(stage, func.count()).select_from(joined).where(*_living()).group_by(stage)
    )
    found = {name: int(number) for name, number in rows}
    return {name: found.get(name, 0) for name in (*STAGES, "")}
