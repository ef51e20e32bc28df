"""Administration of teams."""

from __future__ import annotations

from collections.abc import Sequence

from patron.accounts.controllers.common import ADMIN
from patron.accounts.services.listing import user_choices
from patron.accounts.services.teams import (
    add_team,
    list_teams,
    members_of,
    rename_team,
    set_members,
    team_name,
)
from patron.context import Context
from patron.db import savepoint
from patron.errors import FieldError, Invalid
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number

URL = "/admin/teams"


@get(URL, permission=ADMIN)
def index(ctx: Context) -> Page:
    """Every team."""
    return _index(ctx)


def _index(ctx: Context, errors: Sequence[FieldError] = (), name: str = "") -> Page:
    data = {"teams": list_teams(ctx), "errors": errors, "name": name}
    return Page("accounts/teams.html", data, status=422 if errors else 200)


@post(URL, permission=ADMIN)
def add(ctx: Context) -> Page | Redirect:
    """A new team."""
    try:
        team_id = add_team(ctx, ctx.web.value("name"))
    except Invalid as error:
        return _index(ctx, error.errors, ctx.web.value("name"))
    return Redirect(f"{URL}/{team_id}", Flash("The team is added. Choose its members."))


@get(URL + "/{team_id:int}", permission=ADMIN)
def show(ctx: Context, team_id: int) -> Page:
    """One team with its members."""
    return _team(ctx, team_id)


def _team(ctx: Context, team_id: int, errors: Sequence[FieldError] = ()) -> Page:
    data = {
        "team_id": team_id, "name": team_name(ctx, team_id), "errors": errors,
        "members": sorted(members_of(ctx, team_id)), "users": user_choices(ctx),
    }  # fmt: skip
    return Page("accounts/team.html", data, status=422 if errors else 200)


@post(URL + "/{team_id:int}", permission=ADMIN)
def change(ctx: Context, team_id: int) -> Page | Redirect:
    """Name and members. Members who are disabled just now, and so not in the form, stay."""
    shown = {user_id for user_id, _ in user_choices(ctx)}
    chosen = {key for text in ctx.web.values("members") if (key := whole_number(text)) is not None}
    try:
        with savepoint(ctx.session):
            rename_team(ctx, team_id, ctx.web.value("name"))
            set_members(ctx, team_id, chosen | (members_of(ctx, team_id) - shown))
    except Invalid as error:
        return _team(ctx, team_id, error.errors)
    return Redirect(f"{URL}/{team_id}", Flash("The team is changed."))


ROUTES: tuple[Route, ...] = (index, add, show, change)
