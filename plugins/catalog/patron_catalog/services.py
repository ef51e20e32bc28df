"""Finding products and their prices. The only place where the firm decides what something costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from patron import Context, Invalid, Money, NotFound, row_scope, table
from sqlalchemy import func, or_, select

from patron_catalog.models import Price as PriceEntry
from patron_catalog.models import Product, TaxRate

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CAD", "AUD")
INFO = ("id", "sku", "name", "description", "unit", "active", "category")  # the columns of ``ProductInfo``


_PLURALS = {
    "box": "boxes", "day": "days", "hour": "hours", "licence": "licences", "metre": "metres", "month": "months",
    "package": "packages", "pair": "pairs", "piece": "pieces", "seat": "seats", "set": "sets", "week": "weeks",
    "year": "years",
}  # fmt: skip


def units(quantity: Decimal, unit: str) -> str:
    """What so many units are called: of “piece” eighteen are “pieces”; a unit without a plural stays as it is."""
    return unit if quantity == 1 else _PLURALS.get(unit, unit)


@dataclass(frozen=True)
class ProductInfo:
    """A product as other modules see it; ``unit`` is what one of it is called (piece, hour, kg)."""

    id: int
    sku: str
    name: str
    description: str
    unit: str
    active: bool
    category: str = ""


@dataclass(frozen=True)
class Price:
    """What one unit costs, net. ``tax_rate`` is a percentage such as ``"19.00"``; ``trace`` says how it came about."""

    unit: Money
    list_unit: Money
    tax_rate: str
    tax_name: str
    trace: tuple[str, ...]


def product(ctx: Context, product_id: int) -> ProductInfo:
    """One product; NotFound when there is none, or it is in the trash."""
    found = products(ctx, [product_id])
    if product_id not in found:
        raise NotFound(f"There is no product {product_id}.")
    return found[product_id]


def products(ctx: Context, product_ids: Iterable[int]) -> dict[int, ProductInfo]:
    """Those of the products that are there, by id: one statement."""
    t = table(Product)
    columns = [t.c[name] for name in INFO]
    statement = select(*columns).where(t.c.id.in_(sorted(set(product_ids))), t.c.trashed_at.is_(None))
    return {row.id: ProductInfo(*row) for row in ctx.session.execute(statement)}


def costs(ctx: Context, product_ids: Iterable[int], currency: str) -> dict[int, int]:
    """What one of each product costs the firm, in minor units of the currency, where that is known: one statement."""
    t = table(Product)
    known = t.c.id.in_(sorted(set(product_ids))) & (t.c.currency == currency) & t.c.cost_minor.is_not(None)
    return {row[0]: row[1] for row in ctx.session.execute(select(t.c.id, t.c.cost_minor).where(known))}


def price(
    ctx: Context,
    product_id: int,
    quantity: Decimal,
    *,
    customer_id: int | None,
    currency: str,
    at: date | None = None,
) -> Price:
    """The net price of one unit when ``quantity`` of them are bought. NotFound; Invalid where there is none."""
    return prices(ctx, [(product_id, quantity)], customer_id=customer_id, currency=currency, at=at)[0]


def prices(
    ctx: Context,
    items: Sequence[tuple[int, Decimal]],
    *,
    customer_id: int | None,
    currency: str,
    at: date | None = None,
) -> list[Price]:
    """The prices of several products, in their order: three statements however many there are.

    A customer's own price goes before one for everybody, and the highest quantity reached before a lower one; then
    the newest counts. Without an entry it is the list price, if that is in the currency asked for.
    """
    day = at or ctx.now.date()
    ids = sorted({product_id for product_id, _ in items})
    sold = _sold(ctx, ids)
    entries = _entries(ctx, ids, customer_id, currency, day)
    rates = _rates(ctx, ctx.assembly.settings.country, day)
    return [
        _price(sold[product_id], quantity, entries.get(product_id, ()), rates, currency, ctx)
        for product_id, quantity in items
    ]


def _sold(ctx: Context, ids: Sequence[int]) -> dict[int, Any]:
    t = table(Product)
    columns = (t.c.id, t.c.sku, t.c.name, t.c.active, t.c.tax_class, t.c.list_price_minor, t.c.currency)
    statement = select(*columns).where(t.c.id.in_(ids), t.c.trashed_at.is_(None))
    found = {row.id: row for row in ctx.session.execute(statement)}
    for product_id in ids:
        if product_id not in found:
            raise NotFound(f"There is no product {product_id}.")
        if not found[product_id].active:
            raise Invalid.field(
                "product", f"{_called(found[product_id])} is no longer sold. Choose another product."
            )
    return found


def _entries(
    ctx: Context, ids: Sequence[int], customer_id: int | None, currency: str, day: date
) -> dict[int, list[Any]]:
    """The price entries that count on that day, by product, the ones to prefer first."""
    t = table(PriceEntry)
    statement = select(t.c.product_id, t.c.customer_id, t.c.price_minor, t.c.minimum_quantity).where(
        t.c.product_id.in_(ids),
        t.c.currency == currency,
        t.c.trashed_at.is_(None),
        or_(t.c.customer_id.is_(None), t.c.customer_id == customer_id),
        or_(t.c.valid_from.is_(None), t.c.valid_from <= day),
        or_(t.c.valid_until.is_(None), t.c.valid_until >= day),
    )
    newest_first = (func.coalesce(t.c.valid_from, date.min).desc(), t.c.id.desc())
    order = (t.c.customer_id.is_(None), t.c.minimum_quantity.desc(), *newest_first)
    found: dict[int, list[Any]] = {}
    for row in ctx.session.execute(statement.order_by(*order)):
        found.setdefault(row.product_id, []).append(row)
    return found


def _rates(ctx: Context, country: str, day: date) -> dict[str, tuple[str, int]]:
    """The country's rates of that day: name and percentage in hundredths, by class."""
    t = table(TaxRate)
    statement = select(t.c.tax_class, t.c.name, t.c.percent).where(
        t.c.country == country, t.c.valid_from <= day, t.c.trashed_at.is_(None)
    )
    rows = ctx.session.execute(statement.order_by(t.c.valid_from, t.c.id))
    return {"zero": ("No tax", 0), **{row.tax_class: (row.name, row.percent) for row in rows}}


