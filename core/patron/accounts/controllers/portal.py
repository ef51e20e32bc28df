"""The portals: home, switching between customers, one's account with sessions. One implementation for ``/my`` of
customers and ``/partner`` of partners."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from patron.accounts.controllers.common import reading
from patron.accounts.controllers.password_change import replace_password
from patron.accounts.faces import Door
from patron.accounts.services.people import Person, person_of
from patron.accounts.services.portal import my_mandates, sections_of, switch_customer
from patron.accounts.services.sessions import list_sessions, revoke_session
from patron.context import Context
from patron.errors import FieldError, Invalid, NotFound
from patron.responses import Flash, Page, Redirect
from patron.routing import SIGNED_IN, Route, get, post
from patron.web import whole_number


def routes_of(door: Door) -> list[Route]:
    """Every route of the portal behind the door."""
    mine = {"face": door.face, "permission": SIGNED_IN}
    account = door.url("/account")
    return [
        get(door.home, **mine)(_behind(door, show_home)),
        post(door.url("/switch"), **mine)(_behind(door, switch)),
        get(account, **mine)(_behind(door, show_account)),
        post(account + "/password", **mine, transaction="none", slow=True)(_behind(door, change_password)),
        post(account + "/sessions/{session_id:int}/revoke", **mine)(_session_of(door)),
    ]


def _behind(
    door: Door, handler: Callable[[Door, Context], Page | Redirect]
) -> Callable[[Context], Page | Redirect]:
    def handle(ctx: Context) -> Page | Redirect:
        return handler(door, ctx)

    return handle


def _me(ctx: Context) -> Person:
    return person_of(ctx.session, account_id=ctx.actor.id)


def show_home(door: Door, ctx: Context) -> Page:
    """What the account may do here for the customer in use."""
    sections = [
        section for section in sections_of(ctx.assembly, door.face) if section.shown_to(ctx.actor.rights)
    ]
    data = {"door": door, "sections": sections, "mandates": my_mandates(ctx)}
    return Page("accounts/portal_home.html", data)


def switch(door: Door, ctx: Context) -> Redirect:
    """Act for another of one's customers."""
    wanted = whole_number(ctx.web.value("customer_id"))
    if wanted is None:
        raise NotFound()
    return Redirect(door.home, Flash(f"You now act for {switch_customer(ctx, wanted)}.", "info"))


def _page(door: Door, ctx: Context, errors: Sequence[FieldError] = ()) -> Page:
    person = _me(ctx)
    data = {
        "door": door,
        "person": person,
        "sessions": list_sessions(ctx, person),
        "mandates": my_mandates(ctx),
        "errors": errors,
    }
    return Page("accounts/portal_own.html", data, status=422 if errors else 200)


def show_account(door: Door, ctx: Context) -> Page:
    """One's own account: password, sessions, for whom one may act."""
    return _page(door, ctx)


def change_password(door: Door, ctx: Context) -> Page | Redirect:
    """A new password, against the old one; every other session ends."""
    try:
        ended = replace_password(ctx, _me)
    except Invalid as error:
        with reading(ctx) as look:
            return _page(door, look, error.errors)
    return Redirect(door.url("/account"), Flash(f"Your password is changed. Other sessions ended: {ended}."))


def _session_of(door: Door) -> Callable[[Context, int], Redirect]:
    def end_own_session(ctx: Context, session_id: int) -> Redirect:
        """End one of one's sessions."""
        revoke_session(ctx, _me(ctx), session_id)
        return Redirect(door.url("/account"), Flash("That session has ended."))

    return end_own_session
