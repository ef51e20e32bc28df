"""Numbers about selling that the firm watches."""

from __future__ import annotations

from collections.abc import Mapping

from patron import Measure, Metric

INVOICES = "orders.invoices"
OPEN_ITEMS = "orders.open-items"


def _last(days: int) -> Mapping[str, object]:
    """Invoices of so many days, today among them. Credit notes take back: their amounts are below zero."""
    return {"issued_on": {"gt": {"days": -days}, "le": {"days": 0}}}


def _open(more: Mapping[str, object] | None = None) -> Measure:
    """What customers owe: amounts less what was paid of them, by the month in which it is due."""
    return Measure(OPEN_ITEMS, {"state": "open", **(more or {})}, "amount", "due_on", less="paid")


METRICS = (
    Metric(
        "revenue",
        "Revenue in thirty days",
        unit="money",
        of=Measure(INVOICES, _last(30), "net", "issued_on"),
        pinned=True,
    ),
    Metric(
        "revenue_year",
        "Revenue in a year",
        unit="money",
        of=Measure(INVOICES, _last(365), "net", "issued_on"),
        per_customer=True,
    ),
    Metric(
        "margin_year",
        "Margin in a year",
        unit="money",
        of=Measure(INVOICES, _last(365), "margin", "issued_on"),
        per_customer=True,
    ),
    Metric("owed", "Open items", _open(), unit="money"),
    Metric("overdue", "Overdue", _open({"due_on": {"lt": {"days": 0}}}), unit="money", falling=True),
)
