"""Passwords of mailboxes at rest: encrypted with a key made of the installation's own, never read back by a page."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken

from patron.errors import Invalid


def _cipher(secret_key: str) -> Fernet:
    digest = hashlib.sha256(b"patron mailbox secrets\n" + secret_key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(secret_key: str, passwords: Mapping[str, str]) -> str:
    """Passwords by name (``imap``, ``smtp``) as text for the database; empty when there are none."""
    kept = {name: value for name, value in passwords.items() if value}
    return _cipher(secret_key).encrypt(json.dumps(kept).encode()).decode() if kept else ""


def unseal(secret_key: str, sealed: str) -> dict[str, str]:
    """The passwords again. Invalid when the installation's key is another one than when they were stored."""
    if not sealed:
        return {}
    try:
        plain = _cipher(secret_key).decrypt(sealed.encode())
    except (InvalidToken, ValueError):
        raise Invalid(
            "The stored passwords cannot be read: the installation's secret key has changed. Enter them again."
        ) from None
    return {str(name): str(value) for name, value in json.loads(plain).items()}
