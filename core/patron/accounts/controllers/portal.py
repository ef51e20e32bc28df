"""The customer's own pages at ``/my``: home, switching between customers, account with sessions."""

from __future__ import annotations

from collections.abc import Sequence

from patron.accounts.controllers.common import reading
from patron.accounts.controllers.password_change import replace_password
from patron.accounts.services.people import Person, person_of
from patron.accounts.services.portal import my_mandates, switch_customer
from patron.accounts.services.sessions import list_sessions, revoke_session
from patron.context import Context
from patron.errors import FieldError, Invalid, NotFound
from patron.permissions import Face
from patron.responses import Flash, Page, Redirect
from patron.routing import SIGNED_IN, Route, get, post

_MINE = {"face": Face.CUSTOMER, "permission": SIGNED_IN}
ACCOUNT = "/my/account"


def _me(ctx: Context) -> Person:
    return person_of(ctx.session, account_id=ctx.actor.id)


@get("/my", **_MINE)
def show_home(ctx: Context) -> Page:
    """What the account may do here for the customer in use."""
    sections = [
        section
        for module, section in ctx.assembly.portal_sections
        if module not in ctx.assembly.live.disabled and section.right in ctx.actor.rights
    ]
    return Page("accounts/portal_home.html", {"sections": sections, "mandates": my_mandates(ctx)})


@post("/my/switch", **_MINE)
def switch(ctx: Context) -> Redirect:
    """Act for another of one's customers."""
    wanted = ctx.web.value("customer_id")
    if not wanted.isdecimal() or len(wanted) > 18:
        raise NotFound()
    return Redirect("/my", Flash(f"You now act for {switch_customer(ctx, int(wanted))}.", "info"))


def _page(ctx: Context, errors: Sequence[FieldError] = ()) -> Page:
    person = _me(ctx)
    data = {
        "person": person,
        "sessions": list_sessions(ctx, person),
        "mandates": my_mandates(ctx),
        "errors": errors,
    }
    return Page("accounts/portal_own.html", data, status=422 if errors else 200)


@get(ACCOUNT, **_MINE)
def show_account(ctx: Context) -> Page:
    """One's own account: password, sessions, for whom one may act."""
    return _page(ctx)


@post(ACCOUNT + "/password", **_MINE, transaction="none", slow=True)
def change_password(ctx: Context) -> Page | Redirect:
    """A new password, against the old one; every other session ends."""
    try:
        ended = replace_password(ctx, _me)
    except Invalid as error:
        with reading(ctx) as look:
            return _page(look, error.errors)
    return Redirect(ACCOUNT, Flash(f"Your password is changed. Other sessions ended: {ended}."))


@post(ACCOUNT + "/sessions/{session_id:int}/revoke", **_MINE)
def end_own_session(ctx: Context, session_id: int) -> Redirect:
    """End one of one's sessions."""
    revoke_session(ctx, _me(ctx), session_id)
    return Redirect(ACCOUNT, Flash("That session has ended."))


ROUTES: tuple[Route, ...] = (show_home, switch, show_account, change_password, end_own_session)
