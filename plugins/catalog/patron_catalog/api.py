"""What other modules may use of the catalogue. None of it asks for permissions: the caller has."""

from __future__ import annotations

from patron_catalog.services import CURRENCIES, Price, ProductInfo, costs, price, prices, product, products

__all__ = ["CURRENCIES", "Price", "ProductInfo", "costs", "price", "prices", "product", "products"]
