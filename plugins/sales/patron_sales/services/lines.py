"""The lines of a quote: read from a form or JSON, priced by the catalogue, stored, and shown again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_precision
from patron import Context, FieldError, Invalid, Money, table, whole_number
from patron_catalog.api import Price, ProductInfo, prices, products, units
from patron_orders.api import Line, line_net
from sqlalchemy import delete, insert, select

from patron_sales.models import QuoteLine

LIMIT = 200  # lines of a quote
_HUNDRED, _MOST = Decimal(100), Decimal(10**9)


@dataclass(frozen=True)
class LineInput:
    """One line as it was typed: everything text. An empty price is the catalogue's.

    The tax of a product is the catalogue's in any case; ``tax`` is for lines without one.
    """

    product: str = ""
    description: str = ""
    quantity: str = ""
    price: str = ""
    discount: str = ""
    tax: str = ""

    @property
    def blank(self) -> bool:
        """Nothing was typed that makes a line."""
        return not (self.product or self.description)


@dataclass(frozen=True)
class PricedLine:
    """A line with its price, how that came about, and what it comes to."""

    line: Line
    sku: str
    unit: str
    by_hand: bool
    trace: tuple[str, ...]
    net: Money
    product_name: str = ""


@dataclass
class _Reader:
    """Reads the numbers of one line, and keeps what is wrong at its input."""

    index: int
    errors: list[FieldError] = field(default_factory=list)

    def number(self, name: str, text: str, default: str, largest: Decimal, places: int) -> Decimal:
        try:
            value = Decimal((text or default).replace(",", ".").strip())
            fits = value.is_finite() and 0 <= value <= largest and value == round(value, places)
        except InvalidOperation:
            fits = False
        if fits:
            return value
        self.wrong(name, f"Line {self.index + 1}: “{text}” is no {name} from 0 to {largest:f}.")
        return Decimal(default)

    def wrong(self, name: str, message: str) -> None:
        self.errors.append(FieldError(f"line-{self.index}-{name}", message))


def price_lines(
    ctx: Context, inputs: Sequence[LineInput], *, customer_id: int, currency: str
) -> list[PricedLine]:
    """Price what was typed: a fixed number of statements for any number of lines. Invalid lists each wrong input."""
    if len(inputs) > LIMIT:
        raise Invalid(f"A quote has at most {LIMIT} lines.")
    readers = [_Reader(index) for index in range(len(inputs))]
    quantities = [
        reader.number("quantity", typed.quantity, "1", _MOST, 3)
        for reader, typed in zip(readers, inputs, strict=True)
    ]
    chosen = [whole_number(typed.product) for typed in inputs]
    known = products(ctx, [product_id for product_id in chosen if product_id is not None])
    for reader, typed, quantity in zip(readers, inputs, quantities, strict=True):
        if typed.product and whole_number(typed.product) not in known:
            reader.wrong("product", f"Line {reader.index + 1}: there is no such product.")
        if not quantity and not reader.errors:
            reader.wrong("quantity", f"Line {reader.index + 1}: the quantity must be above zero.")
    _raise(readers)
    of_catalogue = _catalogue(ctx, inputs, quantities, customer_id, currency)
    priced = [
        _priced(ctx, reader, typed, quantity, known, of_catalogue.get(reader.index), currency)
        for reader, typed, quantity in zip(readers, inputs, quantities, strict=True)
    ]
    _raise(readers)
    return priced


def _raise(readers: Sequence[_Reader]) -> None:
    errors = [error for reader in readers for error in reader.errors]
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _catalogue(
    ctx: Context,
    inputs: Sequence[LineInput],
    quantities: Sequence[Decimal],
    customer_id: int,
    currency: str,
) -> dict[int, Price]:
    """The catalogue's prices by the place of the line."""
    places = [index for index, typed in enumerate(inputs) if typed.product]
    items = [(int(inputs[index].product), quantities[index]) for index in places]
    if not items:
        return {}
    found = prices(ctx, items, customer_id=customer_id, currency=currency)
    return dict(zip(places, found, strict=True))


