"""Who is at the other end of a request: one statement finds the sign-in or token, its owner, and the generation."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlmodel import Session

from patron.accounts.models import Account, Mandate, SignIn, TeamMember, Token, User, UserRole
from patron.customers.models import Customer, CustomerRole
from patron.errors import SignInRequired
from patron.permissions import ANONYMOUS, Actor, Face, Scope, widest
from patron.prepared import Prepared
from patron.records import table
from patron.system.models import Generation

if TYPE_CHECKING:
    from patron.assembly import Assembly

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
VIEW_AS = "customers.view_as"  # the permission to look at a portal as one of its accounts
PARTNER = "partner"  # the role of a customer that its accounts act for on the partners' face
TOKEN_PREFIX = "patron_"  # noqa: S105 - what scanners look for


@dataclass(frozen=True)
class Identity:
    """What a request proved: the actor, the sign-in behind it (0 for tokens and strangers), and the generation."""

    actor: Actor
    generation: int
    sign_in_id: int = 0
    token_id: int = 0
    stale: bool = False  # when the sign-in or token was last used is due to be written
    viewer_id: int = 0  # the user who looks as the account; nothing may be changed then
    acts_for: str = ""  # the name of the customer of the mandate in use
    theme: str = "auto"
    locale: str = ""
    time_zone: str = ""


def token_hash(secret: str) -> str:
    """What is stored of a secret of 256 random bits: it needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(secret_key: str, cookie: str) -> str:
    """The form token of a session: bound to its cookie, so that another site cannot know it."""
    return hmac.new(secret_key.encode(), b"csrf:" + cookie.encode(), hashlib.sha256).hexdigest()


