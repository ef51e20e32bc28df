"""The routes of accounts: signing in on each face, one's own settings, administration."""

from __future__ import annotations

from patron.accounts.controllers import audit_log, modules, own, portal, roles, teams, users
from patron.accounts.controllers.doors import CUSTOMERS, STAFF, routes_of
from patron.routing import Route

ROUTES: tuple[Route, ...] = (
    *routes_of(STAFF),
    *routes_of(CUSTOMERS),
    *own.ROUTES,
    *portal.ROUTES,
    *users.ROUTES,
    *roles.ROUTES,
    *teams.ROUTES,
    *audit_log.ROUTES,
    *modules.ROUTES,
)