def _priced(
    ctx: Context,
    reader: _Reader,
    typed: LineInput,
    quantity: Decimal,
    known: Mapping[int, ProductInfo],
    price: Price | None,
    currency: str,
) -> PricedLine:
    product = known.get(int(typed.product)) if typed.product else None
    digits = get_currency_precision(currency)
    trace = price.trace if price else ()
    if typed.price or price is None:
        amount = reader.number("price", typed.price, "0", _MOST, digits)
        unit = Money(int(amount.scaleb(digits)), currency)
        if not typed.price:
            reader.wrong("price", f"Line {reader.index + 1}: a line without a product needs a price.")
        trace = (*trace, f"Typed by hand: {unit.format(ctx.locale)}")
    else:
        unit = price.unit
    free_tax = str(ctx.assembly.setting("sales", "free_line_tax"))
    discount = reader.number("discount", typed.discount, "0", _HUNDRED, 2)
    tax = Decimal(price.tax_rate) if price else reader.number("tax", typed.tax, free_tax, _HUNDRED, 2)
    line = Line(
        product.id if product else None,
        typed.description.strip()[:500] or (product.name if product else ""),
        quantity,
        unit,
        f"{tax:.2f}",
        f"{discount:.2f}",
    )
    if discount:
        trace = (*trace, f"Discount {discount.normalize():f} %")
    return PricedLine(
        line,
        product.sku if product else "",
        product.unit if product else "",
        bool(typed.price) or price is None,
        tuple(trace),
        line_net(line),
        product.name if product else "",
    )


def replace_lines(ctx: Context, quote_id: int, lines: Sequence[PricedLine]) -> None:
    """Make these the lines of the quote, in this order."""
    t = table(QuoteLine)
    ctx.session.execute(delete(t).where(t.c.quote_id == quote_id))
    if lines:
        rows = [_row(quote_id, position, line) for position, line in enumerate(lines, start=1)]
        ctx.session.execute(insert(t), rows)


def _row(quote_id: int, position: int, priced: PricedLine) -> dict[str, Any]:
    line = priced.line
    return {
        "quote_id": quote_id,
        "position": position,
        "product_id": line.product_id,
        "sku": priced.sku,
        "description": line.description,
        "unit": priced.unit,
        "quantity_milli": int(line.quantity * 1000),
        "unit_price_minor": line.unit_price.minor,
        "by_hand": priced.by_hand,
        "tax_hundredths": int(Decimal(line.tax_rate) * 100),
        "discount_hundredths": int(Decimal(line.discount_percent) * 100),
        "net_minor": priced.net.minor,
        "trace": list(priced.trace),
    }


def lines_of(ctx: Context, quotes: Mapping[int, str]) -> dict[int, list[dict[str, Any]]]:
    """The stored lines of some quotes (id to currency), by quote, in order: one statement."""
    t = table(QuoteLine)
    found: dict[int, list[dict[str, Any]]] = {quote_id: [] for quote_id in quotes}
    statement = select(t).where(t.c.quote_id.in_(list(quotes))).order_by(t.c.quote_id, t.c.position)
    for row in ctx.session.execute(statement).mappings() if quotes else ():
        found[row["quote_id"]].append(_shown(row, quotes[row["quote_id"]]))
    return found


def _shown(row: Mapping[Any, Any], currency: str) -> dict[str, Any]:
    return {
        "position": row["position"],
        "product": str(row["product_id"]) if row["product_id"] else None,
        "sku": row["sku"],
        "description": row["description"],
        "unit": row["unit"],
        "units": units(Decimal(row["quantity_milli"]).scaleb(-3), row["unit"]),
        "quantity": plain(Decimal(row["quantity_milli"]).scaleb(-3)),
        "unit_price": {"minor": row["unit_price_minor"], "currency": currency},
        "by_hand": row["by_hand"],
        "discount": plain(Decimal(row["discount_hundredths"]).scaleb(-2)),
        "tax": plain(Decimal(row["tax_hundredths"]).scaleb(-2)),
        "net": {"minor": row["net_minor"], "currency": currency},
        "trace": list(row["trace"]),
    }


def plain(value: Decimal) -> str:
    """A number as it is typed: no exponent, no zeros at the end."""
    return f"{value.normalize():f}"


def as_input(shown: Mapping[str, Any]) -> LineInput:
    """A stored line as it would be typed: a price of the catalogue is left empty, so that it is asked again."""
    price = Money(shown["unit_price"]["minor"], shown["unit_price"]["currency"])
    return LineInput(
        shown["product"] or "",
        shown["description"],
        shown["quantity"],
        str(price.decimal()) if shown["by_hand"] else "",
        shown["discount"] if shown["discount"] != "0" else "",
        "" if shown["product"] else shown["tax"],
    )


def as_order_lines(lines: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Stored lines as an order takes them."""
    return [
        Line(
            int(line["product"]) if line["product"] else None,
            line["description"],
            Decimal(line["quantity"]),
            Money(line["unit_price"]["minor"], line["unit_price"]["currency"]),
            f"{Decimal(line['tax']):.2f}",
            f"{Decimal(line['discount']):.2f}",
        )
        for line in lines
    ]
