"""What the shop knows of each customer, for filters, segments and sentences."""

from __future__ import annotations

from patron import Context, CustomerFields, Field

from patron_ecommerce.models import Shopper
from patron_ecommerce.services import shoppers


def _rebuild(ctx: Context) -> None:
    shoppers.rebuild(ctx)


FACTS = CustomerFields(
    Shopper,
    (
        Field("orders", "Shop orders", "integer", default=0),
        Field("last_order_at", "Last shop order", "instant"),
        Field("open_cart", "Open cart", "money", default=0),
        Field("open_cart_at", "Cart last touched", "instant"),
    ),
    "ecommerce.shoppers.read",
    rebuild=_rebuild,
)
