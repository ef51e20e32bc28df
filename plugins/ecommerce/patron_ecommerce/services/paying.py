"""What the payment page of the built-in test provider knows of a payment."""

from __future__ import annotations

from typing import Any

from patron import Context, Money, NotFound, table
from sqlalchemy import select

from patron_ecommerce import testpay
from patron_ecommerce.models import Checkout, Payment
from patron_ecommerce.services.common import sign


def test_payment(ctx: Context, reference: str) -> dict[str, Any]:
    """What is to be paid; NotFound for a reference that this provider was never given."""
    row = _row(ctx, reference)
    return {"number": row.number, "amount": Money(row.amount_minor, row.currency), "reference": reference}


def said_by_test(ctx: Context, reference: str) -> tuple[str, Money]:
    """The token of the order's page, and the amount."""
    row = _row(ctx, reference)
    return sign(ctx, "order", row.track_key), Money(row.amount_minor, row.currency)


def _row(ctx: Context, reference: str) -> Any:
    p, k = table(Payment), table(Checkout)
    row = ctx.session.execute(
        select(k.c.number, k.c.track_key, p.c.amount_minor, p.c.currency)
        .select_from(p.join(k, k.c.id == p.c.checkout_id))
        .where(p.c.provider == testpay.NAME, p.c.reference == reference[:200])
    ).first()
    if row is None or not testpay.is_offered(ctx):
        raise NotFound("There is no such payment.")
    return row
