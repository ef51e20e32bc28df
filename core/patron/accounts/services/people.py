"""Those who sign in, whatever the face: staff users and outside accounts seen alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select, update
from sqlmodel import Session

from patron.accounts.audit import record
from patron.accounts.models import Account, SignInLink, User
from patron.context import Context
from patron.customers.normalise import email_address
from patron.errors import Invalid, NotFound
from patron.permissions import Actor, Face
from patron.records import table

Kind = Literal["user", "account"]


@dataclass(frozen=True)
class Person:
    """A user or an account. ``face`` says where it signs in."""

    kind: Kind
    id: int
    name: str
    email: str
    password_hash: str
    active: bool
    face: Face

    @property
    def user_id(self) -> int | None:
        return self.id if self.kind == "user" else None

    @property
    def account_id(self) -> int | None:
        return self.id if self.kind == "account" else None

    @property
    def resource(self) -> str:
        """What the audit calls it."""
        return "users" if self.kind == "user" else "accounts"

    @property
    def actor(self) -> Actor:
        """The person as the author of what they do before they have a session; holds no rights."""
        return Actor("user" if self.kind == "user" else str(self.face), self.id, self.name, self.email)


def email_key(raw: str) -> str:
    """The address as it is stored and compared; what is no address stays as typed, in lower case."""
    try:
        return email_address(raw).normalised
    except Invalid:
        return raw.strip().lower()[:320]


def find_person(session: Session, face: Face, email: str) -> Person | None:
    """Who signs in with that address on that face, active or not."""
    key = email_key(email)
    if face == Face.STAFF:
        t = table(User)
        return _person(session, "user", face, t.c.email == key)
    t = table(Account)
    return _person(session, "account", face, (t.c.email == key) & (t.c.face == str(face)))


def person_of(session: Session, *, user_id: int | None = None, account_id: int | None = None) -> Person:
    """The person of an id; NotFound when there is none."""
    found = None
    if user_id is not None:
        found = _person(session, "user", Face.STAFF, table(User).c.id == user_id)
    elif account_id is not None:
        t = table(Account)
        face = session.execute(select(t.c.face).where(t.c.id == account_id)).scalar()
        found = _person(session, "account", Face(face), t.c.id == account_id) if face else None
    if found is None:
        raise NotFound()
    return found


def _person(session: Session, kind: Kind, face: Face, condition: Any) -> Person | None:
    t = table(User) if kind == "user" else table(Account)
    columns = (t.c.id, t.c.name, t.c.email, t.c.password_hash, t.c.active)
    row = session.execute(select(*columns).where(condition)).first()
    return Person(kind, row.id, row.name, row.email, row.password_hash, row.active, face) if row else None


def set_password_hash(ctx: Context, person: Person, password_hash: str) -> None:
    """Store the hash of a new password. Every other one-time link of the person ends."""
    t = table(User) if person.kind == "user" else table(Account)
    values: dict[str, Any] = {
        "password_hash": password_hash,
        "updated_at": ctx.now,
        "version": t.c.version + 1,
    }
    ctx.session.execute(update(t).where(t.c.id == person.id).values(values))
    end_links(ctx, person)
    record(ctx, "password", person.resource, person.id)


def end_links(ctx: Context, person: Person) -> None:
    """Make every open one-time link of the person worthless."""
    t = table(SignInLink)
    owner = t.c.user_id if person.kind == "user" else t.c.account_id
    ctx.session.execute(update(t).where(owner == person.id, t.c.used_at.is_(None)).values(used_at=ctx.now))
