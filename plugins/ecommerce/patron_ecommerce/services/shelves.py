"""What the shop's pages show of the catalogue: tiles, one article, what else there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from patron import Context, Money, NotFound, normalise
from patron_catalog.api import Category, Price, ProductInfo, browse, categories, product

from patron_ecommerce.services import pricing, stock
from patron_ecommerce.services.common import MODULE, buyer_of
from patron_ecommerce.services.pricing import shows_tax

PAGE = 24
_DRAWINGS = (  # what a category is drawn as, by a word of its name; the first that fits
    ("chair", ("chair", "seat", "stool", "stuhl", "stühle", "sitz")),
    ("desk", ("desk", "schreibtisch", "workstation")),
    ("table", ("table", "tisch")),
    ("lamp", ("light", "lamp", "leucht", "licht")),
    ("cabinet", ("storage", "cabinet", "shelf", "shelves", "schrank", "regal")),
    ("panel", ("acoustic", "panel", "akustik", "wall")),
    ("book", ("book", "buch", "bücher")),
    ("service", ("service", "dienst")),
    ("parts", ("access", "zubehör", "part", "tool")),
)


@dataclass(frozen=True)
class Tile:
    """An article as a list shows it; ``price`` None where it has none in the shop's currency."""

    product: ProductInfo
    drawing: str
    price: Money | None
    state: str  # there | few | out | order


@dataclass(frozen=True)
class Shelf:
    """A page of the catalogue. ``next_after`` is the article after which the next page begins."""

    tiles: tuple[Tile, ...]
    categories: tuple[Category, ...]
    category: Category | None
    words: str
    next_after: int | None


def drawing_of(category: str) -> str:
    """The name of the drawing that stands for a category of articles."""
    said = category.casefold()
    return next((name for name, words in _DRAWINGS if any(word in said for word in words)), "box")


def shelf(ctx: Context, category: str, words: str, after: int | None) -> Shelf:
    """A page of what is sold: six statements, however many there are. NotFound for a category that nothing is in."""
    known = categories(ctx)
    chosen = next((one for one in known if one.key == category), None)
    if category and chosen is None:
        raise NotFound("There is nothing in this category.")
    found = browse(ctx, category=category, words=words, after=after, limit=PAGE + 1)
    tiles = tiles_of(ctx, found[:PAGE])
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return Shelf(tuple(tiles), tuple(known), chosen, words, more)


def tiles_of(ctx: Context, found: Sequence[ProductInfo]) -> list[Tile]:
    """Articles with the price of one for whoever asks, and whether they are there."""
    priced, _ = pricing.price_list(ctx, {one.id: 1 for one in found}, buyer_of(ctx))
    free = stock.available(ctx, [one.id for one in found])
    low = int(ctx.assembly.setting(MODULE, "few_left"))
    return [
        Tile(
            one, drawing_of(one.category), pricing.shown(ctx, priced[one.id]) if one.id in priced else None,
            state_of(free.get(one.id), low),
        )
        for one in found
    ]  # fmt: skip


def state_of(free: int | None, low: int) -> str:
    """How available an article is, in one word."""
    if free is None:
        return "order"
    return "out" if free <= 0 else "few" if free <= low else "there"


def article(ctx: Context, product_id: int) -> dict[str, Any]:
    """One article with its price, its cheaper prices for more, and what is left. NotFound when it is not sold."""
    found = product(ctx, product_id)
    if not found.active:
        raise NotFound("This article is not sold any more.")
    priced, refused = pricing.price_list(ctx, {product_id: 1}, buyer_of(ctx))
    price = priced.get(product_id)
    free = stock.available(ctx, [product_id]).get(product_id)
    others = [one for one in browse(ctx, category=_key(found), limit=5) if one.id != product_id][:4]
    return {
        "product": found,
        "drawing": drawing_of(found.category),
        "category_key": _key(found),
        "price": price,
        "shown": pricing.shown(ctx, price) if price else None,
        "net": price.unit if price else None,
        "with_tax": shows_tax(ctx),
        "refused": refused.get(product_id, ""),
        "tiers": _tiers(ctx, product_id, price) if price else [],
        "free": free,
        "state": state_of(free, int(ctx.assembly.setting(MODULE, "few_left"))),
        "others": tiles_of(ctx, others),
        "trace": price.trace
        if price and ctx.actor.kind == "user" and ctx.actor.may("catalog.products.read")
        else (),
    }


def _key(found: ProductInfo) -> str:
    return normalise.fold(found.category)


def _tiers(ctx: Context, product_id: int, single: Price) -> list[dict[str, Any]]:
    """Prices that are lower for more pieces, asked of the one function at the usual steps."""
    tiers: list[dict[str, Any]] = []
    last = single.unit
    for quantity in (5, 10, 25, 50, 100):
        priced, _ = pricing.price_list(ctx, {product_id: quantity}, buyer_of(ctx))
        price = priced.get(product_id)
        if price is not None and price.unit < last:
            percent = 100 - Decimal(100 * price.unit.minor) / max(1, single.unit.minor)
            tiers.append(
                {"quantity": quantity, "price": pricing.shown(ctx, price), "percent": round(percent)}
            )
            last = price.unit
    return tiers
