"""The profile page of a customer: names, contact points, relationships, portal access, files, merges."""

from __future__ import annotations

from collections.abc import Sequence

from patron.accounts.authentication import VIEW_AS
from patron.contributions import Action, Permission
from patron.customers import beside_controllers, profile_controllers
from patron.customers.models import Customer
from patron.hookspecs import hookimpl
from patron.permissions import Scope
from patron.routing import Route


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*profile_controllers.ROUTES, *beside_controllers.ROUTES)


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return (
        Permission(
            "customers.invite", "Invite customers to the portal", {"manager": Scope.ALL, "user": Scope.ALL}
        ),
        Permission(VIEW_AS, "See a portal as a customer does, changing nothing", {"manager": Scope.ALL}),
    )


@hookimpl
def customer_actions(customer: Customer) -> Sequence[Action]:
    return (
        Action(
            "Profile", f"/customers/{customer.id}/profile", "customers.read", icon="contact", in_menu=True
        ),
    )
