"""What other modules may use of orders. None of it asks for permissions: the caller has."""

from __future__ import annotations

from patron_orders.services.holds import Hold, hold_of, require_free
from patron_orders.services.invoices import credit_invoice, issue_invoice
from patron_orders.services.orders import create_order
from patron_orders.services.orders import shown_lines as order_lines
from patron_orders.services.payments import OpenItemInfo, open_items, refund, register_payment
from patron_orders.services.totals import Line, Totals, line_net, totals

__all__ = [
    "Hold",
    "Line",
    "OpenItemInfo",
    "Totals",
    "create_order",
    "credit_invoice",
    "hold_of",
    "issue_invoice",
    "line_net",
    "open_items",
    "order_lines",
    "refund",
    "register_payment",
    "require_free",
    "totals",
]
