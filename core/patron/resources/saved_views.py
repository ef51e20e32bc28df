"""Saved views: a list as it is filtered and sorted, kept under a name for oneself, a team or everybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import and_, bindparam, delete, insert, or_, select

from patron.context import Context
from patron.contributions import Resource
from patron.db import BigInt
from patron.errors import Invalid, NotFound
from patron.prepared import Prepared, among_given
from patron.records import table
from patron.resources.page_frame import query_with
from patron.responses import Flash, Redirect
from patron.system.models import SavedView


def views_of(ctx: Context, resource: Resource) -> list[dict[str, Any]]:
    """The saved views of the list that the actor may use, each with its address. One statement."""
    values = {
        "resource": resource.key, "user": ctx.actor.user_id or 0, "teams": sorted(ctx.actor.team_ids),
    }  # fmt: skip
    return [
        {
            "id": row.id,
            "name": row.name,
            "url": f"{resource.path}?{row.query}",
            "audience": row.audience,
            "mine": row.owner_id == ctx.actor.user_id,
            "current": row.query == query_with(ctx, resource, {}),
        }
        for row in _VIEWS.rows(ctx.session, values)
    ]


def _views_statement(dialect: str) -> Any:
    t = table(SavedView)
    mine = t.c.owner_id == bindparam("user", type_=BigInt())
    of_team = and_(t.c.audience == "team", among_given(t.c.team_id, "teams", dialect))
    return (
        select(t.c.id, t.c.name, t.c.query, t.c.audience, t.c.owner_id)
        .where(t.c.resource == bindparam("resource"), t.c.trashed_at.is_(None))
        .where(or_(t.c.audience == "public", mine, of_team))
        .order_by(t.c.name)
        .limit(100)
    )


_VIEWS = Prepared(_views_statement)


def save_view(ctx: Context, *, resource: Resource) -> Redirect:
    """Keep the list as it is filtered and sorted under a name (form: ``name``, ``query``, ``audience``)."""
    name, query, audience = (
        ctx.web.value("name"),
        ctx.web.value("query"),
        ctx.web.value("audience", "private"),
    )
    if not name or len(name) > 100:
        raise Invalid.field("name", "A view needs a name of at most 100 characters.")
    if audience not in ("private", "team", "public"):
        raise Invalid.field("audience", "A view is private, team or public.")
    if audience == "public":
        ctx.actor.require("views.publish")
    query = urlencode([(k, v) for k, v in parse_qsl(query) if k != "cursor"])
    ctx.session.execute(
        insert(table(SavedView)).values(
            resource=resource.key,
            name=name,
            query=query[:4000],
            audience=audience,
            owner_id=ctx.actor.user_id,
            team_id=min(ctx.actor.team_ids, default=None),
            version=1,
            created_at=ctx.now,
            updated_at=ctx.now,
        )
    )
    return Redirect(f"{resource.path}?{query}", Flash(f"View “{name}” saved."))


def delete_view(ctx: Context, view_id: int, *, resource: Resource) -> Redirect:
    """Delete a view of one's own."""
    t = table(SavedView)
    mine = delete(t).where(t.c.id == view_id, t.c.resource == resource.key, t.c.owner_id == ctx.actor.user_id)
    if ctx.session.execute(mine.returning(t.c.id)).first() is None:
        raise NotFound()
    return Redirect(resource.path, Flash("View deleted."))
