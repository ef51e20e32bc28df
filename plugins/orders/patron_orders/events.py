"""What the module announces beside the changes of its records."""

from __future__ import annotations

from patron import EventType

_ORDER = {"id": "order", "number": "its number", "gross": "minor units", "currency": "ISO 4217"}
_INVOICE = {**_ORDER, "id": "invoice", "order": "the order it is for"}
_PAYMENT = {"id": "payment", "open_item": "what it is for", "amount": "minor units", "currency": "ISO 4217"}
_HOLD = {"id": "hold", "by": "who did it"}

EVENTS = (
    EventType("orders.order.confirmed", "An order became binding.", _ORDER),
    EventType("orders.order.fulfilled", "All that was ordered has been delivered.", _ORDER),
    EventType("orders.order.cancelled", "Nothing will come of an order.", _ORDER),
    EventType("orders.invoice.issued", "An invoice was issued.", _INVOICE),
    EventType("orders.invoice.credited", "A credit note took an invoice back.", _INVOICE),
    EventType("orders.invoice.paid", "An invoice is paid in full.", {"id": "invoice"}),
    EventType("orders.payment.received", "Money came in for an open item.", _PAYMENT),
    EventType("orders.payment.refunded", "Money went back for a credited invoice.", _PAYMENT),
    EventType("orders.hold.placed", "A customer was put on hold.", _HOLD),
    EventType("orders.hold.released", "A customer's hold was released.", _HOLD),
)
