"""What a form of a mailbox must say, and what it can choose from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from patron.accounts.models import Team, User
from patron.context import Context
from patron.customers import normalise
from patron.errors import Conflict, FieldError, Invalid
from patron.interactions.mail.oauth import PROVIDERS
from patron.interactions.models import Mailbox
from patron.records import table
from patron.web import whole_number

SIGN_INS = ("microsoft", "google", "other")  # besides a password
SECURITIES = ("tls", "starttls", "none")
ALL, NEW = "all", "new"  # with what fetching begins
_URL = re.compile(r"https://\S+|http://(?:127\.0\.0\.1|localhost)[:/]\S*")


def check(ctx: Context, values: Mapping[str, str]) -> None:
    errors = []
    if not values.get("name", "").strip():
        errors.append(FieldError("name", "Give the mailbox a name."))
    try:
        normalise.email_address(values.get("address", ""))
    except Invalid as error:
        errors.append(FieldError("address", error.detail))
    for side in ("imap", "smtp"):
        port = values.get(f"{side}_port", "").strip()
        if port and not (0 < (whole_number(port) or 0) < 65536):
            errors.append(FieldError(f"{side}_port", "A port is a number from 1 to 65535."))
        if values.get(f"{side}_security", "") not in ("", *SECURITIES):
            errors.append(FieldError(f"{side}_security", f"One of: {', '.join(SECURITIES)}."))
        if any(char.isspace() or not char.isprintable() for char in values.get(f"{side}_host", "").strip()):
            errors.append(FieldError(f"{side}_host", "A host name has no spaces."))
    errors += _oauth_errors(values)
    named = values.get("imap_host", "").strip() or values.get("smtp_host", "").strip()
    if values.get("sign_in") not in PROVIDERS and not named:
        errors.append(FieldError("imap_host", "Name a server to fetch from, or one to send through."))
    if values.get("begin", ALL) not in ("", ALL, NEW, "day"):
        errors.append(FieldError("begin", "Choose with what fetching begins."))
    elif values.get("begin") == "day" and not _is_day(values.get("begin_day", "")):
        errors.append(FieldError("begin_day", "Say the day, such as 2026-01-31."))
    for name, model in (("owner", User), ("team", Team)):
        if values.get(name) and not _is_there(ctx, model, values[name]):
            errors.append(FieldError(name, "Choose one from the list."))
    if values.get("visibility", "") not in ("", "all", "team", "private"):
        errors.append(FieldError("visibility", "Choose who sees its mail."))
    if values.get("visibility") == "private" and not values.get("owner"):
        errors.append(FieldError("visibility", "Only a person’s own mailbox can be theirs alone."))
    if values.get("visibility") == "team" and not (values.get("owner") or values.get("team")):
        errors.append(FieldError("visibility", "Say whose it is: of which team, or of which person in one."))
    if values.get("owner") and values.get("team"):
        errors.append(FieldError("team", "A mailbox is of one person, of a team, or of the firm."))
    if values.get("module", "core") not in handling_modules(ctx):
        errors.append(FieldError("module", "No such module handles mail."))
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _is_there(ctx: Context, model: type[User] | type[Team], text: str) -> bool:
    t = table(model)
    number = whole_number(text)
    return (
        number is not None and ctx.session.execute(select(t.c.id).where(t.c.id == number)).first() is not None
    )


def owners(ctx: Context) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The people and the teams whose a mailbox can be, as (id, name)."""
    u, t = table(User), table(Team)
    users = ctx.session.execute(
        select(u.c.id, u.c.name).where(u.c.active.is_(True)).order_by(u.c.name).limit(1000)
    )
    teams = ctx.session.execute(
        select(t.c.id, t.c.name).where(t.c.trashed_at.is_(None)).order_by(t.c.name).limit(1000)
    )
    return [(row.id, row.name) for row in users], [(row.id, row.name) for row in teams]


def _oauth_errors(values: Mapping[str, str]) -> list[FieldError]:
    sign_in = values.get("sign_in") or "password"
    if sign_in == "password":
        return []
    if sign_in not in SIGN_INS:
        return [FieldError("sign_in", "Choose how it is signed in to.")]
    errors = []
    if not values.get("oauth_client_id", "").strip():
        errors.append(FieldError("oauth_client_id", "Say which application the provider knows this one as."))
    if not re.fullmatch(r"[\w.-]{0,100}", values.get("oauth_tenant", "").strip()):
        errors.append(FieldError("oauth_tenant", "A tenant is a name or an id."))
    errors += [
        FieldError(f"oauth_{name}", "The address must begin with https://.")
        for name in (("authorize_url", "token_url") if sign_in == "other" else ())
        if not _URL.fullmatch(values.get(f"oauth_{name}", "").strip())
    ]
    return errors


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def check_free(ctx: Context, name: str, mailbox_id: int | None) -> None:
    t = table(Mailbox)
    taken = ctx.session.execute(select(t.c.id).where(t.c.name == name)).scalar_one_or_none()
    if taken is not None and taken != mailbox_id:
        raise Conflict(f"There is a mailbox “{name}” already.")


def handling_modules(ctx: Context) -> list[str]:
    """Who can handle new mail: the core (it only files it), and each module that listens to ``mail.received``."""
    listening = (
        key.partition(".")[0] for key, item in ctx.assembly.handlers.items() if item.event == "mail.received"
    )
    return ["core", *sorted({name for name in listening if name != "core"})]
