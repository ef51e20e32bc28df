"""What other modules may use of the catalogue. None of it asks for permissions: the caller has."""

from __future__ import annotations

from patron_catalog.services import (
    CURRENCIES,
    Price,
    ProductInfo,
    costs,
    price,
    prices,
    product,
    products,
    units,
)
from patron_catalog.shelf import Category, browse, categories

__all__ = [
    "CURRENCIES",
    "Category",
    "Price",
    "ProductInfo",
    "browse",
    "categories",
    "costs",
    "price",
    "prices",
    "product",
    "products",
    "units",
]
