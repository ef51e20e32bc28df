"""Sessions: begun with a fresh secret, listed, ended. They live in the database: an end holds everywhere."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from patron.accounts.audit import record
from patron.accounts.authentication import ABSOLUTE, IDLE, Identity, holds, token_hash
from patron.accounts.models import Account, Mandate, SignIn, User
from patron.accounts.services.people import Person
from patron.context import Context
from patron.errors import NotFound
from patron.permissions import Face
from patron.records import table

VIEWING = timedelta(minutes=30)


@dataclass(frozen=True)
class Session:
    """One session as its owner sees it."""

    id: int
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str
    current: bool

    @property
    def browser(self) -> str:
        """The program in a person's words, as far as its own claim goes; empty when it makes none we know."""
        name = next((label for mark, label in _BROWSERS if mark in self.agent), "")
        system = next((label for mark, label in _SYSTEMS if mark in self.agent), "")
        return f"{name} · {system}" if name and system else name or system


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def start_session(ctx: Context, person: Person, agent: str = "") -> str:
    """Begin a session and return its secret, for the cookie alone. Always a new one: nobody can plant it."""
    secret = secrets.token_urlsafe(32)
    row = SignIn(
        token_hash=token_hash(secret), user_id=person.user_id, account_id=person.account_id, created_at=ctx.now,
        seen_at=ctx.now, expires_at=ctx.now + ABSOLUTE, address=ctx.address, agent=agent[:300],
        brand_id=ctx.assembly.company.brand_id if person.account_id else None,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    if person.kind == "user":
        t = table(User)
        ctx.session.execute(update(t).where(t.c.id == person.id).values(last_seen_at=ctx.now))
    record(ctx.acting_as(person.actor), "sign-in", person.resource, person.id)
    return secret


def start_viewing(ctx: Context, account_id: int, customer_id: int) -> str:
    """Begin a short session in which the acting user sees a portal as the account does for that customer, and can
    change nothing. Returns its secret; NotFound unless the account is active and acts for the customer today.
    """
    a, m = table(Account), table(Mandate)
    active = select(a.c.face).where(a.c.id == account_id, a.c.active.is_(True))
    face = ctx.session.execute(active).scalar()
    acts = (m.c.account_id == account_id, m.c.customer_id == customer_id)
    if (
        face is None
        or not ctx.session.execute(select(m.c.id).where(*acts, *holds(Face(face), ctx.now))).first()
    ):
        raise NotFound("Nobody of that name acts for this customer.")
    secret = secrets.token_urlsafe(32)
    row = SignIn(
        token_hash=token_hash(secret), account_id=account_id, customer_id=customer_id, viewer_id=ctx.actor.user_id,
        created_at=ctx.now, seen_at=ctx.now, expires_at=ctx.now + VIEWING, address=ctx.address,
        brand_id=ctx.assembly.company.brand_id,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, "view-as", "accounts", account_id, customer_id=customer_id)
    return secret


def end_session(ctx: Context, secret: str) -> None:
    """End the session of that secret, if there is one."""
    t = table(SignIn)
    gone = delete(t).where(t.c.token_hash == token_hash(secret)).returning(t.c.user_id, t.c.account_id)
    row = ctx.session.execute(gone).first()
    if row is not None:
        resource, owner = ("users", row.user_id) if row.user_id is not None else ("accounts", row.account_id)
        record(ctx, "sign-out", resource, owner)


def list_sessions(ctx: Context, person: Person) -> Sequence[Session]:
    """The person's living sessions, the one in use first."""
    t = table(SignIn)
    columns = (t.c.id, t.c.created_at, t.c.seen_at, t.c.address, t.c.agent)
    alive = (t.c.expires_at > ctx.now, t.c.seen_at > ctx.now - IDLE, t.c.viewer_id.is_(None))
    statement = select(*columns).where(_owned(person), *alive).order_by(t.c.seen_at.desc()).limit(100)
    current = _current(ctx)
    found = [
        Session(row.id, row.created_at, row.seen_at, row.address, row.agent, row.id == current)
        for row in ctx.session.execute(statement)
    ]
    return sorted(found, key=lambda item: not item.current)


def revoke_session(ctx: Context, person: Person, session_id: int) -> None:
    """End one session of the person; NotFound when it is not theirs."""
    t = table(SignIn)
    result = ctx.session.execute(delete(t).where(_owned(person), t.c.id == session_id).returning(t.c.id))
    if result.first() is None:
        raise NotFound()
    record(ctx, "sign-out", person.resource, person.id)


def end_sessions(ctx: Context, person: Person, *, but_current: bool = False) -> int:
    """End every session of the person, or every other than the one in use. Returns how many."""
    t = table(SignIn)
    which: list[ColumnElement[bool]] = [_owned(person)]
    if but_current:
        which.append(t.c.id != _current(ctx))
    return len(ctx.session.execute(delete(t).where(*which).returning(t.c.id)).all())


def _owned(person: Person) -> Any:
    t = table(SignIn)
    return (t.c.user_id if person.kind == "user" else t.c.account_id) == person.id


def _current(ctx: Context) -> int:
    identity: Identity | None = ctx.cache.get("identity")
    return identity.sign_in_id if identity else 0