def _price(
    sold: Any,
    quantity: Decimal,
    entries: Sequence[Any],
    rates: Mapping[str, tuple[str, int]],
    currency: str,
    ctx: Context,
) -> Price:
    if quantity <= 0:
        raise Invalid.field("quantity", "The quantity must be above zero.")
    listed = Money(sold.list_price_minor, sold.currency) if sold.currency == currency else None
    trace = [f"List price {listed.format(ctx.locale)}"] if listed else []
    chosen = next((entry for entry in entries if entry.minimum_quantity <= quantity), None)
    if chosen is not None:
        unit = Money(chosen.price_minor, currency)
        trace.append(f"{_step(chosen)}: {unit.format(ctx.locale)}")
    elif listed is not None:
        unit = listed
    else:
        raise Invalid.field(
            "currency",
            f"{_called(sold)} has no price in {currency} for {quantity.normalize():f}."
            f" Add one on the product’s page, or choose {sold.currency}.",
        )
    country = ctx.assembly.settings.country
    if sold.tax_class not in rates:
        raise Invalid.field(
            "tax_class",
            f"There is no {sold.tax_class} tax rate for {country}. Add one under Catalogue, Tax rates.",
        )
    name, percent = rates[sold.tax_class]
    trace.append(f"Tax {country} {sold.tax_class} {Decimal(percent).scaleb(-2).normalize():f} %")
    return Price(unit, listed or unit, str(Decimal(percent).scaleb(-2)), name, tuple(trace))


def _step(entry: Any) -> str:
    if entry.customer_id is not None:
        return f"This customer’s price from {entry.minimum_quantity}"
    return f"Tier from {entry.minimum_quantity}" if entry.minimum_quantity > 1 else "Price"


def _called(sold: Any) -> str:
    return f"{sold.sku} “{sold.name}”"


def example(
    ctx: Context, product_id: int, quantity: str, customer_id: int | None, currency: str
) -> dict[str, Any]:
    """A price to show with its trace, or the sentence why there is none."""
    shown = {"quantity": quantity, "currency": currency, "customer": customer_id, "price": None, "reason": ""}
    try:
        found = price(ctx, product_id, read_quantity(quantity), customer_id=customer_id, currency=currency)
    except Invalid as error:
        return {**shown, "reason": error.detail}
    return {**shown, "price": found, "sum": found.unit.times(read_quantity(quantity))}


def read_quantity(text: str) -> Decimal:
    """A quantity as people write it: “2.5” or “2,5”. Invalid for anything else."""
    try:
        quantity = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        quantity = Decimal("NaN")
    if not quantity.is_finite() or abs(quantity) > 10**9 or quantity != round(quantity, 3):
        raise Invalid.field("quantity", "A quantity is a number such as 2.5, with at most three decimals.")
    return quantity


def price_rows(ctx: Context, product_id: int) -> list[dict[str, Any]]:
    """The price entries of a product that the actor may see, for its page: one statement."""
    t, resource = table(PriceEntry), ctx.assembly.resource("catalog.prices")
    statement = select(t).where(t.c.product_id == product_id, t.c.trashed_at.is_(None))
    statement = statement.where(row_scope(ctx, resource)).order_by(
        t.c.customer_id.is_not(None), t.c.currency, t.c.minimum_quantity, t.c.id
    )
    return [_price_row(row) for row in ctx.session.execute(statement.limit(200)).mappings()]


def own_prices(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """The prices of a customer of its own, with the products' names: one statement."""
    t, p = table(PriceEntry), table(Product)
    statement = (
        select(t, p.c.sku, p.c.name.label("product_name"))
        .select_from(t.join(p, p.c.id == t.c.product_id))
        .where(t.c.customer_id == customer_id, t.c.trashed_at.is_(None), p.c.trashed_at.is_(None))
        .order_by(p.c.name_key, t.c.minimum_quantity, t.c.id)
        .limit(20)
    )
    return [
        {**_price_row(row), "sku": row["sku"], "product_name": row["product_name"]}
        for row in ctx.session.execute(statement).mappings()
    ]


def _price_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "product_id": row["product_id"],
        "customer": str(row["customer_id"]) if row["customer_id"] else None,
        "price": {"minor": row["price_minor"], "currency": row["currency"]},
        "minimum_quantity": row["minimum_quantity"],
        "valid_from": row["valid_from"],
        "valid_until": row["valid_until"],
    }
