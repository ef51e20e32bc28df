"""The timeline: one row per touch and fact, written with the fact, read newest first by keyset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, bindparam, insert, literal, or_, select, tuple_, update

from patron.context import Context
from patron.customers.models import Customer
from patron.db import BigInt, UtcDateTime
from patron.interactions.models import TimelineEntry
from patron.prepared import Prepared, among_given
from patron.records import table
from patron.resources.cursors import Asked, read_cursor, write_cursor
from patron.resources.values import parse_instant


@dataclass(frozen=True)
class Entry:
    """One line of a history as pages show it; ``url`` is empty while the module it links to is away."""

    id: int
    at: datetime
    kind: str
    title: str
    body: str
    actor: str
    url: str
    module: str
    thread_id: int | None
    interaction_id: int | None
    visibility: str
    snapshot: Mapping[str, Any]
    icon: str = ""  # of the record's kind
    face: str = ""


def add(
    ctx: Context,
    customer_id: int,
    kind: str,
    title: str,
    *,
    body: str = "",
    at: datetime | None = None,
    module: str = "core",
    resource: str = "",
    record_id: int | None = None,
    snapshot: Mapping[str, Any] | None = None,
    thread_id: int | None = None,
    interaction_id: int | None = None,
    visibility: str = "all",
    contact: bool = False,
) -> None:
    """Write one entry in the caller's transaction. ``contact`` marks a touch that moves “last contact”."""
    moment = at or ctx.now
    ctx.session.execute(
        insert(table(TimelineEntry)).values(
            customer_id=customer_id,
            at=moment,
            module=module,
            kind=kind,
            title=title,
            body=body,
            snapshot=dict(snapshot or {}),
            resource=resource,
            record_id=record_id,
            thread_id=thread_id,
            interaction_id=interaction_id,
            actor_name=ctx.actor.name,
            face=face_of(ctx),
            visibility=visibility,
            owner_id=ctx.actor.user_id,
            team_id=min(ctx.actor.team_ids, default=None),
        )
    )
    if contact:
        t = table(Customer)
        newer = or_(t.c.last_contact_at.is_(None), t.c.last_contact_at < moment)
        ctx.session.execute(update(t).where(t.c.id == customer_id, newer).values(last_contact_at=moment))


def share(ctx: Context, customer_id: int, kind: str, resource: str, record_id: int) -> None:
    """Let a line about a record, written when nobody knew yet whom it concerns, stand in this history too, as it is."""
    t = table(TimelineEntry)
    columns = [column for column in t.c if column.name not in ("id", "customer_id")]
    first = (
        select(literal(customer_id, BigInt()), *columns)
        .where(t.c.kind == kind, t.c.resource == resource, t.c.record_id == record_id)
        .order_by(t.c.id)
        .limit(1)
    )
    ctx.session.execute(insert(t).from_select(["customer_id", *(c.name for c in columns)], first))


def face_of(ctx: Context) -> str:
    """Where the unit of work was begun: the face, of a public page with its module; empty in the worker."""
    web = ctx.incoming
    if web is None:
        return ""
    return f"{web.face}.{web.module}" if web.face == "public" else web.face


def read(
    ctx: Context, customer_id: int, *, cursor: str = "", limit: int = 30, kind: str = ""
) -> tuple[list[Entry], str | None]:
    """A page of a customer's history, newest first, and the cursor to older entries. One statement.

    Private entries are their owner's alone, team entries the team's; who may see the customer was asked before.
    """
    values = reading(ctx, customer_id, limit)
    if kind:
        values["kind"] = kind
    if cursor:
        _, at, values["edge_id"] = read_cursor(ctx, _asked(customer_id, kind), cursor)
        values["edge_at"] = parse_instant(at)
    rows = _PAGES[bool(kind), bool(cursor)].rows(ctx.session, values)
    return page_of(ctx, rows, customer_id, limit, kind=kind)


