"""Rows of customers decided: new, changed, the same, refused, or put off because an earlier row may be the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import select

from patron.accounts.models import User
from patron.bulk import among
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import Customer
from patron.customers.resource import CUSTOMERS
from patron.duplicates.likeness import find_alike
from patron.errors import Forbidden
from patron.imports.changes import Changes, changes_of
from patron.imports.existing import Existing
from patron.imports.matching import Foreseen, Rules, by_name_alone, find_matches, keys_of
from patron.imports.outcomes import Outcome, Waiting
from patron.imports.staged import StagedCustomer
from patron.permissions import Scope
from patron.records import table
from patron.resources.scope import row_scope


@dataclass
class New:
    """A customer to be made. ``row_id`` is 0 for an employer that only its people name."""

    row_id: int
    row: StagedCustomer
    owner_id: int | None
    id: int = 0
    employer: New | int | None = None


@dataclass
class Changed:
    """A customer to be changed."""

    row_id: int
    row: StagedCustomer
    known: Existing
    changes: Changes
    employer: New | int | None = None

    @property
    def id(self) -> int:
        return self.known.id


@dataclass
class Decisions:
    """What is to be done with some rows; those in none of the lists wait for the next batch."""

    new: list[New] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    done: list[Outcome] = field(default_factory=list)


def decide(
    ctx: Context, rules: Rules, rows: Sequence[Waiting], foreseen: Foreseen | None = None
) -> Decisions:
    """Decide rows in their order; a dry run hands ``foreseen``, and then no row is put off."""
    decisions = Decisions()
    owners = _owners(ctx, {row.values.owner for row in rows} - {""})
    ready = list(rows) if foreseen is not None else _apart(rules, rows)
    if foreseen is not None:
        return _foresee(ctx, rules, ready, owners, foreseen)
    decided = {row.line: row.decided for row in ready if row.decided is not None}
    matches = find_matches(ctx, rules, [(row.line, row.values) for row in ready], decided=decided)
    _sort(ctx, rules, ready, matches, owners, decisions)
    return decisions


def _apart(rules: Rules, rows: Sequence[Waiting]) -> list[Waiting]:
    """The rows that share no telling key with an earlier one: those that do are decided once that one is written."""
    seen: set[tuple[str, ...]] = set()
    ready = []
    for row in rows:
        name, *better = keys_of(rules, row.values)
        telling = [name, *better] if by_name_alone(rules, row.values) else better
        if not seen.isdisjoint(telling):
            continue
        ready.append(row)
        seen.update((name, *better))
    return ready


def _foresee(
    ctx: Context, rules: Rules, rows: Sequence[Waiting], owners: dict[str, int], foreseen: Foreseen
) -> Decisions:
    """Decide in rounds, so that rows of one round do not know each other but later ones know the earlier."""
    decisions, left = Decisions(), list(rows)
    while left:
        ready = _apart(rules, left)
        matches = find_matches(ctx, rules, [(row.line, row.values) for row in ready], foreseen)
        _sort(ctx, rules, ready, matches, owners, decisions)
        for row in ready:
            if row.line not in matches:
                foreseen.add(row.line, row.values)
        gone = {row.id for row in ready}
        left = [row for row in left if row.id not in gone]
    return decisions


def _sort(
    ctx: Context, rules: Rules, rows: Sequence[Waiting], matches: dict[int, Existing], owners: dict[str, int],
    decisions: Decisions,
) -> None:  # fmt: skip
    create = ctx.actor.require(CUSTOMERS.permission("create"))
    editable = _editable(ctx, [known.id for known in matches.values()])
    touched: set[int] = set()
    strangers = [row for row in rows if row.line not in matches and row.decided is None]
    alike = find_alike(ctx, [(row.line, row.values) for row in strangers]) if rules.review else {}
    for waiting in rows:
        row, owner_id = _with_owner(waiting.values, owners)
        known = matches.get(waiting.line)
        if known is None and waiting.line in alike:
            who = alike[waiting.line]
            decisions.done.append(
                Outcome(waiting.id, "review", who.customer_id, who.reasons, str(who.percent))
            )
            continue
        if known is None:
            decisions.new.append(New(waiting.id, row, owner_id))
            continue
        if known.id in touched:
            continue  # two rows are one customer: the second is compared with what the first has made of it
        changes = changes_of(known, row, rules.source, owner_id)
        if not changes:
            decisions.done.append(Outcome(waiting.id, "skipped", max(known.id, 0) or None))
        elif known.id > 0 and known.id not in editable:
            reason = "It matches a customer that you may not change."
            decisions.done.append(Outcome(waiting.id, "rejected", None, reason, ""))
        else:
            touched.add(known.id)
            decisions.changed.append(Changed(waiting.id, row, known, changes))
    _own(ctx, create, decisions)


def _own(ctx: Context, scope: Scope, decisions: Decisions) -> None:
    """Whose the new customers are: who may create for all leaves it open, the others make their own."""
    if scope == Scope.ALL:
        return
    allowed = []
    for new in decisions.new:
        if new.owner_id in (None, ctx.actor.user_id):
            new.owner_id = ctx.actor.user_id
            allowed.append(new)
        else:
            reason = "You may create customers only for yourself."
            decisions.done.append(Outcome(new.row_id, "rejected", None, reason, "owner"))
    decisions.new = allowed


def _owners(ctx: Context, names: set[str]) -> dict[str, int]:
    """Users by folded name and e-mail address."""
    if not names:
        return {}
    t = table(User)
    users = ctx.session.execute(select(t.c.id, t.c.name, t.c.email).where(t.c.trashed_at.is_(None)))
    return {normalise.fold(text): row.id for row in users for text in (row.name, row.email)}


def _with_owner(row: StagedCustomer, owners: dict[str, int]) -> tuple[StagedCustomer, int | None]:
    """The owner's id; a name that no user has is kept in the note."""
    if not row.owner:
        return row, None
    owner_id = owners.get(normalise.fold(row.owner))
    if owner_id is None:
        row = msgspec.structs.replace(row, note=f"{row.note}\nOwner: {row.owner}".strip())
    return row, owner_id


def _editable(ctx: Context, ids: Sequence[int]) -> set[int]:
    """Those of the customers that the actor may change."""
    if not ids:
        return set()
    try:
        scope = row_scope(ctx, CUSTOMERS, "edit")
    except Forbidden:
        return set()
    t = table(Customer)
    return set(ctx.session.execute(select(t.c.id).where(among(t.c.id, ids), scope)).scalars())
