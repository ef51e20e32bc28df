"""What a cart costs: prices from the catalogue's one function, sums from the orders'. Never the client's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from patron import Context, Invalid, Money, NotFound
from patron_catalog.api import Price, ProductInfo, prices, products
from patron_orders.api import Line, Totals, totals

from patron_ecommerce.services import vouchers
from patron_ecommerce.services.vouchers import VoucherInfo


@dataclass(frozen=True)
class Item:
    """A line of a cart as the buyer sees it. ``unit`` and ``sum`` are with or without tax, as the shop shows prices.

    ``problem`` says why it cannot be ordered as it stands; ``free`` is what is left, None where stock is not kept.
    """

    line_id: int
    product: ProductInfo
    quantity: int
    note: str
    unit: Money
    sum: Money
    free: int | None
    problem: str


@dataclass(frozen=True)
class Priced:
    """A cart with its prices. ``lines`` are those of the order; ``missing`` names lines that are sold no more."""

    items: tuple[Item, ...]
    missing: tuple[int, ...]
    lines: tuple[Line, ...]
    totals: Totals
    subtotal: Money
    discount: Money
    voucher: VoucherInfo | None
    with_tax: bool

    @property
    def pieces(self) -> int:
        return sum(item.quantity for item in self.items)

    @property
    def ready(self) -> bool:
        """Whether it can be ordered as it stands."""
        return bool(self.items) and not self.missing and not any(item.problem for item in self.items)


def shows_tax(ctx: Context) -> bool:
    """Whether the shop shows prices with tax."""
    return bool(ctx.assembly.setting("ecommerce", "prices") == "gross")


def gross(price: Price) -> Money:
    """The unit price with tax, rounded for show: what is paid is reckoned on the sums."""
    return price.unit.times(1 + Decimal(price.tax_rate) / 100)


def shown(ctx: Context, price: Price) -> Money:
    """The unit price as the shop shows it."""
    return gross(price) if shows_tax(ctx) else price.unit


def price_list(
    ctx: Context, wanted: Mapping[int, int], customer_id: int | None
) -> tuple[dict[int, Price], dict[int, str]]:
    """Prices by article for so many of each, and for those without one the sentence why. Three statements."""
    currency = ctx.assembly.settings.currency
    asked = [(product_id, Decimal(quantity)) for product_id, quantity in wanted.items()]
    try:
        found = prices(ctx, asked, customer_id=customer_id, currency=currency) if asked else []
        return dict(zip(wanted, found, strict=True)), {}
    except (Invalid, NotFound):
        pass  # one of them has none: ask for each
    good: dict[int, Price] = {}
    bad: dict[int, str] = {}
    for product_id, quantity in asked:
        try:
            one = [(product_id, quantity)]
            (good[product_id],) = prices(ctx, one, customer_id=customer_id, currency=currency)
        except (Invalid, NotFound):
            bad[product_id] = "This cannot be ordered here at present."
    return good, bad


def price_cart(
    ctx: Context,
    rows: Sequence[tuple[int, int, int, str]],
    free: Mapping[int, int],
    *,
    customer_id: int | None,
    voucher: VoucherInfo | None,
) -> Priced:
    """The cart of these rows (line, product, quantity, note); articles on several lines count together."""
    wanted: dict[int, int] = {}
    for _, product_id, quantity, _ in rows:
        wanted[product_id] = wanted.get(product_id, 0) + quantity
    known = products(ctx, wanted)
    sold = {key: count for key, count in wanted.items() if key in known and known[key].active}
    found, _ = price_list(ctx, sold, customer_id)
    kept = [row for row in rows if row[1] in found]
    lines = [_line(known[product], quantity, note, found[product]) for _, product, quantity, note in kept]
    currency, with_tax = ctx.assembly.settings.currency, shows_tax(ctx)
    before = totals(lines, currency=currency)
    sums = _sums(lines, before) if with_tax else list(before.line_nets)
    items = tuple(
        Item(line_id, known[product_id], quantity, note, shown(ctx, found[product_id]), amount,
             free.get(product_id), _shortage(wanted[product_id], free.get(product_id)))
        for (line_id, product_id, quantity, note), amount in zip(kept, sums, strict=True)
    )  # fmt: skip
    final = vouchers.applied(lines, voucher, currency) if voucher else lines
    after = totals(final, currency=currency)
    was, became = (before.gross, after.gross) if with_tax else (before.net, after.net)
    missing = tuple(line_id for line_id, product_id, _, _ in rows if product_id not in found)
    return Priced(items, missing, tuple(final), after, was, was - became, voucher, with_tax)


def _line(product: ProductInfo, quantity: int, note: str, price: Price) -> Line:
    described = f"{product.name} ({note})" if note else product.name
    return Line(product.id, described, Decimal(quantity), price.unit, price.tax_rate)


def _sums(lines: Sequence[Line], found: Totals) -> list[Money]:
    """Each line with its share of the tax of its rate: they add up to the gross, with nothing left over."""
    rates = [f"{Decimal(line.tax_rate):.2f}" for line in lines]
    shares: dict[str, list[Money]] = {}
    for rate, whole in vouchers.gross_by_rate(lines, found).items():
        nets = [net.minor for net, its in zip(found.line_nets, rates, strict=True) if its == rate]
        shares[rate] = whole.share(nets)[::-1]
    return [shares[rate].pop() for rate in rates]


def _shortage(wanted: int, free: int | None) -> str:
    if free is None or wanted <= free:
        return ""
    return "Sold out." if free <= 0 else f"Only {free} left."