def masked(token: str) -> str:
    """A token as a page carries it: under a pad of its own, since packed pages betray what stays the same in them."""
    pad = secrets.token_bytes(len(token) // 2)
    return pad.hex() + _combined(pad, bytes.fromhex(token)).hex()


def unmasked(given: str) -> str:
    """The token behind what a page carried; empty for anything else."""
    try:
        both = bytes.fromhex(given)
    except ValueError:
        return ""
    half = len(both) // 2
    return _combined(both[:half], both[half:]).hex()


def _combined(pad: bytes, text: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(pad, text, strict=False))


def identify(
    session: Session, assembly: Assembly, now: datetime, face: Face, cookie: str, bearer: str
) -> Identity:
    """The identity of a request on a face. SignInRequired for a token that is wrong, expired or revoked."""
    if bearer:
        return _by_token(session, assembly, now, bearer)
    if cookie and face in (Face.CUSTOMER, Face.PARTNER):
        return _by_account(session, assembly, now, face, cookie)
    if cookie:
        return _by_user(session, assembly, now, cookie)
    return Identity(ANONYMOUS, _generation(session, assembly))


def _generation(session: Session, assembly: Assembly) -> int:
    (number,) = _NUMBER.first(session, {})
    assembly.refresh(session, number)
    return int(number)


def _joined(column: Any, condition: Any) -> Any:
    """Ids of one column as text with commas, so that one row says all; empty when there are none."""
    comma: Any = literal_column("','")
    text = func.aggregate_strings(cast(column, String), comma)
    return select(func.coalesce(text, "")).where(condition).scalar_subquery()


def _user_columns() -> list[Any]:
    users, members, roles = table(User), table(TeamMember), table(UserRole)
    return [
        users.c.id.label("user_id"),
        users.c.name,
        users.c.email,
        users.c.active,
        users.c.theme,
        users.c.locale,
        users.c.time_zone,
        _joined(members.c.team_id, members.c.user_id == users.c.id).label("teams"),
        _joined(roles.c.role_id, roles.c.user_id == users.c.id).label("roles"),
        select(table(Generation).c.number).limit(1).scalar_subquery().label("generation"),
    ]


def _user_by_session(_: str) -> Select[Any]:
    s, users = table(SignIn), table(User)
    found = s.join(users, users.c.id == s.c.user_id)
    wanted = select(s.c.id, s.c.seen_at, s.c.expires_at, *_user_columns()).select_from(found)
    return wanted.where(s.c.token_hash == bindparam("hash"))


def _user_by_token(_: str) -> Select[Any]:
    t, users = table(Token), table(User)
    found = t.join(users, users.c.id == t.c.user_id)
    columns = (t.c.id, t.c.expires_at, t.c.revoked_at, t.c.used_at, t.c.scopes)
    wanted = select(*columns, *_user_columns()).select_from(found)
    return wanted.where(t.c.token_hash == bindparam("hash"))


_NUMBER = Prepared(lambda _: select(table(Generation).c.number))
_BY_SESSION, _BY_TOKEN = Prepared(_user_by_session), Prepared(_user_by_token)


def _by_user(session: Session, assembly: Assembly, now: datetime, cookie: str) -> Identity:
    row = _BY_SESSION.named(session, {"hash": token_hash(cookie)})
    if row is None:
        return Identity(ANONYMOUS, _generation(session, assembly))
    assembly.refresh(session, row["generation"])
    if not row["active"] or row["expires_at"] <= now or row["seen_at"] + IDLE <= now:
        return Identity(ANONYMOUS, row["generation"])
    actor = Actor(
        "user", row["user_id"], row["name"], row["email"], _grants(assembly, row["roles"]), _ids(row["teams"])
    )
    return Identity(
        actor,
        row["generation"],
        sign_in_id=row["id"],
        stale=row["seen_at"] + SEEN_EVERY <= now,
        theme=row["theme"],
        locale=row["locale"],
        time_zone=row["time_zone"],
    )


def user_actor(session: Session, assembly: Assembly, user_id: int) -> Actor:
    """A user as actor with all current rights, for work done in their name later; ANONYMOUS once inactive."""
    statement = select(*_user_columns()).where(table(User).c.id == user_id)
    row = session.execute(statement).mappings().first()
    if row is None or not row["active"]:
        return ANONYMOUS
    assembly.refresh(session, row["generation"])
    grants = _grants(assembly, row["roles"])
    return Actor("user", row["user_id"], row["name"], row["email"], grants, _ids(row["teams"]))


def _by_token(session: Session, assembly: Assembly, now: datetime, bearer: str) -> Identity:
    row = _BY_TOKEN.named(session, {"hash": token_hash(bearer)})
    if row is None or not row["active"] or row["revoked_at"] is not None or row["expires_at"] <= now:
        raise SignInRequired("This API token is not valid: it is unknown, expired or revoked.")
    assembly.refresh(session, row["generation"])
    actor = Actor(
        "token",
        row["user_id"],
        row["name"],
        row["email"],
        _grants(assembly, row["roles"]),
        _ids(row["teams"]),
        only=tuple(row["scopes"]),
    )
    used_at = row["used_at"]
    return Identity(
        actor,
        row["generation"],
        token_id=row["id"],
        stale=used_at is None or used_at + SEEN_EVERY <= now,
        locale=row["locale"],
        time_zone=row["time_zone"],
    )


def _by_account(session: Session, assembly: Assembly, now: datetime, face: Face, cookie: str) -> Identity:
    """An account with the mandate in use: the one its session names, else its only or first one."""
    row = session.execute(_account_by_session(now, face, cookie)).mappings().first()
    if row is None:
        return Identity(ANONYMOUS, _generation(session, assembly))
    assembly.refresh(session, row["generation"])
    if not row["active"] or row["expires_at"] <= now or row["seen_at"] + IDLE <= now:
        return Identity(ANONYMOUS, row["generation"])
    viewer_id = row["viewer_id"] or 0
    if viewer_id and not user_actor(session, assembly, viewer_id).may(VIEW_AS):
        return Identity(ANONYMOUS, row["generation"])
    actor = Actor(
        str(face),
        row["account_id"],
        row["name"],
        row["email"],
        customer_id=row["customer_id"],
        rights=frozenset(row["rights"] or ()),
    )
    return Identity(
        actor,
        row["generation"],
        sign_in_id=row["id"],
        stale=row["seen_at"] + SEEN_EVERY <= now,
        viewer_id=viewer_id,
        acts_for=row["acts_for"] or "",
    )


def _account_by_session(now: datetime, face: Face, cookie: str) -> Select[Any]:
    s, accounts, mandates, customers = table(SignIn), table(Account), table(Mandate), table(Customer)
    valid = and_(
        mandates.c.account_id == accounts.c.id,
        *holds(face, now),
        or_(s.c.customer_id.is_(None), s.c.customer_id == mandates.c.customer_id),
    )
    number = select(table(Generation).c.number).limit(1).scalar_subquery()
    return (
        select(
            s.c.id,
            s.c.seen_at,
            s.c.expires_at,
            s.c.viewer_id,
            accounts.c.id.label("account_id"),
            accounts.c.name,
            accounts.c.email,
            accounts.c.active,
            mandates.c.customer_id,
            mandates.c.rights,
            customers.c.name.label("acts_for"),
            number.label("generation"),
        )
        .select_from(
            s.join(accounts, accounts.c.id == s.c.account_id)
            .outerjoin(mandates, valid)
            .outerjoin(customers, customers.c.id == mandates.c.customer_id)
        )
        .where(s.c.token_hash == token_hash(cookie), accounts.c.face == str(face))
        .order_by(mandates.c.id)
        .limit(1)
    )


def holds(face: Face, now: datetime) -> list[ColumnElement[bool]]:
    """What makes a mandate count today: its dates, and, for a partner, that the customer still is one."""
    mandates, roles, today = table(Mandate), table(CustomerRole), now.date()
    dated = [
        or_(mandates.c.since.is_(None), mandates.c.since <= today),
        or_(mandates.c.until.is_(None), mandates.c.until >= today),
    ]
    if face != Face.PARTNER:
        return dated
    partner = (
        roles.c.customer_id == mandates.c.customer_id,
        roles.c.role == PARTNER,
        roles.c.until.is_(None),
    )
    return [*dated, exists().where(*partner)]


def _ids(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in text.split(",") if part)


def _grants(assembly: Assembly, roles: str) -> Mapping[str, Scope]:
    """What the roles give together: of each permission the widest scope."""
    cache = assembly.live.grants
    if roles not in cache:
        together: dict[str, list[Scope]] = {}
        for role_id in _ids(roles):
            for permission, scope in assembly.live.roles.get(role_id, {}).items():
                together.setdefault(permission, []).append(scope)
        cache[roles] = {name: reach for name, scopes in together.items() if (reach := widest(scopes))}
    return cache[roles]
