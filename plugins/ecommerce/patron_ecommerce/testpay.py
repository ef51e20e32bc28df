"""The built-in test provider: no money moves, but all that it says is signed as Standard Webhooks sign it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from patron import BadRequest, Context, Money

from patron_ecommerce.providers import Forged, PaymentProvider, PaymentRequest, ProviderEvent

NAME = "test"
TOLERANCE = timedelta(minutes=5)
_KINDS: Mapping[str, Literal["paid", "failed"]] = {"paid": "paid", "failed": "failed"}
_LOCAL = ("localhost", "127.0.0.1", "::1")


def is_offered(ctx: Context) -> bool:
    """Whether the shop offers it: as the setting says, or else on addresses that only this machine reaches."""
    wanted = ctx.assembly.setting("ecommerce", "test_payments")
    return wanted == "on" or (
        wanted == "auto" and urlsplit(ctx.assembly.settings.base_url).hostname in _LOCAL
    )


def begin(_: Context, request: PaymentRequest) -> str:
    """Its payment page is in the shop itself."""
    return f"/shop/pay/test/{request.reference}"


def read(ctx: Context, headers: Mapping[str, str], body: bytes) -> ProviderEvent:
    """The event of a signed webhook. Forged; BadRequest where what was signed makes no sense."""
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").encode()
    wanted = f"v1,{_signature(ctx, headers.get('webhook-id', ''), stamp, body)}".encode()
    if not any(hmac.compare_digest(one, wanted) for one in given.split()):
        raise Forged("The signature does not fit.")
    at = datetime.fromtimestamp(int(stamp), UTC) if stamp.isdecimal() and len(stamp) < 12 else None
    if at is None or abs(ctx.now - at) > TOLERANCE:
        raise Forged("The webhook is too old, or its time is missing.")
    try:
        said = json.loads(body)
        amount = Money(int(said["amount"]), str(said["currency"]))
        return ProviderEvent(headers["webhook-id"], _KINDS[said["type"]], str(said["reference"]), amount, at)
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest("The event cannot be read.") from error


def signed(
    ctx: Context, event_id: str, kind: str, reference: str, amount: Money, at: datetime | None = None
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a webhook as the test provider sends it."""
    said = {"type": kind, "reference": reference, "amount": amount.minor, "currency": amount.currency}
    body = json.dumps(said).encode()
    stamp = str(int((at or ctx.now).timestamp()))
    signature = f"v1,{_signature(ctx, event_id, stamp, body)}"
    return {"webhook-id": event_id, "webhook-timestamp": stamp, "webhook-signature": signature}, body


def _signature(ctx: Context, event_id: str, stamp: str, body: bytes) -> str:
    signing = b".".join((event_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.new(_secret(ctx), signing, hashlib.sha256).digest()).decode()


def _secret(ctx: Context) -> bytes:
    return hmac.new(ctx.assembly.settings.secret_key.encode(), b"test payments", hashlib.sha256).digest()


PROVIDER = PaymentProvider(
    NAME, "Test payment", begin, read, "For trying the shop out: no money moves.", is_offered
)
