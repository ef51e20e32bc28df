"""The hook that the shop offers to other modules: ways to pay.

Implement it as ``@hookimpl def ecommerce_payment_providers()``; a module that does not require the shop marks it
``optionalhook=True``.
"""

from __future__ import annotations

from collections.abc import Sequence

from patron import hook

from patron_ecommerce.providers import PaymentProvider


@hook("refuse", items=(PaymentProvider,))
def ecommerce_payment_providers() -> Sequence[PaymentProvider]:
    """Ways to pay by a provider, in the order in which the checkout shows them. Collected at start."""
    raise AssertionError
