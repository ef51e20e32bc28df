"""Probable duplicates: found in the background, shown in a queue and on the page of each of the two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.context import Context
from patron.contributions import Commands, Job, NavItem, Panel
from patron.customers.merging import MERGE
from patron.customers.models import Customer
from patron.duplicates import controllers, deciding
from patron.duplicates.saying import reason
from patron.duplicates.scanning import scan_and_keep
from patron.hookspecs import hookimpl
from patron.routing import Route


@hookimpl
def register_controllers() -> Sequence[Route]:
    return controllers.ROUTES


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [Job("find_duplicates", scan_and_keep, every=timedelta(days=1), transaction=False)]


@hookimpl
def register_commands() -> Commands:
    from patron.cli.duplicates import duplicates, merge_two, split_again

    return (duplicates, merge_two, split_again)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    return (NavItem("Duplicates", controllers.QUEUE, MERGE, "copy", "Customers", 60),)


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    if not (ctx.actor.may(MERGE) and ctx.actor.may("customers.edit")):
        return ()
    pairs = deciding.of_customer(ctx, customer.key)
    if not pairs:
        return ()
    others = [(pair, pair.second if pair.first["id"] == customer.key else pair.first) for pair in pairs]
    data = {"customer": customer, "others": others, "reason": reason}
    return (
        Panel("duplicates", "Perhaps the same customer", "duplicates/panel.html", data, "side", "copy", 5),
    )
