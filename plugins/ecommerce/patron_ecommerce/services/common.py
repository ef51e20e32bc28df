"""What the shop's services share: who acts for a visitor, and what is signed with the installation's key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import replace

from patron import Actor, Context, Scope

MODULE = "ecommerce"
RIGHT = "orders"  # of a mandate: to order, and to see what was ordered
_EVERYTHING = {"*": Scope.ALL}


def shop(ctx: Context) -> Context:
    """The same work with the rights that the shop's own acts take; who acts stays the account, or is a visitor."""
    if ctx.actor.kind == "customer":
        return ctx.acting_as(replace(ctx.actor, grants=_EVERYTHING, only=("*",)))
    if ctx.actor.kind == "job":
        return ctx
    return ctx.acting_as(Actor("anonymous", name="Shop visitor", grants=_EVERYTHING))


def buyer_of(ctx: Context) -> int | None:
    """The customer that the account acts for and may order for; None for guests, and for staff who look around."""
    actor = ctx.actor
    return actor.customer_id if actor.kind == "customer" and RIGHT in actor.rights else None


def fresh_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def sign(ctx: Context, purpose: str, secret: str) -> str:
    """The secret with a seal of this installation: ``secret.seal``."""
    return f"{secret}.{_seal(ctx, purpose, secret)}"


def unsign(ctx: Context, purpose: str, token: str) -> str:
    """The secret of a token that this installation sealed for that purpose; empty for any other."""
    secret, _, seal = token.rpartition(".")
    fits = hmac.compare_digest(_seal(ctx, purpose, secret).encode(), seal.encode("utf-8", "replace"))
    return secret if secret and fits else ""


def _seal(ctx: Context, purpose: str, secret: str) -> str:
    key = ctx.assembly.settings.secret_key.encode()
    return hmac.new(key, f"{MODULE}:{purpose}:{secret}".encode(), hashlib.sha256).hexdigest()[:32]


def hashed(secret: str) -> str:
    """What is stored of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
