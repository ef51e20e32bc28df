"""Cursors: where a page of a list ends, signed, and good for that list in that order under that filter alone."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from patron.context import Context
from patron.errors import Invalid

Side = Literal["a", "b"]  # after the row, or before it
_SEAL = 16  # bytes of it


@dataclass(frozen=True)
class Asked:
    """What a list was asked for. ``narrowed`` is all that decides which rows are in it: filter, search, whose."""

    name: str
    sort: str = ""
    narrowed: Any = None

    @property
    def digest(self) -> str:
        """Of what narrows it, however its keys were ordered."""
        return hashlib.sha256(msgspec.json.encode(self.narrowed, order="sorted")).hexdigest()[:16]


def write_cursor(ctx: Context, asked: Asked, side: Side, value: Any, record_id: int) -> str:
    """An opaque cursor at a row of the list, which stands at ``value`` in its order."""
    body = msgspec.json.encode([asked.name, asked.sort, asked.digest, side, value, record_id])
    return urlsafe_b64encode(_seal(ctx, body) + body).decode().rstrip("=")


def read_cursor(ctx: Context, asked: Asked, cursor: str) -> tuple[Side, Any, int]:
    """Side, value and id of a cursor; Invalid for one that is not ours, or made for another list, order or filter."""
    try:
        sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError as error:
        raise _refused("is none of ours") from error
    seal, body = sealed[:_SEAL], sealed[_SEAL:]
    if not hmac.compare_digest(seal, _seal(ctx, body)):
        raise _refused("is none of ours")
    name, sort, digest, side, value, record_id = msgspec.json.decode(body)
    if name != asked.name:
        raise _refused("was made for another list")
    if sort != asked.sort:
        raise _refused(f"was made for the order “{sort}”")
    if digest != asked.digest:
        raise _refused("was made for another filter")
    return side, value, record_id


def _seal(ctx: Context, body: bytes) -> bytes:
    key = ctx.assembly.settings.secret_key.encode()
    return hmac.new(key, b"cursor:" + body, hashlib.sha256).digest()[:_SEAL]


def _refused(reason: str) -> Invalid:
    return Invalid.field("cursor", f"This cursor {reason}. Begin again without one.")
