"""The catalogue of a maker of office furniture: sixty articles with tiers, dollar prices and services."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from patron import Context, Money, editing, table
from sqlalchemy import func, select

from patron_catalog.models import Product

_FAMILIES = (
    (
        "CHR",
        "Chairs",
        "Chair",
        ("Arden", "Birk", "Cleo", "Dune", "Elm", "Fjord", "Gale", "Heron", "Iris", "Juno"),
        18900,
    ),
    ("DSK", "Desks", "Desk", ("Alto", "Brook", "Cedar", "Delta", "Echo", "Field", "Grove", "Haven"), 42900),
    ("TBL", "Tables", "Table", ("Agora", "Bistro", "Circle", "Dock", "Ellipse", "Forum"), 35900),
    ("LMP", "Lighting", "Lamp", ("Aura", "Beam", "Comet", "Dawn", "Ember", "Flare", "Glow"), 7900),
    ("STO", "Storage", "Cabinet", ("Ark", "Bay", "Crate", "Den", "Etage", "Fold", "Grid"), 28900),
    ("ACO", "Acoustics", "Panel", ("Calm", "Drift", "Hush", "Lull", "Mute", "Still"), 14900),
    (
        "ACC",
        "Accessories",
        "",
        ("Cable tray", "Monitor arm", "Footrest", "Desk mat", "Coat stand", "Waste bin"),
        2900,
    ),
    ("BKS", "Books", "", ("Rooms that work", "The quiet office", "Sitting well"), 2490),
)
_SERVICES = (
    ("SRV-01", "Assembly on site", "hour", 6500),
    ("SRV-02", "Delivery to the desk", "delivery", 4900),
    ("SRV-03", "Room planning", "hour", 9500),
    ("SRV-04", "Removal of old furniture", "cubic metre", 3900),
    ("SRV-05", "Extended warranty, five years", "year", 1900),
    ("SRV-06", "Upholstery cleaning", "piece", 2400),
    ("SRV-07", "Fire safety certificate", "piece", 12000),
)


def products(ctx: Context, rng: Random) -> None:
    """Make the articles, once: nothing happens where there are products."""
    if ctx.session.execute(select(func.count()).select_from(table(Product))).scalar_one():
        return
    currency = ctx.assembly.settings.currency
    for code, category, noun, names, base in _FAMILIES:
        for index, name in enumerate(names, start=1):
            minor = base + rng.randrange(0, 12) * (base // 20) // 100 * 100
            title = f"{noun} {name}" if noun else name
            tax_class = "reduced" if code == "BKS" else "standard"
            product_id = _product(ctx, f"{code}-{index:02}", title, "piece", category, tax_class, minor)
            if code != "BKS":
                _tiers(ctx, product_id, minor, currency, rng)
    for sku, name, unit, minor in _SERVICES:
        _product(ctx, sku, name, unit, "Services", "standard", minor)


def _product(ctx: Context, sku: str, name: str, unit: str, category: str, tax_class: str, minor: int) -> int:
    values = {
        "sku": sku,
        "name": name,
        "unit": unit,
        "category": category,
        "tax_class": tax_class,
        "list_price": {"minor": minor, "currency": ctx.assembly.settings.currency},
        "cost": {
            "minor": minor * (52 + sum(map(ord, sku)) % 20) // 100,
            "currency": ctx.assembly.settings.currency,
        },
        "active": sku not in ("CHR-10", "LMP-07"),
        "description": "",
    }
    return int(editing.create(ctx, ctx.assembly.resource("catalog.products"), values).key)


def _tiers(ctx: Context, product_id: int, minor: int, currency: str, rng: Random) -> None:
    """Less per piece from ten and from fifty on; a price in dollars for some; a campaign that is over for a few."""
    since = date(ctx.now.year - 2, 1, 1)
    for quantity, percent in ((10, 94), (50, 88)):
        if rng.random() < 0.6:
            _price(ctx, product_id, Money(minor * percent // 100, currency), quantity, since, None)
    if rng.random() < 0.3 and currency != "USD":
        _price(ctx, product_id, Money(minor * 112 // 100, "USD"), 1, since, None)
    if rng.random() < 0.1:
        begin = ctx.now.date() - timedelta(days=200)
        _price(ctx, product_id, Money(minor * 85 // 100, currency), 1, begin, begin + timedelta(days=30))


def _price(
    ctx: Context, product_id: int, price: Money, quantity: int, since: date, until: date | None
) -> None:
    values = {
        "product": product_id,
        "price": {"minor": price.minor, "currency": price.currency},
        "minimum_quantity": quantity,
        "valid_from": since,
        "valid_until": until,
    }
    editing.create(ctx, ctx.assembly.resource("catalog.prices"), values)
