"""Segments: a condition in the filter language, its members, how many they are, and which segments hold a customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from patron import Context, Customer, Invalid, Listing, NotFound, filters, read_page, row_scope, table
from sqlalchemy import ColumnElement, Select, and_, func, literal, select, update

from patron_marketing.models import Segment

KEY = "marketing.segments"
COUNTED = 10_000  # counting stops there
_SHOWN = ("name", "kind", "primary_email", "city", "last_contact_at")
PANEL = 12  # segments that a customer's page looks into


def clause(ctx: Context, condition: Mapping[str, Any]) -> ColumnElement[bool]:
    """The members as a clause, with the actor's rights. Invalid where the condition does not hold together any more:
    then it finds nobody, since “not bought X” without X would be everybody."""
    if not condition:
        raise Invalid.field("condition", "A segment needs at least one condition.")
    return filters.parse_filter(ctx, ctx.assembly.resource("customers"), condition)


def count(ctx: Context, condition: Mapping[str, Any]) -> int:
    """How many members the actor may read: exact up to 10,000, then 10,001. Invalid."""
    t = table(Customer)
    scope = row_scope(ctx, ctx.assembly.resource("customers"))
    inner = select(t.c.id).where(clause(ctx, condition), scope, t.c.trashed_at.is_(None)).limit(COUNTED + 1)
    return int(ctx.session.execute(select(func.count()).select_from(inner.subquery())).scalar_one())


def said(number: int) -> str:
    """A count as people read it."""
    return f"more than {COUNTED:,}" if number > COUNTED else f"{number:,}"


def members(ctx: Context, condition: Mapping[str, Any], cursor: str = "", limit: int = 25) -> Any:
    """A page of the members by name. Invalid."""
    clause(ctx, condition)
    listing = Listing(filter=dict(condition), sort="name", cursor=cursor, limit=limit, fields=_SHOWN)
    return read_page(ctx, ctx.assembly.resource("customers"), listing)


def recount(ctx: Context) -> None:
    """Count every segment anew, as the firm sees it, and mark those that are broken."""
    t = table(Segment)
    for row in ctx.session.execute(select(t.c.id, t.c.condition).where(t.c.trashed_at.is_(None))).all():
        try:
            values = {"members": count(ctx, row.condition), "broken": ""}
        except Invalid as error:
            values = {"members": 0, "broken": error.detail[:500]}
        ctx.session.execute(update(t).where(t.c.id == row.id).values(counted_at=ctx.now, **values))


def load_by_id(ctx: Context, segment_id: int | None) -> Segment:
    """The segment, whoever owns it; NotFound when it is gone or in the trash."""
    t = table(Segment)
    statement = select(Segment).where(t.c.id == segment_id, t.c.trashed_at.is_(None))
    found: Segment | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound("The segment is no longer there: choose another one.")
    return found


def options(ctx: Context) -> list[tuple[int, str]]:
    """The segments that the actor may read, for a choice."""
    t = table(Segment)
    seen = row_scope(ctx, ctx.assembly.resource(KEY))
    rows = ctx.session.execute(
        select(t.c.id, t.c.name)
        .where(seen, t.c.trashed_at.is_(None))
        .order_by(t.c.name_key, t.c.id)
        .limit(500)
    )
    return [(row.id, row.name) for row in rows]


def newest(ctx: Context) -> Select[Any]:
    """Selects the newest segments that the actor may see."""
    t = table(Segment)
    statement = select(t.c.id, t.c.name, t.c.condition).where(t.c.trashed_at.is_(None))
    statement = statement.where(row_scope(ctx, ctx.assembly.resource(KEY)))
    return statement.order_by(t.c.id.desc()).limit(PANEL)


def holding(ctx: Context, customer_id: int, rows: Iterable[Any]) -> Sequence[tuple[int, str]]:
    """Which of the segments, as ``newest`` selects them, hold a customer: one statement, none where there are none."""
    c = table(Customer)
    held, columns = [], []
    for row in rows:
        try:
            inside = select(c.c.id).where(c.c.id == customer_id, and_(clause(ctx, row.condition))).exists()
        except Invalid:
            continue
        held.append((row.id, row.name))
        columns.append(inside.label(f"in_{row.id}"))
    if not columns:
        return []
    found = ctx.session.execute(select(literal(1), *columns)).one()
    return [pair for pair, inside in zip(held, found[1:], strict=True) if inside]
