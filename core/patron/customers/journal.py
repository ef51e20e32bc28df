"""The journals of merges and erasures, and how far each module has followed them."""

from __future__ import annotations

from sqlalchemy import func, insert, or_, select, update
from sqlmodel import Session

from patron.context import Context
from patron.customers.models import ErasureJournal, MergeJournal, Replay
from patron.records import table


def follow(ctx: Context, *, merge_id: int = 0, erasure_id: int = 0) -> None:
    """Note that every module that is there has followed a merge or an erasure just done."""
    present = [plugin.name for plugin in ctx.assembly.active if plugin.name not in ctx.assembly.live.disabled]
    if not present:
        return
    t = table(Replay)
    known = set(ctx.session.execute(select(t.c.module).where(t.c.module.in_(present))).scalars())
    fresh = [{"module": name, "merge_id": 0, "erasure_id": 0} for name in present if name not in known]
    if fresh:
        _begin(ctx, fresh, merge_id, erasure_id)
    values = {"merge_id": merge_id} if merge_id else {"erasure_id": erasure_id}
    ctx.session.execute(update(t).where(t.c.module.in_(present)).values(values))


def _begin(ctx: Context, rows: list[dict[str, object]], merge_id: int, erasure_id: int) -> None:
    """A module that is new has nothing to follow of what was before it."""
    m, e = table(MergeJournal), table(ErasureJournal)
    last_merge = ctx.session.execute(select(func.max(m.c.id))).scalar_one() or 0
    last_erasure = ctx.session.execute(select(func.max(e.c.id))).scalar_one() or 0
    start = {"merge_id": last_merge - bool(merge_id), "erasure_id": last_erasure - bool(erasure_id)}
    ctx.session.execute(insert(table(Replay)), [{**row, **start} for row in rows])


def lagging(session: Session) -> set[str]:
    """Modules that have not followed the newest merge or erasure: they were away when it happened."""
    m, e, t = table(MergeJournal), table(ErasureJournal), table(Replay)
    merges = select(func.coalesce(func.max(m.c.id), 0)).where(m.c.split_at.is_(None)).scalar_subquery()
    erasures = select(func.coalesce(func.max(e.c.id), 0)).scalar_subquery()
    behind = or_(t.c.merge_id < merges, t.c.erasure_id < erasures)
    return set(session.execute(select(t.c.module).where(behind)).scalars())


def replay(ctx: Context, module: str) -> tuple[int, int]:
    """Tell a module that comes back of the merges and erasures it missed, in order. Returns how many of each.

    References were moved and blanked when it happened, by ``core_link``; this is for what a link cannot say.
    """
    t = table(Replay)
    at = ctx.session.execute(select(t.c.merge_id, t.c.erasure_id).where(t.c.module == module)).first()
    if at is None:
        _begin(ctx, [{"module": module}], 0, 0)
        return 0, 0
    hooks = ctx.assembly.hooks
    m, e = table(MergeJournal), table(ErasureJournal)
    merges = ctx.session.execute(
        select(m.c.id, m.c.survivor_id, m.c.merged_id, m.c.before)
        .where(m.c.id > at.merge_id, m.c.split_at.is_(None))
        .order_by(m.c.id)
    ).all()
    for row in merges:
        arguments = {"survivor_id": row.survivor_id, "merged_id": row.merged_id}
        answers = hooks.transact(ctx, "before_customer_merge", only=module, **arguments)
        if entries := [entry for _, found in answers for entry in found or ()]:  # what a split gives back
            before = {**row.before, "modules": {**row.before["modules"], module: entries}}
            ctx.session.execute(update(m).where(m.c.id == row.id).values(before=before))
    erasures = ctx.session.execute(
        select(e.c.id, e.c.customer_id, e.c.answers).where(e.c.id > at.erasure_id).order_by(e.c.id)
    ).all()
    for row in erasures:
        answers = hooks.transact(ctx, "before_customer_erase", only=module, customer_id=row.customer_id)
        answer = next((str(text) for _, text in answers), "anonymised")
        ctx.session.execute(update(e).where(e.c.id == row.id).values(answers={**row.answers, module: answer}))
    ctx.session.execute(
        update(t)
        .where(t.c.module == module)
        .values(
            merge_id=merges[-1].id if merges else at.merge_id,
            erasure_id=erasures[-1].id if erasures else at.erasure_id,
        )
    )
    return len(merges), len(erasures)
