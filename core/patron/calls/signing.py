"""How a telephone system proves who it is: Standard Webhooks, HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from patron.errors import PatronError

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"


class Unsigned(PatronError):
    """What came is not proven to be of who it claims."""

    status = 401
    title = "Not signed"


def make_secret() -> str:
    """A new signing secret, as Standard Webhooks writes them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    """``v1,…`` of one message; ``at`` in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def check(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Unsigned unless one of the signatures is right and the message is not older than five minutes."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    if not message_id or not (at.isascii() and at.isdigit() and len(at) < 12) or not given:
        raise Unsigned("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if abs(now.timestamp() - int(at)) > TOLERANCE.total_seconds():
        raise Unsigned("The message is older than five minutes, or of the future.")
    right = signature(secret, message_id, int(at), body).encode()
    if not any(hmac.compare_digest(right, one.encode()) for one in given):
        raise Unsigned("The signature does not fit.")