def titles(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    """What lines say, by id: those that the actor may read; who may see the customer was asked before."""
    t = table(TimelineEntry)
    own, team = t.c.owner_id == (ctx.actor.user_id or 0), t.c.team_id.in_(ctx.actor.team_ids)
    seen = or_(t.c.visibility == "all", own, and_(t.c.visibility == "team", team))
    found = ctx.session.execute(select(t.c.id, t.c.title).where(t.c.id.in_(ids), seen))
    return {int(row.id): str(row.title) for row in found}


def _asked(customer_id: int, kind: str) -> Asked:
    return Asked("timeline", "-at", [customer_id, kind])


def reading(ctx: Context, customer_id: int, limit: int = 30) -> dict[str, Any]:
    """The parameters of ``newest`` for a customer and who asks."""
    user, teams = ctx.actor.user_id or 0, sorted(ctx.actor.team_ids)
    return {"customer": customer_id, "count": limit + 1, "user": user, "teams": teams}


def page_of(
    ctx: Context, rows: Sequence[Any], customer_id: int, limit: int = 30, *, kind: str = ""
) -> tuple[list[Entry], str | None]:
    """What ``read`` returns, of rows that were selected for that."""
    entries = [entry_of(ctx, row) for row in rows[:limit]]
    if len(rows) <= limit:
        return entries, None
    edge = rows[limit - 1]
    return entries, write_cursor(ctx, _asked(customer_id, kind), "a", edge.at, edge.id)


def _page(of_kind: bool, older: bool, dialect: str) -> Any:
    t = table(TimelineEntry)
    teams = among_given(t.c.team_id, "teams", dialect)
    seen = or_(
        t.c.visibility == "all",
        t.c.owner_id == bindparam("user", type_=BigInt()),
        and_(t.c.visibility == "team", teams),
    )
    statement = select(t).where(t.c.customer_id == bindparam("customer", type_=BigInt()), seen, once())
    if of_kind:
        statement = statement.where(t.c.kind == bindparam("kind"))
    if older:
        edge = (bindparam("edge_at", type_=UtcDateTime()), bindparam("edge_id", type_=BigInt()))
        statement = statement.where(tuple_(t.c.at, t.c.id) < tuple_(*edge))
    return statement.order_by(t.c.at.desc(), t.c.id.desc()).limit(bindparam("count", type_=Integer()))


def once() -> ColumnElement[bool]:
    """A touch stands once in a history, also where two who both took part have become one customer."""
    t = table(TimelineEntry)
    other = t.alias()
    same = (
        other.c.customer_id == t.c.customer_id,
        other.c.interaction_id == t.c.interaction_id,
        other.c.kind == t.c.kind,
        other.c.id < t.c.id,
    )
    return ~select(other.c.id).where(*same).correlate(t).exists()


def visible_to(ctx: Context) -> ColumnElement[bool]:
    """Entries that the actor may see: private ones are their owner's, team ones the team's."""
    t = table(TimelineEntry)
    seen = [t.c.visibility == "all", t.c.owner_id == (ctx.actor.user_id or 0)]
    if ctx.actor.team_ids:
        seen.append((t.c.visibility == "team") & t.c.team_id.in_(sorted(ctx.actor.team_ids)))
    return or_(*seen)


newest = partial(_page, False, False)
_PAGES = {
    (of_kind, older): Prepared(partial(_page, of_kind, older))
    for of_kind in (False, True)
    for older in (False, True)
}


def entry_of(ctx: Context, row: Any) -> Entry:
    """One stored line as pages show it."""
    return Entry(
        row.id,
        row.at,
        row.kind,
        row.title,
        row.body,
        row.actor_name,
        record_url(ctx, row.resource, row.record_id),
        row.module,
        row.thread_id,
        row.interaction_id,
        row.visibility,
        row.snapshot,
        icon_of(ctx, row.resource),
        row.face,
    )


def icon_of(ctx: Context, resource: str) -> str:
    """The icon of a kind of record; empty when there is none or its module is away."""
    try:
        return ctx.assembly.resource(resource).icon if resource else ""
    except KeyError:
        return ""


def record_url(ctx: Context, resource: str, record_id: int | None) -> str:
    """Where a record's page is; empty when its module is away, or the actor may not read such records."""
    if not resource or record_id is None:
        return ""
    try:
        found = ctx.assembly.resource(resource)
    except KeyError:
        return ""
    return f"{found.path}/{record_id}" if ctx.actor.may(found.permission("read")) else ""
