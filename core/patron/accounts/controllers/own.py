"""What a user of staff sets for themselves: name, look, language, password, sessions, API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from babel import Locale

from patron.accounts.authentication import Identity
from patron.accounts.controllers.common import reading
from patron.accounts.controllers.password_change import replace_password
from patron.accounts.services.people import Person, person_of
from patron.accounts.services.sessions import list_sessions, revoke_session
from patron.accounts.services.tokens import list_tokens, make_token, revoke_token
from patron.accounts.services.users import change_user
from patron.context import Context
from patron.errors import FieldError, Invalid
from patron.responses import Flash, Page, Redirect
from patron.routing import SIGNED_IN, Route, get, post

HOME = "/account"
_LANGUAGES = ("en", "de", "fr", "es")


def _me(ctx: Context) -> Person:
    return person_of(ctx.session, user_id=ctx.actor.user_id)


def _page(ctx: Context, errors: Sequence[FieldError] = (), part: str = "", secret: str = "") -> Page:
    """The page; ``secret`` is a new token's, shown this once."""
    person, identity = _me(ctx), ctx.cache["identity"]
    assert isinstance(identity, Identity)
    data: dict[str, Any] = {
        "person": person, "identity": identity, "errors": errors, "part": part, "secret": secret,
        "sessions": list_sessions(ctx, person), "tokens": list_tokens(ctx, person.id),
        "permissions": sorted(name for name in ctx.assembly.permissions if ctx.actor.may(name)),
        "languages": [(code, (Locale(code).get_display_name(code) or code).title()) for code in _LANGUAGES],
        "zones": [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone],
    }  # fmt: skip
    return Page("accounts/own.html", data, status=422 if errors else 200)


@get(HOME, permission=SIGNED_IN)
def show_own(ctx: Context) -> Page:
    """One's own settings."""
    return _page(ctx)


@post(HOME, permission=SIGNED_IN)
def change_own(ctx: Context) -> Page | Redirect:
    """Change name, theme, language, time zone."""
    values = {
        name: ctx.web.value(name) for name in ("name", "theme", "locale", "time_zone") if name in ctx.web.form
    }
    try:
        change_user(ctx, _me(ctx).id, values)
    except Invalid as error:
        return _page(ctx, error.errors, "settings")
    return Redirect(HOME, Flash("Your settings are saved."))


@post(HOME + "/password", permission=SIGNED_IN, transaction="none", slow=True)
def change_password(ctx: Context) -> Page | Redirect:
    """A new password, against the old one; every other session ends."""
    try:
        ended = replace_password(ctx, _me)
    except Invalid as error:
        with reading(ctx) as look:
            return _page(look, error.errors, "password")
    return Redirect(HOME, Flash(f"Your password is changed. Other sessions ended: {ended}."))


@post(HOME + "/sessions/{session_id:int}/revoke", permission=SIGNED_IN)
def end_own_session(ctx: Context, session_id: int) -> Redirect:
    """End one of one's sessions."""
    revoke_session(ctx, _me(ctx), session_id)
    return Redirect(HOME, Flash("That session has ended."))


@post(HOME + "/tokens", permission=SIGNED_IN)
def add_own_token(ctx: Context) -> Page:
    """A new API token; its secret is on the page that answers, and nowhere after."""
    scopes = ctx.web.values("scopes") or ctx.web.value("scopes").split()
    try:
        days = int(ctx.web.value("days", "90"))
    except ValueError:
        days = 0
    try:
        secret = make_token(ctx, _me(ctx).id, ctx.web.value("name"), scopes, days)
    except Invalid as error:
        return _page(ctx, error.errors, "token")
    return _page(ctx, secret=secret)


@post(HOME + "/tokens/{token_id:int}/revoke", permission=SIGNED_IN)
def revoke_own_token(ctx: Context, token_id: int) -> Redirect:
    """End one of one's tokens."""
    revoke_token(ctx, _me(ctx).id, token_id)
    return Redirect(HOME, Flash("The token is revoked."))


ROUTES: tuple[Route, ...] = (
    show_own, change_own, change_password, end_own_session, add_own_token, revoke_own_token,
)  # fmt: skip
