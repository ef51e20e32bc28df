"""Whose rows an actor reaches: one clause, applied where the query is made. Default deny."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, Select, and_, bindparam, false, or_, select, true

from patron.context import Context
from patron.contributions import Resource
from patron.customers.models import Assignment, Customer
from patron.db import BigInt
from patron.errors import Forbidden
from patron.permissions import Scope
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.rules import Rules, rules_of


def row_scope(ctx: Context, resource: Resource, verb: str = "read") -> ColumnElement[bool]:
    """The clause for the rows on which the actor holds the verb; Forbidden when the permission is not held at all."""
    scope = ctx.actor.scope(resource.permission(verb))
    if scope is None:
        raise Forbidden(f"This needs the permission “{resource.permission(verb)}”.")
    return scope_clause(ctx, resource, scope)


def scope_clause(ctx: Context, resource: Resource, scope: Scope) -> ColumnElement[bool]:
    """The rows within a scope, less those that the resource's rules hide from everybody but their own people."""
    visible = rules_of(resource).visible(ctx)
    within = _within(ctx, resource, scope)
    return within if visible is None else and_(within, visible)


def _within(ctx: Context, resource: Resource, scope: Scope) -> ColumnElement[bool]:
    """The rows of a scope: the resource's rules say, else its owner and team, else the customer it belongs to."""
    if scope == Scope.ALL:
        return true()
    own = rules_of(resource).scope(ctx, scope)
    if own is not None:
        return own
    columns = table_of(resource).columns
    parts: list[ColumnElement[bool]] = []
    if resource.owner in columns and ctx.actor.user_id is not None:
        parts.append(columns[resource.owner] == _given(ctx, "scope_user", BigInt()))
    if resource.team in columns and scope == Scope.TEAM and ctx.actor.team_ids:
        parts.append(columns[resource.team].in_(_teams(ctx)))
    if resource.model is Customer:
        parts.append(columns["id"].in_(_assigned(ctx, scope)))
    elif not parts and resource.links:
        parts.append(columns[resource.links[0].field].in_(_visible_customers(ctx, scope)))
    return or_(*parts) if parts else false()


def _assigned(ctx: Context, scope: Scope) -> Select[Any]:
    """Customers on whose account team the actor is (or, for the team scope, one of the actor's teams)."""
    t = table(Assignment)
    members = [t.c.user_id == _given(ctx, "scope_user", BigInt())]
    if scope == Scope.TEAM and ctx.actor.team_ids:
        members.append(t.c.team_id.in_(_teams(ctx)))
    lasting = or_(t.c.until.is_(None), t.c.until >= _given(ctx, "scope_today", Date()))
    return select(t.c.customer_id).where(or_(*members), lasting)


def _visible_customers(ctx: Context, scope: Scope) -> Select[Any]:
    customers = ctx.assembly.resources["customers"]
    return select(table(Customer).c.id).where(scope_clause(ctx, customers, scope))


def of_reached_customers(
    ctx: Context, customer_id: ColumnElement[int], permission: str
) -> ColumnElement[bool]:
    """The rows of customers within the scope of a permission; Forbidden when it is not held at all."""
    scope = ctx.actor.require(permission)
    return true() if scope == Scope.ALL else customer_id.in_(_visible_customers(ctx, scope))


def scope_values(ctx: Context) -> dict[str, Any]:
    """What ``scope_clause`` holds of the actor, by the names of its parameters: a statement that is kept is given
    them anew each time. How many there are depends on ``len(team_ids)``, so that belongs to its key."""
    values: dict[str, Any] = {"scope_user": ctx.actor.user_id or 0, "scope_today": ctx.now.date()}
    values.update((f"scope_team_{n}", team_id) for n, team_id in enumerate(sorted(ctx.actor.team_ids)))
    return values


def scope_is_plain(ctx: Context, resource: Resource, scope: Scope) -> bool:
    """Whether ``scope_clause`` holds nothing of the actor but ``scope_values``."""
    reached = [resource]
    if scope != Scope.ALL and resource.links and resource.model is not Customer:
        reached.append(ctx.assembly.resources["customers"])
    kinds = [type(rules_of(item)) for item in reached]
    return all(kind.scope is Rules.scope and kind.visible is Rules.visible for kind in kinds)


def _given(ctx: Context, name: str, kind: Any) -> BindParameter[Any]:
    return bindparam(name, scope_values(ctx)[name], type_=kind)


def _teams(ctx: Context) -> list[BindParameter[Any]]:
    return [_given(ctx, f"scope_team_{n}", BigInt()) for n in range(len(ctx.actor.team_ids))]
