"""Administration of users: listed, added, invited, changed, disabled and enabled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron.accounts import letters
from patron.accounts.controllers.common import ADMIN
from patron.accounts.services.listing import list_users, one_user
from patron.accounts.services.people import person_of
from patron.accounts.services.roles import list_roles
from patron.accounts.services.teams import list_teams, set_teams
from patron.accounts.services.users import add_user, change_user, disable_user, enable_user, set_roles
from patron.context import Context
from patron.db import savepoint
from patron.errors import FieldError, Invalid
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number

URL = "/admin/users"


@get(URL, permission=ADMIN)
def index(ctx: Context) -> Page:
    """Every user, in the order in which they were added."""
    after = ctx.web.param("after", "0")
    search = ctx.web.param("q")
    found, more = list_users(ctx, search, whole_number(after) or 0)
    return Page("accounts/users.html", {"users": found, "search": search, "more": more, "after": after})


def _choices(ctx: Context) -> dict[str, Any]:
    return {
        "role_choices": [(name, name) for _, name, _ in list_roles(ctx)],
        "team_choices": [(team_id, name) for team_id, name, _ in list_teams(ctx)],
    }


@get(URL + "/new", permission=ADMIN)
def show_new(ctx: Context) -> Page:
    """The form for a new user."""
    return _new(ctx, {"roles": ["user"], "teams": []}, ())


def _new(ctx: Context, values: dict[str, Any], errors: Sequence[FieldError]) -> Page:
    data = {"values": values, "errors": errors, **_choices(ctx)}
    return Page("accounts/user_new.html", data, status=422 if errors else 200)


@post(URL + "/new", permission=ADMIN)
def add(ctx: Context) -> Page | Redirect:
    """Add a user, whose invitation is mailed, or shown on the page that answers where no mail goes out."""
    web = ctx.web
    email, name, roles, teams = (
        web.value("email"),
        web.value("name"),
        web.values("roles"),
        web.values("teams"),
    )
    values = {"email": email, "name": name, "roles": roles, "teams": teams}
    try:
        with savepoint(ctx.session):
            user_id = add_user(ctx, email, name, roles)
            set_teams(ctx, user_id, _ids(teams))
    except Invalid as error:
        return _new(ctx, values, error.errors)
    return _invited(ctx, user_id)


@get(URL + "/{user_id:int}", permission=ADMIN)
def show(ctx: Context, user_id: int) -> Page:
    """One user."""
    return _user(ctx, user_id)


def _user(ctx: Context, user_id: int, errors: Sequence[FieldError] = (), link: str = "") -> Page:
    data = {
        "user": one_user(ctx, user_id),
        "errors": errors,
        "link": link,
    }
    return Page("accounts/user.html", {**data, **_choices(ctx)}, status=422 if errors else 200)


@post(URL + "/{user_id:int}", permission=ADMIN)
def change(ctx: Context, user_id: int) -> Page | Redirect:
    """Change name, address, roles and teams."""
    web = ctx.web
    try:
        with savepoint(ctx.session):
            change_user(ctx, user_id, {"name": web.value("name"), "email": web.value("email")})
            set_roles(ctx, user_id, web.values("roles"))
            set_teams(ctx, user_id, _ids(web.values("teams")))
    except Invalid as error:
        return _user(ctx, user_id, error.errors)
    return Redirect(f"{URL}/{user_id}", Flash("The user is changed."))


@post(URL + "/{user_id:int}/invite", permission=ADMIN)
def invite(ctx: Context, user_id: int) -> Page | Redirect:
    """A fresh one-time link with which the user chooses a password: mailed, or shown on the page that answers."""
    return _invited(ctx, user_id)


def _invited(ctx: Context, user_id: int) -> Page | Redirect:
    person = person_of(ctx.session, user_id=user_id)
    link = letters.invite(ctx, person)
    if link:
        return _user(ctx, user_id, link=link)
    return Redirect(f"{URL}/{user_id}", Flash(f"An invitation is on its way to {person.email}."))


@post(URL + "/{user_id:int}/disable", permission=ADMIN)
def disable(ctx: Context, user_id: int) -> Redirect:
    """End everything of the user at once."""
    disable_user(ctx, user_id)
    return Redirect(
        f"{URL}/{user_id}", Flash("The user is disabled. Sessions and tokens have ended.", "info")
    )


@post(URL + "/{user_id:int}/enable", permission=ADMIN)
def enable(ctx: Context, user_id: int) -> Redirect:
    """Let the user sign in again."""
    enable_user(ctx, user_id)
    return Redirect(f"{URL}/{user_id}", Flash("The user may sign in again."))


def _ids(values: Sequence[str]) -> list[int]:
    ids = [number for value in values if (number := whole_number(value)) is not None]
    if len(ids) < len(values):
        raise Invalid.field("teams", "Choose from the list.")
    return ids


ROUTES: tuple[Route, ...] = (index, show_new, add, show, change, invite, disable, enable)
