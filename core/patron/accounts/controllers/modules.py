"""Administration of modules: their state with the reason, enabled and disabled without a restart."""

from __future__ import annotations

from patron.accounts.controllers.common import ADMIN
from patron.context import Context
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.system import plugins_service

URL = "/admin/modules"


@get(URL, permission=ADMIN)
def index(ctx: Context) -> Page:
    """Every module."""
    return Page("accounts/modules.html", {"plugins": plugins_service.list_plugins(ctx)})


@post(URL + "/{name:str}/disable", permission=ADMIN)
def disable(ctx: Context, name: str) -> Redirect:
    """Take a module out of service; its data stays."""
    plugins_service.disable(ctx, name)
    return Redirect(URL, Flash(f"“{name}” is disabled. Its data stays.", "info", f"{URL}/{name}/enable"))


@post(URL + "/{name:str}/enable", permission=ADMIN)
def enable(ctx: Context, name: str) -> Redirect:
    """Put a module back into service."""
    plugins_service.enable(ctx, name)
    return Redirect(URL, Flash(f"“{name}” is enabled."))


ROUTES: tuple[Route, ...] = (index, disable, enable)
