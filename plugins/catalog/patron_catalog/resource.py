"""The catalogue's records as resources, and what is special about saving them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Choice,
    Context,
    Customer,
    CustomerLink,
    Field,
    Invalid,
    Money,
    Resource,
    Rules,
    Scope,
    normalise,
    row_scope,
    table,
)
from sqlalchemy import ColumnElement, or_, select

from patron_catalog import services
from patron_catalog.models import Price, Product, TaxRate

TAX_CLASSES = (Choice("standard", "Standard"), Choice("reduced", "Reduced"), Choice("zero", "No tax"))


class ProductRules(Rules):
    """An article number names one product, however it is written."""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        return {"unit": "piece"}

    def check(self, ctx: Context, record: Product | None, values: Mapping[str, Any]) -> None:
        if "sku" in values:
            _check_sku(ctx, record, str(values["sku"]))
        _check_cost(record, values)
        price = values.get("list_price")
        if price is not None and price[0] < 0:
            raise Invalid.field("list_price", "A list price is not below zero.")

    def before_save(self, ctx: Context, record: Product, values: Mapping[str, Any], *, created: bool) -> None:
        record.sku_key = normalise.fold(record.sku)
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        record.match_key = normalise.fold(record.name)
        record.category_key = normalise.fold(record.category)
        record.unit = record.unit or "piece"

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return " · ".join(part for part in (row.get("sku"), row.get("category")) if part)

    def search_text(self, record: Product) -> str:
        return f"{record.sku} {record.category}"

    def page_data(self, ctx: Context, record: Product) -> Mapping[str, Any]:
        prices = services.price_rows(ctx, record.key) if ctx.actor.may("catalog.prices.read") else []
        _name_customers(ctx, prices)
        return {
            "prices": prices,
            "example": services.example(ctx, record.key, "1", None, record.currency),
            "currencies": (codes := _currencies(ctx, record)),
            "currency_options": [(code, code) for code in codes],
            "list_currency": record.currency,
            "may_price": ctx.actor.may("catalog.prices.create"),
        }


def _check_cost(record: Product | None, values: Mapping[str, Any]) -> None:
    """A cost is in the list price's currency: one product has one."""
    cost = values.get("cost")
    if cost is None:
        return
    if cost[0] < 0:
        raise Invalid.field("cost", "A cost is not below zero.")
    listed = values.get("list_price") or (None, record.currency if record else cost[1])
    if cost[1] != listed[1]:
        raise Invalid.field("cost", f"The cost is in {listed[1]}, as the list price is.")


def _check_sku(ctx: Context, record: Product | None, sku: str) -> None:
    t = table(Product)
    statement = select(t.c.id, t.c.name, t.c.trashed_at).where(t.c.sku_key == normalise.fold(sku))
    taken = ctx.session.execute(statement.where(t.c.id != (record.key if record else 0))).first()
    if taken is not None:
        where = " (it is in the trash)" if taken.trashed_at else ""
        raise Invalid.field("sku", f"“{sku}” is the number of “{taken.name}” already{where}.")


def _currencies(ctx: Context, record: Product) -> list[str]:
    return list(dict.fromkeys((record.currency, ctx.assembly.settings.currency, *services.CURRENCIES)))


def _name_customers(ctx: Context, prices: Sequence[dict[str, Any]]) -> None:
    from patron import name_references

    name_references(ctx, PRICES, list(prices))


class PriceRules(Rules):
    """A price names itself after what it is for; a price for everybody is seen by all who may read prices."""

    def check(self, ctx: Context, record: Price | None, values: Mapping[str, Any]) -> None:
        def current(name: str) -> Any:
            return values.get(name, getattr(record, name, None))

        if "price" in values and values["price"][0] < 0:
            raise Invalid.field("price", "A price is not below zero.")
        quantity = current("minimum_quantity")
        if quantity is not None and quantity < 1:
            raise Invalid.field("minimum_quantity", "From quantity is 1 or more.")
        since, until = current("valid_from"), current("valid_until")
        if since and until and until < since:
            raise Invalid.field("valid_until", "The last day is before the first.")

    def before_save(self, ctx: Context, record: Price, values: Mapping[str, Any], *, created: bool) -> None:
        record.minimum_quantity = record.minimum_quantity or 1
        sku = services.product(ctx, record.product_id).sku
        money = Money(record.price_minor, record.currency)
        record.name = f"{sku} from {record.minimum_quantity}: {money.format(ctx.locale)}"
        record.name_key = normalise.sort_key(record.name)

    def scope(self, ctx: Context, scope: Scope) -> ColumnElement[bool] | None:
        t, customers = table(Price), ctx.assembly.resource("customers")
        mine = select(table(Customer).c.id).where(row_scope(ctx, customers))
        return or_(t.c.customer_id.is_(None), t.c.customer_id.in_(mine))


