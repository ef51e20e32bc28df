"""The catalogue's table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from patron import Context, Customer, Metric, Panel, Resource, Route, SampleData, hookimpl

from patron_catalog import controllers, metrics, sample, services
from patron_catalog.resource import PRICES, PRODUCTS, TAX_RATES

TITLE = "Catalogue"


@hookimpl
def register_resources() -> Sequence[Resource]:
    return (PRODUCTS, PRICES, TAX_RATES)


@hookimpl
def register_controllers() -> Sequence[Route]:
    return controllers.ROUTES


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return metrics.METRICS


@hookimpl
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    if not ctx.actor.may(PRICES.permission("read")):
        return ()
    prices = services.own_prices(ctx, customer.key)
    if not prices:
        return ()
    return (
        Panel("prices", "Own prices", "catalog/customer_panel.html", {"prices": prices}, "side", "tag", 60),
    )


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("products", sample.products, 30),)
