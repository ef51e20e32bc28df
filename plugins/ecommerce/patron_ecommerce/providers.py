"""What a payment provider is to the shop: data and two functions. See ``hookspecs.ecommerce_payment_providers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from patron import Context, Money, PatronError


class Forged(PatronError):
    """A webhook that its provider did not sign, or that is too old to be believed."""

    status = 401
    title = "Not signed"


@dataclass(frozen=True)
class PaymentRequest:
    """What a buyer is to pay. ``reference`` is ours: the provider names it in all that it says of the payment."""

    reference: str
    order_number: str
    amount: Money
    email: str
    return_url: str


@dataclass(frozen=True)
class ProviderEvent:
    """What a provider says has happened. ``id`` is its own, the same each time it says it again."""

    id: str
    kind: Literal["paid", "failed"]
    reference: str
    amount: Money
    at: datetime


def always(_: Context) -> bool:
    """A provider that is always there."""
    return True


@dataclass(frozen=True)
class PaymentProvider:
    """A way to pay. Neither function gets a session: they may talk to a network.

    ``begin`` registers the payment and returns where the buyer goes to pay. ``read`` checks the signature of a webhook
    (headers in lower case, body as sent) and says what it means; Forged where it does not hold.
    ``offered`` decides whether the checkout shows it.
    """

    name: str
    label: str
    begin: Callable[[Context, PaymentRequest], str]
    read: Callable[[Context, Mapping[str, str], bytes], ProviderEvent]
    hint: str = ""
    offered: Callable[[Context], bool] = always
