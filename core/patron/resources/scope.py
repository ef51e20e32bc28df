"""Whose rows an actor reaches: one clause, applied where the query is made. Default deny."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select, true

from patron.context import Context
from patron.contributions import Resource
from patron.customers.models import Assignment, Customer
from patron.errors import Forbidden
from patron.permissions import Scope
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.rules import rules_of


def row_scope(ctx: Context, resource: Resource, verb: str = "read") -> ColumnElement[bool]:
    """The clause for the rows on which the actor holds the verb; Forbidden when the permission is not held at all."""
    scope = ctx.actor.scope(resource.permission(verb))
    if scope is None:
        raise Forbidden(f"This needs the permission “{resource.permission(verb)}”.")
    return scope_clause(ctx, resource, scope)


def scope_clause(ctx: Context, resource: Resource, scope: Scope) -> ColumnElement[bool]:
    """The rows within a scope: the resource's rules say, else its owner and team, else the customer it belongs to."""
    if scope == Scope.ALL:
        return true()
    own = rules_of(resource).scope(ctx, scope)
    if own is not None:
        return own
    columns = table_of(resource).columns
    parts: list[ColumnElement[bool]] = []
    user_id = ctx.actor.user_id
    if resource.owner in columns and user_id is not None:
        parts.append(columns[resource.owner] == user_id)
    if resource.team in columns and scope == Scope.TEAM and ctx.actor.team_ids:
        parts.append(columns[resource.team].in_(sorted(ctx.actor.team_ids)))
    if resource.model is Customer:
        parts.append(columns["id"].in_(_assigned(ctx, scope)))
    elif not parts and resource.links:
        parts.append(columns[resource.links[0].field].in_(_visible_customers(ctx, scope)))
    return or_(*parts) if parts else false()


def _assigned(ctx: Context, scope: Scope) -> Select[Any]:
    """Customers on whose account team the actor is (or, for the team scope, one of the actor's teams)."""
    t = table(Assignment)
    members = [t.c.user_id == (ctx.actor.user_id or 0)]
    if scope == Scope.TEAM and ctx.actor.team_ids:
        members.append(t.c.team_id.in_(sorted(ctx.actor.team_ids)))
    return select(t.c.customer_id).where(or_(*members), or_(t.c.until.is_(None), t.c.until >= ctx.now.date()))


def _visible_customers(ctx: Context, scope: Scope) -> Select[Any]:
    customers = ctx.assembly.resources["customers"]
    return select(table(Customer).c.id).where(scope_clause(ctx, customers, scope))
