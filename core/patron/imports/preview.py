"""What an import would do, and what is wrong with its rows: read, never written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from patron.assembly import Assembly
from patron.context import Context
from patron.db import Session
from patron.imports import engine
from patron.imports.decisions import decide
from patron.imports.history import RESOURCE as HISTORY
from patron.imports.history import apply_history
from patron.imports.matching import Foreseen, Rules
from patron.imports.outcomes import Outcome, Waiting, read_staged
from patron.imports.record_rows import apply_records
from patron.imports.staging import Progress
from patron.records import table, utc_now
from patron.system.models import Import, ImportRow

BATCH = 500


@dataclass(frozen=True)
class Effect:
    """What one row would do. ``changes`` names the fields of an update."""

    line: int
    state: str
    title: str
    record_id: int | None
    changes: tuple[str, ...] = ()
    reason: str = ""


class _Undone(Exception):
    """Ends a transaction whose work was only for looking."""


def first_effects(ctx: Context, import_id: int, limit: int = 10) -> list[Effect]:
    """What the first staged rows of an import of customers would do. A fixed number of statements."""
    row = _row(ctx.session, import_id)
    rows = read_staged(ctx.session, import_id, 0, limit, people=row["resource"] == "customers")
    if row["resource"] != "customers":
        resource = ctx.assembly.resource(row["resource"])
        return [Effect(one.line, "", str(one.values.get(resource.title, "")), None) for one in rows]
    rules = Rules.of(row["source"], row["match"], engine.earlier_imports(ctx.session, row))
    return _effects(ctx, rules, rows, Foreseen(import_id, rules))[0]


def errors_by_kind(session: Session, import_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """The refusals of an import by field and reason, the most frequent first, each with its first line."""
    t = table(ImportRow)
    statement = (
        select(t.c.field, t.c.reason, func.count().label("number"), func.min(t.c.line).label("line"))
        .where(t.c.import_id == import_id, t.c.state == "rejected")
        .group_by(t.c.field, t.c.reason)
        .order_by(func.count().desc(), func.min(t.c.line))
        .limit(limit)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def check(assembly: Assembly, import_id: int, *, on_progress: Progress | None = None) -> list[Effect]:
    """A dry run over all staged rows: writes the counts on the import, marks it ``checked``, applies nothing.

    Returns the first effects. Rows that repeat each other are found as the real run would find them.
    """
    with assembly.database.read() as session:
        row = _row(session, import_id)
        rules = Rules.of(row["source"], row["match"], engine.earlier_imports(session, row))
    foreseen, counts, first = Foreseen(import_id, rules), Counter[str](), list[Effect]()
    last, seen = 0, set[Any]()
    while True:
        batch, effects = _check_batch(assembly, row, rules, foreseen, last, seen)
        if not batch:
            break
        last = batch[-1].id
        counts.update(effect.state for effect in effects)
        first += effects[: max(0, 10 - len(first))]
        if on_progress is not None:
            on_progress(row["rejected"] + sum(counts.values()), row["rows"])
    t = table(Import)
    values = {
        "created": counts["created"],
        "updated": counts["updated"],
        "skipped": counts["skipped"] + counts["review"],
    }
    with assembly.database.write() as session:
        total = t.c.rejected + counts["rejected"]
        session.execute(
            update(t)
            .where(t.c.id == import_id)
            .values(**values, rejected=total, state="checked", finished_at=utc_now())
        )
    return first


def _check_batch(
    assembly: Assembly, row: Any, rules: Rules, foreseen: Foreseen, last: int, seen: set[Any]
) -> tuple[list[Waiting], list[Effect]]:
    people = row["resource"] == "customers"
    if people:
        with assembly.database.read() as session:
            ctx = Context(session, assembly, engine.actor_of(session, assembly, row["user_id"]), muted=True)
            rows = read_staged(session, row["id"], last, BATCH, people=True)
            return rows, _effects(ctx, rules, rows, foreseen)[0] if rows else []
    effects: list[Effect] = []
    rows = []
    try:
        with assembly.database.write() as session:
            ctx = Context(session, assembly, engine.actor_of(session, assembly, row["user_id"]), muted=True)
            rows = read_staged(session, row["id"], last, 50, people=False)
            effects = _record_effects(ctx, row, rules, rows, seen)
            raise _Undone
    except _Undone:
        return rows, effects


def _record_effects(
    ctx: Context, row: Any, rules: Rules, rows: Sequence[Waiting], seen: set[Any]
) -> list[Effect]:
    """Effects of rows of any resource, found by doing it in a transaction that is undone."""
    resource = ctx.assembly.resource(row["resource"])
    earlier = engine.earlier_records(ctx.session, rules, [one.line for one in rows])
    effects = []
    if resource.key == HISTORY:
        outcomes = apply_history(ctx, row["source"], rows, lambda: False, row["id"])
    else:
        outcomes = apply_records(ctx, resource, rows, earlier, lambda: False, row["id"], row["source"])
    for one, outcome in zip(rows, outcomes, strict=True):
        key = one.values.get(resource.natural_key) if resource.natural_key else None
        state = "updated" if outcome.state == "created" and key is not None and key in seen else outcome.state
        if key is not None and outcome.state != "rejected":
            seen.add(key)
        known = outcome.record_id if state in ("updated", "skipped") else None
        effects.append(
            Effect(one.line, state, str(one.values.get(resource.title, "")), known, (), outcome.reason)
        )
    return effects


def _effects(
    ctx: Context, rules: Rules, rows: Sequence[Waiting], foreseen: Foreseen
) -> tuple[list[Effect], list[Outcome]]:
    decisions = decide(ctx, rules, rows, foreseen)
    by_id = {row.id: row for row in rows}
    effects = [Effect(by_id[new.row_id].line, "created", new.row.name, None) for new in decisions.new]
    for one in decisions.changed:
        line = by_id[one.row_id].line
        effects.append(
            Effect(line, "updated", one.known.name, max(one.known.id, 0) or None, tuple(one.changes.audit))
        )
    for done in decisions.done:
        row = by_id[done.row_id]
        effects.append(Effect(row.line, done.state, row.values.name, done.record_id, (), done.reason))
    decided = {one.line for one in effects}
    # Two rows of one round for one customer: the second would find what the first has made of it.
    effects += [Effect(row.line, "updated", row.values.name, None) for row in rows if row.line not in decided]
    return sorted(effects, key=lambda effect: effect.line), decisions.done


def _row(session: Session, import_id: int) -> Any:
    t = table(Import)
    return session.execute(select(t).where(t.c.id == import_id)).mappings().one()
