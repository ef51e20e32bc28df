"""What the shop announces beside the changes of its records."""

from __future__ import annotations

from patron import EventType

_SUM = {"gross": "minor units, tax included", "currency": "ISO 4217"}

EVENTS = (
    EventType("ecommerce.order.placed", "An order was placed in the shop.",
              {"id": "shop order", "order": "the order it became", **_SUM}),
    EventType("ecommerce.payment.paid", "A provider's payment came, as it should.",
              {"id": "shop payment", "order": "what it is for", "amount": "minor units", "currency": "ISO 4217"}),
    EventType("ecommerce.payment.held", "A payment needs a person.", {"id": "shop payment"}),
    EventType("ecommerce.cart.abandoned", "A cart was left behind.", {"id": "cart", **_SUM}),
)  # fmt: skip
