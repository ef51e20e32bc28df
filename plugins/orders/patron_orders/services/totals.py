"""What lines add up to. The only place of the product where an amount of a sale is rounded.

A line's net is rounded once, to a whole minor unit; tax is reckoned and rounded once per rate, on the sum of the
lines of that rate. So the lines as printed add up to the net, and net and tax to the gross, with nothing left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from patron import Invalid, Money

_LARGEST_QUANTITY = 10**12  # thousandths
_LARGEST_PRICE = 10**14  # minor units: what is above cannot be added up in 64 bits


@dataclass(frozen=True)
class Line:
    """A line of an order or a quote. ``unit_price`` is net; ``tax_rate`` and ``discount_percent`` are percentages with
    at most two decimals, as text (``"19.00"``); ``quantity`` has at most three decimals and is below zero to give back.
    """

    product_id: int | None
    description: str
    quantity: Decimal
    unit_price: Money
    tax_rate: str
    discount_percent: str = "0"


@dataclass(frozen=True)
class Totals:
    """Sums of lines. ``line_nets`` are in the lines' order, ``tax_by_rate`` from the highest rate (``"19.00"``) on."""

    net: Money
    tax_by_rate: tuple[tuple[str, Money], ...]
    tax: Money
    gross: Money
    line_nets: tuple[Money, ...] = ()


def totals(lines: Iterable[Line], *, currency: str = "") -> Totals:
    """Net, tax per rate, tax and gross. Invalid for mixed currencies, and for no lines without a ``currency``."""
    nets: list[Money] = []
    bases: dict[int, int] = {}
    for line in lines:
        currency = currency or line.unit_price.currency
        if line.unit_price.currency != currency:
            raise Invalid.field("lines", f"All lines must be in {currency}: “{line.description}” is not.")
        net = line_net(line)
        nets.append(net)
        rate = hundredths(line.tax_rate, "tax rate")
        bases[rate] = bases.get(rate, 0) + net.minor
    if not currency:
        raise Invalid.field("lines", "Add at least one line.")
    taxes = tuple(
        (percentage(rate), Money(_divide(base * rate, 10_000), currency))
        for rate, base in sorted(bases.items(), reverse=True)
    )
    net_sum = sum(net.minor for net in nets)
    tax_sum = sum(tax.minor for _, tax in taxes)
    return Totals(
        Money(net_sum, currency),
        taxes,
        Money(tax_sum, currency),
        Money(net_sum + tax_sum, currency),
        tuple(nets),
    )


def line_net(line: Line) -> Money:
    """Quantity times price less discount, rounded half away from zero to a whole minor unit."""
    if abs(line.unit_price.minor) > _LARGEST_PRICE:
        raise Invalid.field("unit_price", f"“{line.description}”: the price is too large.")
    discount = hundredths(line.discount_percent, "discount")
    exact = line.unit_price.minor * milli(line.quantity) * (10_000 - discount)
    return Money(_divide(exact, 10_000_000), line.unit_price.currency)


def milli(quantity: Decimal) -> int:
    """A quantity in thousandths, as tables keep it. Invalid for zero, for finer ones and for absurd ones."""
    scaled = quantity * 1000 if quantity.is_finite() else Decimal(0)
    if scaled != scaled.to_integral_value():
        raise Invalid.field("quantity", "A quantity has at most three decimals.")
    if scaled == 0 or abs(scaled) > _LARGEST_QUANTITY:
        raise Invalid.field("quantity", "The quantity must be above zero and below a billion.")
    return int(scaled)


def hundredths(percent: str, what: str) -> int:
    """A percentage from 0 to 100 in hundredths of a percent: ``"19"`` is 1900. Invalid for anything else."""
    try:
        scaled = Decimal(percent) * 100
    except InvalidOperation:
        scaled = Decimal("NaN")
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or not 0 <= scaled <= 10_000:
        raise Invalid.field(
            what.replace(" ", "_"), f"A {what} is from 0 to 100 percent, with at most two decimals."
        )
    return int(scaled)


def percentage(in_hundredths: int) -> str:
    """Hundredths of a percent as text with two decimals: 1900 is ``"19.00"``."""
    return f"{in_hundredths // 100}.{in_hundredths % 100:02}"


def check_lines(lines: Sequence[Line], currency: str) -> Totals:
    """The totals of lines that can be ordered: at least one, each described, in the currency, not below zero in all."""
    if not lines:
        raise Invalid.field("lines", "Add at least one line.")
    for line in lines:
        if not line.description.strip():
            raise Invalid.field("description", "Say what the line is for.")
    found = totals(lines, currency=currency)
    if found.net.minor < 0:
        raise Invalid.field("lines", "The lines add up to less than nothing.")
    return found


def _divide(numerator: int, denominator: int) -> int:
    """Rounded half away from zero, in whole numbers only."""
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient
