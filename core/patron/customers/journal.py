"""The journals of merges, splits and erasures, and how far each module has followed them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlmodel import Session

from patron.context import Context
from patron.customers import facts
from patron.customers.models import ErasureJournal, MergeJournal, Replay
from patron.records import table


def follow(ctx: Context, *, merge_id: int = 0, erasure_id: int = 0) -> None:
    """Note that every module that is there has followed a merge or an erasure just done."""
    there = present(ctx)
    if not there:
        return
    t = table(Replay)
    known = set(ctx.session.execute(select(t.c.module).where(t.c.module.in_(there))).scalars())
    fresh = [name for name in there if name not in known]
    if fresh:
        _begin(ctx, fresh, merge_id, erasure_id)
    values = {"merge_id": merge_id} if merge_id else {"erasure_id": erasure_id}
    ctx.session.execute(update(t).where(t.c.module.in_(there)).values(values))


def note_split(ctx: Context, merge_id: int, modules: Collection[str]) -> None:
    """Note for those of the modules that are away now that they have yet to follow a split just done."""
    away = set(modules).difference(present(ctx))
    if not away:
        return
    t = table(Replay)
    statement = select(t.c.module, t.c.splits).where(t.c.module.in_(away)).with_for_update()
    last = _last(ctx, MergeJournal)
    for module, splits in ctx.session.execute(statement).all():
        missed = [*splits, [merge_id, last]]
        ctx.session.execute(update(t).where(t.c.module == module).values(splits=missed))


def present(ctx: Context) -> list[str]:
    """The modules that take part now: neither refused nor disabled."""
    return [plugin.name for plugin in ctx.assembly.active if plugin.name not in ctx.assembly.live.disabled]


def _begin(ctx: Context, modules: Sequence[str], merge_id: int = 0, erasure_id: int = 0) -> None:
    """A module that is new has nothing to follow of what was before it."""
    start = {
        "merge_id": _last(ctx, MergeJournal) - bool(merge_id),
        "erasure_id": _last(ctx, ErasureJournal) - bool(erasure_id),
    }
    ctx.session.execute(insert(table(Replay)), [{"module": name, "splits": [], **start} for name in modules])


def _last(ctx: Context, journal: type[MergeJournal] | type[ErasureJournal]) -> int:
    return int(ctx.session.execute(select(func.max(table(journal).c.id))).scalar_one() or 0)


def lagging(session: Session) -> set[str]:
    """Modules that have not followed the newest merge or erasure, or any split: they were away when it happened."""
    m, e, t = table(MergeJournal), table(ErasureJournal), table(Replay)
    merges = select(func.coalesce(func.max(m.c.id), 0)).where(m.c.split_at.is_(None)).scalar_subquery()
    erasures = select(func.coalesce(func.max(e.c.id), 0)).scalar_subquery()
    behind = (t.c.merge_id < merges) | (t.c.erasure_id < erasures)
    rows = session.execute(select(t.c.module, t.c.splits, behind.label("behind")))
    return {row.module for row in rows if row.behind or row.splits}


def replay(ctx: Context, module: str) -> tuple[int, int, int]:
    """Tell a module that comes back of the merges, splits and erasures it missed, in order. Returns how many of each.

    References were moved and blanked when it happened, by ``core_link``; this is for what a link cannot say. A merge
    that it missed, and that was split again meanwhile, is nothing to it.
    """
    t = table(Replay)
    columns = (t.c.merge_id, t.c.erasure_id, t.c.splits)
    at = ctx.session.execute(select(*columns).where(t.c.module == module)).first()
    if at is None:
        _begin(ctx, [module])
        return 0, 0, 0
    merges, splits = _missed_merges(ctx, at.merge_id), list(at.splits)
    for row in merges:
        while splits and splits[0][1] < row.id:
            _replay_split(ctx, module, splits.pop(0)[0])
        _replay_merge(ctx, module, row)
    for merge_id, _ in splits:
        _replay_split(ctx, module, merge_id)
    erasures = _replay_erasures(ctx, module, at.erasure_id)
    followed = {
        "merge_id": merges[-1].id if merges else at.merge_id,
        "erasure_id": erasures[-1] if erasures else at.erasure_id,
        "splits": [],
    }
    ctx.session.execute(update(t).where(t.c.module == module).values(followed))
    return len(merges), len(at.splits), len(erasures)


def _missed_merges(ctx: Context, after: int) -> Sequence[Row[Any]]:
    m = table(MergeJournal)
    columns = (m.c.id, m.c.survivor_id, m.c.merged_id, m.c.before)
    missed = select(*columns).where(m.c.id > after, m.c.split_at.is_(None))
    return ctx.session.execute(missed.order_by(m.c.id)).all()


def _replay_merge(ctx: Context, module: str, row: Row[Any]) -> None:
    arguments = {"survivor_id": row.survivor_id, "merged_id": row.merged_id}
    answers = ctx.assembly.hooks.transact(ctx, "before_customer_merge", only=module, **arguments)
    facts.after_merge(ctx, [row.survivor_id, row.merged_id], module)
    if entries := [entry for _, found in answers for entry in found or ()]:  # what a split gives back
        before = {**row.before, "modules": {**row.before["modules"], module: entries}}
        m = table(MergeJournal)
        ctx.session.execute(update(m).where(m.c.id == row.id).values(before=before))


def _replay_split(ctx: Context, module: str, merge_id: int) -> None:
    m = table(MergeJournal)
    columns = (m.c.survivor_id, m.c.merged_id, m.c.before)
    row = ctx.session.execute(select(*columns).where(m.c.id == merge_id)).one()
    arguments = {"survivor_id": row.survivor_id, "merged_id": row.merged_id}
    entries = row.before["modules"][module]
    ctx.assembly.hooks.transact(ctx, "after_customer_split", only=module, **arguments, journal=entries)
    facts.after_merge(ctx, [row.survivor_id, row.merged_id], module)


def _replay_erasures(ctx: Context, module: str, after: int) -> list[int]:
    e = table(ErasureJournal)
    missed = select(e.c.id, e.c.customer_id, e.c.answers).where(e.c.id > after).order_by(e.c.id)
    rows = ctx.session.execute(missed).all()
    for row in rows:
        arguments = {"customer_id": row.customer_id}
        answers = ctx.assembly.hooks.transact(ctx, "before_customer_erase", only=module, **arguments)
        answer = next((str(text) for _, text in answers), "anonymised")
        ctx.session.execute(update(e).where(e.c.id == row.id).values(answers={**row.answers, module: answer}))
    return [row.id for row in rows]
