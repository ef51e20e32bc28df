"""Administration of roles: a matrix of permissions and how far each reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron.accounts.controllers.common import ADMIN
from patron.accounts.services.roles import add_role, belongs_to_someone, list_roles, role_of, set_grants
from patron.context import Context
from patron.errors import FieldError, Invalid
from patron.permissions import BUILT_IN_ROLES, Scope
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post

URL = "/admin/roles"
PREFIX = "grant:"
MORE = "Further permissions"


@get(URL, permission=ADMIN)
def index(ctx: Context) -> Page:
    """Every role with the number of its users."""
    return _index(ctx)


def _index(ctx: Context, errors: Sequence[FieldError] = (), name: str = "") -> Page:
    data = {"roles": list_roles(ctx), "built_in": BUILT_IN_ROLES, "errors": errors, "name": name}
    return Page("accounts/roles.html", data, status=422 if errors else 200)


@post(URL, permission=ADMIN)
def add(ctx: Context) -> Page | Redirect:
    """A role of the firm's own, empty at first."""
    try:
        role_id = add_role(ctx, ctx.web.value("name"))
    except Invalid as error:
        return _index(ctx, error.errors, ctx.web.value("name"))
    return Redirect(f"{URL}/{role_id}", Flash("The role is added. Choose what it may do."))


@get(URL + "/{role_id:int}", permission=ADMIN)
def show(ctx: Context, role_id: int) -> Page:
    """The matrix of one role."""
    name, grants = role_of(ctx, role_id)
    data = {"role_id": role_id, "name": name, "fixed": name == "admin", "groups": _matrix(ctx, grants)}
    return Page("accounts/role.html", data)


def _matrix(ctx: Context, grants: dict[str, str]) -> list[dict[str, Any]]:
    """Permissions in groups: one per resource, and one for what stands alone. Where records belong to nobody there is
    no scope to choose: all of them or none."""
    groups: dict[str, list[dict[str, str]]] = {}
    resources = ctx.assembly.resources.values()
    titles = {
        resource.permission(verb): (resource.label_plural, verb)
        for resource in resources
        for verb in resource.verbs
    }
    scoped = {resource.label_plural for resource in resources if belongs_to_someone(resource)}
    for permission in ctx.assembly.permissions.values():
        title, label = titles.get(permission.name, (MORE, permission.label))
        scope = grants.get(permission.name, grants.get("*", ""))
        if title == MORE and scope:
            scope = str(Scope.ALL)
        elif title not in scoped and scope != Scope.ALL:
            scope = ""  # narrower than all shows nothing here
        groups.setdefault(title, []).append(
            {"name": permission.name, "label": label.capitalize(), "scope": scope}
        )
    ordered = sorted(groups.items(), key=lambda pair: (pair[0] == MORE, pair[0]))
    return [{"title": title, "permissions": items, "scoped": title in scoped} for title, items in ordered]


@post(URL + "/{role_id:int}", permission=ADMIN)
def change(ctx: Context, role_id: int) -> Redirect:
    """Store the whole matrix."""
    wanted = {
        name.removeprefix(PREFIX): ctx.web.value(name) for name in ctx.web.form if name.startswith(PREFIX)
    }
    set_grants(ctx, role_id, {name: scope for name, scope in wanted.items() if scope})
    return Redirect(f"{URL}/{role_id}", Flash("The role is changed. It holds from the next request on."))


ROUTES: tuple[Route, ...] = (index, add, show, change)