class TaxRateRules(Rules):
    """A rate belongs to a country by its two letters, and lies between 0 and 100 percent."""

    def check(self, ctx: Context, record: TaxRate | None, values: Mapping[str, Any]) -> None:
        if "percent" in values and not 0 <= (values["percent"] or 0) <= 10_000:
            raise Invalid.field("percent", "A rate is from 0 to 100 percent.")
        if "country" in values and not _is_country(str(values["country"])):
            raise Invalid.field("country", "A country is two letters, such as DE.")

    def before_save(self, ctx: Context, record: TaxRate, values: Mapping[str, Any], *, created: bool) -> None:
        record.country = record.country.upper()
        record.name_key = normalise.sort_key(f"{record.country} {record.name}")


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha()


_CREATED = Field("created_at", "Created", "instant", read_only=True)
_UPDATED = Field("updated_at", "Changed", "instant", read_only=True)

PRODUCTS = Resource(
    name="products",
    module="catalog",
    model=Product,
    label="Product",
    label_plural="Products",
    icon="package",
    nav="Catalogue",
    template="catalog/product.html",
    rules=ProductRules,
    fields=(
        Field(
            "sku",
            "Article number",
            required=True,
            sort_column="sku_key",
            match_column="sku_key",
            max_length=64,
        ),
        Field(
            "name", "Name", required=True, sort_column="name_key", match_column="match_key", max_length=200
        ),
        Field("description", "Description", "longtext"),
        Field(
            "unit", "Unit", default="piece", max_length=30, help="What one of it is called: piece, hour, kg."
        ),
        Field("category", "Category", match_column="category_key", max_length=100),
        Field("active", "Sold", "bool", default=True),
        Field("tax_class", "Tax class", "choice", default="standard", choices=TAX_CLASSES),
        Field("list_price", "List price", "money", required=True, help="Net, for one unit."),
        Field(
            "cost",
            "Cost",
            "money",
            help="What one unit costs the firm: the margin of each sale is reckoned with it.",
        ),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "sku", "category", "list_price", "unit", "active"),
    filters=("name", "sku", "category", "active", "tax_class", "created_at"),
    sorts=("name", "sku", "-created_at"),
    form=("sku", "name", "list_price", "cost", "unit", "category", "tax_class", "active", "description"),
    search=("name",),
    natural_key="sku",
    kept_by="managers",
)

PRICES = Resource(
    name="prices",
    module="catalog",
    model=Price,
    label="Price",
    label_plural="Prices",
    icon="tag",
    nav="Catalogue",
    rules=PriceRules,
    fields=(
        Field("name", "Price", read_only=True, sort_column="name_key"),
        Field("product", "Product", "ref", column="product_id", ref="catalog.products", required=True),
        Field("price", "Amount", "money", required=True, help="Net, for one unit."),
        Field("minimum_quantity", "From quantity", "integer", default=1),
        Field("customer", "Only for", "customer", column="customer_id", help="Empty: for everybody."),
        Field("valid_from", "Valid from", "date"),
        Field("valid_until", "Last day", "date"),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "product", "price", "minimum_quantity", "customer", "valid_from", "valid_until"),
    filters=("product", "customer", "minimum_quantity", "valid_from", "valid_until", "created_at"),
    sorts=("name", "-created_at"),
    form=("product", "price", "minimum_quantity", "customer", "valid_from", "valid_until"),
    search=("name",),
    links=(CustomerLink("customer_id", "account"),),
    kept_by="managers",
)

TAX_RATES = Resource(
    name="tax-rates",
    module="catalog",
    model=TaxRate,
    label="Tax rate",
    label_plural="Tax rates",
    icon="scale",
    nav="Catalogue",
    rules=TaxRateRules,
    fields=(
        Field(
            "name", "Name", required=True, sort_column="name_key", max_length=100, help="As invoices say it."
        ),
        Field("country", "Country", required=True, max_length=2, help="Two letters: DE.", says="country"),
        Field("tax_class", "Tax class", "choice", default="standard", choices=TAX_CLASSES),
        Field("percent", "Rate", "percent", required=True, help="In percent: 19, or 8.1."),
        Field("valid_from", "Valid from", "date", required=True),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "country", "tax_class", "percent", "valid_from"),
    filters=("country", "tax_class", "percent", "valid_from"),
    sorts=("name", "-created_at"),
    form=("name", "country", "tax_class", "percent", "valid_from"),
    kept_by="managers",
)
