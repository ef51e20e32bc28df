"""API tokens: shown once, kept as a hash, and only ever less than their owner's rights."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from patron.accounts.audit import record
from patron.accounts.authentication import TOKEN_PREFIX, token_hash
from patron.accounts.models import Token
from patron.context import Context
from patron.errors import Forbidden, Invalid, NotFound
from patron.records import table

LONGEST = 366  # days


@dataclass(frozen=True)
class TokenView:
    """One token as its owner sees it; never its secret."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def make_token(ctx: Context, user_id: int, name: str, scopes: Sequence[str], days: int = 90) -> str:
    """A new token's secret, told once. ``scopes``: permissions, or their beginnings ending in ``*``. Invalid."""
    if ctx.actor.kind == "token":
        raise Forbidden("A token cannot make tokens.")
    if not name.strip():
        raise Invalid.field("name", "Give the token a name, so that you know later what uses it.")
    if not 1 <= days <= LONGEST:
        raise Invalid.field("days", f"A token lasts between 1 and {LONGEST} days.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = Token(
        name=name.strip()[:200], token_hash=token_hash(secret), user_id=user_id, scopes=_checked(ctx, scopes),
        created_at=ctx.now, expires_at=ctx.now + timedelta(days=days),
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, "create", "tokens", row.id, {"name": ("", row.name), "scopes": ([], row.scopes)})
    return secret


def _checked(ctx: Context, scopes: Sequence[str]) -> list[str]:
    """The scopes without doubles; Invalid for one that fits no permission: it would silently give nothing."""
    wanted = sorted({scope.strip() for scope in scopes if scope.strip()})
    if not wanted:
        raise Invalid.field("scopes", "Choose what the token may do; * stands for everything its owner may.")
    known = ctx.assembly.permissions
    for scope in wanted:
        prefix = scope.removesuffix("*")
        if not (any(name.startswith(prefix) for name in known) if scope.endswith("*") else scope in known):
            if scope == "*":
                continue
            raise Invalid.field("scopes", f"There is no permission “{scope}”.")
    return wanted


def list_tokens(ctx: Context, user_id: int) -> Sequence[TokenView]:
    """The user's tokens that were not revoked, the newest first."""
    t = table(Token)
    columns = (t.c.id, t.c.name, t.c.scopes, t.c.created_at, t.c.expires_at, t.c.used_at)
    statement = (
        select(*columns).where(t.c.user_id == user_id, t.c.revoked_at.is_(None)).order_by(t.c.id.desc())
    )
    return [
        TokenView(row.id, row.name, tuple(row.scopes), row.created_at, row.expires_at, row.used_at)
        for row in ctx.session.execute(statement.limit(200))
    ]


def revoke_token(ctx: Context, user_id: int, token_id: int) -> None:
    """End a token of the user at once; NotFound when it is not theirs."""
    t = table(Token)
    which = (t.c.id == token_id, t.c.user_id == user_id, t.c.revoked_at.is_(None))
    if (
        ctx.session.execute(update(t).where(*which).values(revoked_at=ctx.now).returning(t.c.id)).first()
        is None
    ):
        raise NotFound()
    record(ctx, "revoke", "tokens", token_id)


def revoke_tokens(ctx: Context, user_id: int) -> int:
    """End every token of the user. Returns how many."""
    t = table(Token)
    living = update(t).where(t.c.user_id == user_id, t.c.revoked_at.is_(None)).values(revoked_at=ctx.now)
    return len(ctx.session.execute(living.returning(t.c.id)).all())
