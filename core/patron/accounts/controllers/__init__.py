"""The routes of accounts: signing in on each face, one's own settings, administration."""

from __future__ import annotations

from patron.accounts.controllers import audit_log, company, health, modules, own, portal, roles, teams, users
from patron.accounts.controllers.doors import routes_of
from patron.accounts.faces import DOORS, PORTALS
from patron.routing import Route

ROUTES: tuple[Route, ...] = (
    *(route for door in DOORS.values() for route in routes_of(door)),
    *own.ROUTES,
    *(route for door in PORTALS for route in portal.routes_of(door)),
    *users.ROUTES,
    *roles.ROUTES,
    *teams.ROUTES,
    *audit_log.ROUTES,
    *modules.ROUTES,
    *health.ROUTES,
    *company.ROUTES,
)
