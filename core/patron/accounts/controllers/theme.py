"""The look that a person chose, for browsers without scripts; with them, the page sets the same cookie itself."""

from __future__ import annotations

from patron.accounts.controllers.common import local_path
from patron.accounts.services.users import THEMES, change_user
from patron.context import Context
from patron.errors import Invalid
from patron.permissions import Face
from patron.responses import Cookie, Redirect
from patron.routing import ANYONE, Route, post

YEAR = 365 * 24 * 3600


@post("/theme", face=Face.PUBLIC, permission=ANYONE)
def choose_theme(ctx: Context) -> Redirect:
    """Remember a theme in the browser, and with the user who is signed in."""
    theme = ctx.web.value("theme")
    if theme not in THEMES:
        raise Invalid.field("theme", "Choose one of the themes.")
    if ctx.actor.kind == "user" and ctx.actor.id is not None:
        change_user(ctx, ctx.actor.id, {"theme": theme})
    cookie = Cookie("theme", theme, max_age=YEAR, http_only=False)
    return Redirect(local_path(ctx.web.value("next"), "/"), cookies=(cookie,))


ROUTES: tuple[Route, ...] = (choose_theme,)
