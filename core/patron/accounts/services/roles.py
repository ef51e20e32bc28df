"""Roles: the built-in ones follow what modules bring, once; what an administrator changes is never undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from patron.accounts.audit import record
from patron.accounts.models import Role, UserRole
from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Resource
from patron.errors import Conflict, Invalid, NotFound
from patron.permissions import BUILT_IN_ROLES, Scope
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.rules import Rules, rules_of
from patron.system.generation import bump_generation
from patron.system.stored import store_setting, stored_setting

SEEN = "core.roles.seen"
_USER_VERBS = ("read", "create", "edit", "export")


def sync_roles(ctx: Context) -> list[str]:
    """Make the built-in roles, and give them what was contributed since the last time. Returns what was new.

    Each (role, permission) is offered once in the life of an installation; what happened to it since stays.
    """
    seen = set(stored_setting(ctx.session, SEEN, []))
    before = len(seen)
    fresh: list[str] = []
    for name in BUILT_IN_ROLES:
        grants = {} if f"role {name}" in seen else {"*": "all"} if name == "admin" else {}
        offered = {
            permission: scope for role, permission, scope in default_grants(ctx.assembly) if role == name
        }
        new = {
            permission: str(scope)
            for permission, scope in offered.items()
            if f"{name} {permission}" not in seen
        }
        seen.update(f"{name} {permission}" for permission in offered)
        _merge(ctx, name, {**grants, **new}, create=f"role {name}" not in seen)
        seen.add(f"role {name}")
        fresh += [f"{name} {permission}" for permission in new]
    if len(seen) != before:
        store_setting(ctx.session, SEEN, sorted(seen))
        bump_generation(ctx.session)
    return fresh


def default_grants(assembly: Assembly) -> Iterator[tuple[str, str, Scope]]:
    """Role, permission and scope: the defaults of every resource, then what modules say themselves."""
    for resource in assembly.resources.values():
        shared = Scope.TEAM if belongs_to_someone(resource) else Scope.ALL
        for role, verbs in default_verbs(resource).items():
            for verb in verbs:
                yield role, resource.permission(verb), Scope.ALL if role == "manager" else shared
    for permission in assembly.permissions.values():
        for role, scope in permission.roles.items():
            yield role, permission.name, scope
    for grant in assembly.role_grants:
        for name, scope in grant.grants.items():
            yield grant.role, name, scope


def default_verbs(resource: Resource) -> Mapping[str, tuple[str, ...]]:
    """What each built-in role may do with a resource, as far as it follows from the declaration."""
    if resource.read_by == "managers":
        return {"manager": resource.verbs}
    daily = _USER_VERBS if resource.kept_by == "users" else ("read", "export")
    return {
        "manager": resource.verbs,
        "user": tuple(verb for verb in resource.verbs if verb in daily),
        "reader": tuple(verb for verb in resource.verbs if verb == "read"),
    }


def belongs_to_someone(resource: Resource) -> bool:
    """Whether rows belong to anyone: without owner, team or customer a scope narrower than all would show nothing."""
    columns = table_of(resource).columns
    return (
        resource.owner in columns
        or resource.team in columns
        or bool(resource.links)
        or type(rules_of(resource)).scope is not Rules.scope
    )


def _merge(ctx: Context, name: str, grants: Mapping[str, str], *, create: bool) -> None:
    t = table(Role)
    row = ctx.session.execute(select(t.c.id, t.c.grants).where(t.c.name == name)).first()
    if row is None:
        if create:
            made = Role(name=name, grants=dict(grants), created_at=ctx.now, updated_at=ctx.now)
            ctx.session.add(made)
            ctx.session.flush()
            record(ctx, "create", "roles", made.key, {"grants": ({}, dict(grants))})
        return
    together = {**grants, **row.grants}
    if together != row.grants:
        _store(ctx, row.id, row.grants, together)


def _store(ctx: Context, role_id: int, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    t = table(Role)
    values: dict[str, Any] = {"grants": dict(after), "updated_at": ctx.now, "version": t.c.version + 1}
    ctx.session.execute(update(t).where(t.c.id == role_id).values(values))
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    record(ctx, "change", "roles", role_id, {name: (before.get(name), after.get(name)) for name in names})


def add_role(ctx: Context, name: str, grants: Mapping[str, str] | None = None) -> int:
    """A role of the firm's own. Invalid when the name is empty or taken. Returns the id."""
    name = name.strip()[:100]
    t = table(Role)
    if not name:
        raise Invalid.field("name", "Give the role a name.")
    if ctx.session.execute(select(t.c.id).where(t.c.name == name)).first():
        raise Invalid.field("name", f"There is a role “{name}” already.")
    row = Role(name=name, grants=_checked(ctx, grants or {}), created_at=ctx.now, updated_at=ctx.now)
    ctx.session.add(row)
    ctx.session.flush()
    bump_generation(ctx.session)
    record(ctx, "create", "roles", row.key, {"name": ("", name), "grants": ({}, row.grants)})
    return row.key


def set_grants(ctx: Context, role_id: int, grants: Mapping[str, str]) -> None:
    """Give the role exactly these permissions, each with its scope. It holds from every process's next request on.

    Permissions of modules that are away just now stay as they are. ``admin`` cannot be changed.
    """
    name, before = role_of(ctx, role_id)
    if name == "admin":
        raise Conflict("The role “admin” can always do everything: nobody could repair it otherwise.")
    away = {key: scope for key, scope in before.items() if key not in ctx.assembly.permissions and key != "*"}
    after = {**away, **_checked(ctx, grants)}
    if after != before:
        _store(ctx, role_id, before, after)
        bump_generation(ctx.session)


def role_of(ctx: Context, role_id: int) -> tuple[str, dict[str, str]]:
    """Name and grants of a role; NotFound."""
    t = table(Role)
    row = ctx.session.execute(select(t.c.name, t.c.grants).where(t.c.id == role_id)).first()
    if row is None:
        raise NotFound()
    return row.name, dict(row.grants)


def list_roles(ctx: Context) -> Sequence[tuple[int, str, int]]:
    """Id, name and number of users of every role, by name."""
    t, given = table(Role), table(UserRole)
    users = select(func.count()).where(given.c.role_id == t.c.id).scalar_subquery()
    rows = ctx.session.execute(select(t.c.id, t.c.name, users).order_by(t.c.name))
    return [(row[0], row[1], row[2]) for row in rows]


def _checked(ctx: Context, grants: Mapping[str, str]) -> dict[str, str]:
    for permission, scope in grants.items():
        if permission not in ctx.assembly.permissions and permission != "*":
            raise Invalid.field("grants", f"There is no permission “{permission}”.")
        if scope not in set(Scope):
            raise Invalid.field("grants", f"“{scope}” is no scope: own, team or all.")
    return dict(grants)
