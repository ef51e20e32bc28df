"""Staff users: added, changed, given roles, disabled at once and enabled again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from sqlalchemy import delete, exists, insert, select, update

from patron.accounts.audit import record
from patron.accounts.models import Role, User, UserRole
from patron.accounts.services.people import Person, end_links, find_person, person_of
from patron.accounts.services.sessions import end_sessions
from patron.accounts.services.tokens import revoke_tokens
from patron.context import Context
from patron.customers.normalise import email_address
from patron.errors import Conflict, Invalid, NotFound
from patron.permissions import Face
from patron.records import table
from patron.system.generation import bump_generation

ADMIN = "admin"
THEMES = ("auto", "light", "dark")


def add_user(ctx: Context, email: str, name: str, roles: Sequence[str] = ("user",)) -> int:
    """A new user with these roles (names), who cannot sign in before an invitation or link. Returns the id.

    Invalid for what is no address, is taken, has no name, or names a role that does not exist.
    """
    address = email_address(email).normalised
    if not name.strip():
        raise Invalid.field("name", "Give a name.")
    if find_person(ctx.session, Face.STAFF, address):
        raise Invalid.field("email", f"There is a user with the address {address} already.")
    role_ids = _role_ids(ctx, roles)
    row = User(email=address, name=name.strip()[:200], created_at=ctx.now, updated_at=ctx.now)
    ctx.session.add(row)
    ctx.session.flush()
    _grant(ctx, row.key, role_ids)
    record(
        ctx,
        "create",
        "users",
        row.key,
        {"email": ("", address), "name": ("", row.name), "roles": ([], sorted(roles))},
    )
    return row.key


def user_by_email(ctx: Context, email: str) -> Person:
    """The user of that address; NotFound."""
    found = find_person(ctx.session, Face.STAFF, email)
    if found is None:
        raise NotFound(f"There is no user with the address {email}.")
    return found


def change_user(ctx: Context, user_id: int, changes: Mapping[str, str]) -> None:
    """Change name, e-mail address, theme, locale or time zone. Invalid names the field that does not do."""
    before = _row(ctx, user_id)
    values = {name: _checked(name, value) for name, value in changes.items()}
    if (
        "email" in values
        and values["email"] != before["email"]
        and find_person(ctx.session, Face.STAFF, values["email"])
    ):
        raise Invalid.field("email", "There is a user with that address already.")
    changed = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changed:
        return
    _update(ctx, user_id, {name: pair[1] for name, pair in changed.items()})
    record(ctx, "change", "users", user_id, changed)


def _checked(name: str, value: str) -> str:
    value = value.strip()
    if name == "email":
        return email_address(value).normalised
    if name == "name" and not value:
        raise Invalid.field("name", "Give a name.")
    if name == "theme" and value not in THEMES:
        raise Invalid.field("theme", "Choose one of the themes.")
    if name == "time_zone" and value and value not in available_timezones():
        raise Invalid.field("time_zone", "There is no such time zone.")
    if name == "locale" and value:
        try:
            Locale.parse(value.replace("-", "_"))
        except (ValueError, UnknownLocaleError) as error:
            raise Invalid.field("locale", "There is no such language.") from error
    return value[:200]


def set_roles(ctx: Context, user_id: int, roles: Sequence[str]) -> None:
    """Give the user exactly these roles, by name. Conflict when nobody would be left to administer."""
    _row(ctx, user_id)
    role_ids = _role_ids(ctx, roles)
    before = roles_of(ctx, [user_id]).get(user_id, [])
    if sorted(before) == sorted(set(roles)):
        return
    if ADMIN in before and ADMIN not in roles:
        _keep_an_administrator(ctx, user_id)
    t = table(UserRole)
    ctx.session.execute(delete(t).where(t.c.user_id == user_id))
    _grant(ctx, user_id, role_ids)
    bump_generation(ctx.session)
    record(ctx, "change", "users", user_id, {"roles": (sorted(before), sorted(set(roles)))})


def roles_of(ctx: Context, user_ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of the roles of each user."""
    t, roles = table(UserRole), table(Role)
    found: dict[int, list[str]] = {}
    statement = (
        select(t.c.user_id, roles.c.name)
        .select_from(t.join(roles, roles.c.id == t.c.role_id))
        .where(t.c.user_id.in_(list(user_ids)))
        .order_by(roles.c.name)
    )
    for user_id, name in ctx.session.execute(statement):
        found.setdefault(user_id, []).append(name)
    return found


def disable_user(ctx: Context, user_id: int) -> None:
    """From the next request on nothing of this user works: sessions, tokens and links end in this transaction."""
    before = _row(ctx, user_id)
    if not before["active"]:
        return
    if user_id == ctx.actor.user_id:
        raise Conflict("You cannot disable yourself: ask another administrator.")
    if ADMIN in roles_of(ctx, [user_id]).get(user_id, []):
        _keep_an_administrator(ctx, user_id)
    person = person_of(ctx.session, user_id=user_id)
    _update(ctx, user_id, {"active": False})
    end_sessions(ctx, person)
    end_links(ctx, person)
    revoke_tokens(ctx, user_id)
    bump_generation(ctx.session)
    record(ctx, "disable", "users", user_id, {"active": (True, False)})


def enable_user(ctx: Context, user_id: int) -> None:
    """Let the user sign in again; sessions and tokens that ended stay ended."""
    if _row(ctx, user_id)["active"]:
        return
    _update(ctx, user_id, {"active": True})
    bump_generation(ctx.session)
    record(ctx, "enable", "users", user_id, {"active": (False, True)})


def _row(ctx: Context, user_id: int) -> Mapping[str, Any]:
    t = table(User)
    row = ctx.session.execute(select(t).where(t.c.id == user_id)).mappings().first()
    if row is None:
        raise NotFound()
    return dict(row)


def _update(ctx: Context, user_id: int, values: Mapping[str, Any]) -> None:
    t = table(User)
    ctx.session.execute(
        update(t).where(t.c.id == user_id).values(**values, updated_at=ctx.now, version=t.c.version + 1)
    )


def _grant(ctx: Context, user_id: int, role_ids: Sequence[int]) -> None:
    if role_ids:
        rows = [{"user_id": user_id, "role_id": role_id} for role_id in role_ids]
        ctx.session.execute(insert(table(UserRole)), rows)


def _role_ids(ctx: Context, names: Sequence[str]) -> list[int]:
    t = table(Role)
    found = {row.name: int(row.id) for row in ctx.session.execute(select(t.c.id, t.c.name))}
    for name in names:
        if name not in found:
            raise Invalid.field(
                "roles", f"There is no role “{name}”. There are: {', '.join(sorted(found)) or 'none'}."
            )
    return [found[name] for name in sorted(set(names))]


def _keep_an_administrator(ctx: Context, leaving: int) -> None:
    """Conflict unless another active user holds the role ``admin``; locks it, so that two cannot leave at once."""
    roles, given, users = table(Role), table(UserRole), table(User)
    ctx.session.execute(select(roles.c.id).where(roles.c.name == ADMIN).with_for_update())
    other = exists().where(
        roles.c.name == ADMIN, given.c.role_id == roles.c.id, users.c.id == given.c.user_id,
        users.c.active.is_(True), users.c.id != leaving,
    )  # fmt: skip
    if not ctx.session.execute(select(other)).scalar():
        raise Conflict("This is the last administrator: make someone else one first.")
