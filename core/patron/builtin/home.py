"""The pages around everything: home, search, the palette, the look, health."""

from __future__ import annotations

from collections.abc import Sequence

from patron.context import Context
from patron.contributions import NavItem, Panel
from patron.files.controllers import ROUTES as FILE_ROUTES
from patron.home import controllers, panels
from patron.hookspecs import hookimpl
from patron.routing import Route


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*controllers.ROUTES, *FILE_ROUTES)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (NavItem("Home", "/", "customers.read", "house", "", 0),)


@hookimpl
def home_panels(ctx: Context) -> Sequence[Panel]:
    return tuple(panels.home_panels(ctx))
