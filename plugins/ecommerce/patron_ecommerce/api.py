"""What other modules may use of the shop. None of it asks for permissions: the caller has.

A payment provider is a ``PaymentProvider`` returned from the hook ``ecommerce_payment_providers``.
"""

from __future__ import annotations

from patron_ecommerce.providers import Forged, PaymentProvider, PaymentRequest, ProviderEvent
from patron_ecommerce.services.buyers import claim as claim_guest_orders
from patron_ecommerce.services.checkout import Placed, place
from patron_ecommerce.services.stock import available

__all__ = [
    "Forged",
    "PaymentProvider",
    "PaymentRequest",
    "Placed",
    "ProviderEvent",
    "available",
    "claim_guest_orders",
    "place",
]
