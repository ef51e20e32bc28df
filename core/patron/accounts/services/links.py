"""One-time links: invitations, password resets and a first sign-in. Only a hash of their secret is kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlmodel import Session

from patron.accounts.audit import record
from patron.accounts.authentication import token_hash
from patron.accounts.faces import DOORS
from patron.accounts.models import SignInLink
from patron.accounts.services.people import Person, person_of
from patron.context import Context
from patron.errors import NotFound
from patron.permissions import Face
from patron.records import table, utc_now

Purpose = Literal["invite", "reset", "sign-in"]
LIFETIMES: dict[Purpose, timedelta] = {
    "invite": timedelta(days=7),
    "reset": timedelta(hours=1),
    "sign-in": timedelta(hours=1),
}
_PATHS: dict[Purpose, str] = {"invite": "/invitation/", "reset": "/reset/", "sign-in": "/sign-in/link/"}


@dataclass(frozen=True)
class Link:
    """A link that was found good: for what, and for whom."""

    id: int
    purpose: Purpose
    person: Person


def make_link(ctx: Context, person: Person, purpose: Purpose) -> str:
    """A link's full address, told once. It starts with the configured base URL, whatever host a request named."""
    secret = secrets.token_urlsafe(32)
    row = SignInLink(
        token_hash=token_hash(secret), purpose=purpose, user_id=person.user_id, account_id=person.account_id,
        created_at=ctx.now, expires_at=ctx.now + LIFETIMES[purpose],
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, f"link {purpose}", person.resource, person.id)
    base = ctx.assembly.settings.base_url.rstrip("/")
    return base + DOORS[person.face].url(_PATHS[purpose] + secret)


def find_link(session: Session, face: Face, purpose: Purpose, secret: str) -> Link:
    """A link that may still be used, by an active person, on this face. Uses nothing up. NotFound."""
    t = table(SignInLink)
    statement = select(t.c.id, t.c.user_id, t.c.account_id).where(*_usable(secret, purpose))
    row = session.execute(statement).first()
    if row is None:
        raise _worthless()
    person = person_of(session, user_id=row.user_id, account_id=row.account_id)
    if not person.active or person.face != face:
        raise _worthless()
    return Link(row.id, purpose, person)


def use_link(ctx: Context, link: Link) -> None:
    """Use it up; NotFound when someone else just has."""
    t = table(SignInLink)
    open_one = update(t).where(t.c.id == link.id, t.c.used_at.is_(None)).values(used_at=ctx.now)
    if ctx.session.execute(open_one.returning(t.c.id)).first() is None:
        raise _worthless()


def _usable(secret: str, purpose: Purpose) -> list[Any]:
    t = table(SignInLink)
    fits = t.c.token_hash == token_hash(secret)
    return [fits, t.c.purpose == purpose, t.c.used_at.is_(None), t.c.expires_at > utc_now()]


class LinkEnded(NotFound):
    """The one-time link was used, has expired or never was."""

    title = "This link no longer works"


def _worthless() -> NotFound:
    return LinkEnded("It has been used or has expired. Please ask for a new one.")
