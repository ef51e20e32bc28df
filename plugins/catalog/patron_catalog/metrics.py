"""Numbers about the catalogue that the firm watches."""

from __future__ import annotations

from patron import Measure, Metric

METRICS = (
    Metric("products", "Products on sale", Measure("catalog.products", {"active": True}, by="tax_class")),
)
