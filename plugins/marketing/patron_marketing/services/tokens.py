"""Signed tokens of links in mails: numbers and a seal; only what we made is read, each only for its own kind."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode

from patron import Context, NotFound


def make(ctx: Context, kind: str, *numbers: int) -> str:
    """A token of that kind, to stand in an address."""
    payload = ".".join(str(number) for number in numbers)
    return f"{payload}.{_seal(ctx, kind, payload)}"


def read(ctx: Context, kind: str, token: str, count: int = 1) -> tuple[int, ...]:
    """The numbers of a token of ours; NotFound for any other, changed by one letter or made for another kind."""
    payload, _, seal = token[:200].rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(ctx, kind, payload).encode()):
        raise NotFound("This link is not valid. It may have been cut off: please copy it as a whole.")
    numbers = tuple(int(part) for part in payload.split("."))
    if len(numbers) != count:
        raise NotFound()
    return numbers


def _seal(ctx: Context, kind: str, payload: str) -> str:
    key = hmac.new(ctx.assembly.settings.secret_key.encode(), b"marketing links", hashlib.sha256).digest()
    digest = hmac.new(key, f"{kind}:{payload}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:18]).decode()


def address(ctx: Context, path: str) -> str:
    """The full address of a path of ours: it starts with the configured one, whatever host a request named."""
    return f"{ctx.assembly.settings.base_url.rstrip('/')}{path}"
