"""A door is where the people of a face come in: sign-in, one-time links, forgotten passwords, sign-out.

One implementation for every face. Known and unknown addresses get the same answer after the same work; hashing
happens between transactions, so no one waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from patron.accounts.controllers.common import cookie_secret, local_path, reading, refused, writing
from patron.accounts.faces import Door
from patron.accounts.letters import RESET_ASKED, mails
from patron.accounts.passwords import check_password, hash_password, verify_password
from patron.accounts.services.limits import account_bucket, address_bucket, forget_limit, rate_limit
from patron.accounts.services.links import Link, Purpose, find_link, use_link
from patron.accounts.services.people import Person, email_key, find_person, set_password_hash
from patron.accounts.services.portal import mark_verified
from patron.accounts.services.refusals import note_refusal
from patron.accounts.services.sessions import end_session, end_sessions, start_session
from patron.context import Context
from patron.errors import Invalid
from patron.events import publish
from patron.permissions import ANONYMOUS, Face
from patron.responses import Cookie, Flash, Page, Redirect
from patron.routing import ANYONE, SIGNED_IN, Route, get, post

log = logging.getLogger("patron.security")
WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 60  # attempts in a window
_WRONG = Invalid.field(
    "", "That address and password do not go together. Check both, or ask for a new password."
)


def routes_of(door: Door) -> list[Route]:
    """Every route of the door."""
    page = {"face": Face.PUBLIC, "permission": ANYONE}
    work = {**page, "transaction": "none", "slow": True}
    routes = [
        get(door.url("/sign-in"), **page)(_for(door, show_sign_in)),
        post(door.url("/sign-in"), **work)(_for(door, sign_in)),
        post(door.url("/sign-out"), face=door.face, permission=SIGNED_IN)(_for(door, sign_out)),
        get(door.url("/forgot"), **page)(_for(door, show_forgot)),
        post(door.url("/forgot"), **work)(_for(door, forgot)),
        get(door.url("/sign-in/link/{token:str}"), **page)(_for_link(door, "sign-in", show_link)),
        post(door.url("/sign-in/link/{token:str}"), **work)(_for_link(door, "sign-in", follow_link)),
    ]
    purposes: tuple[tuple[str, Purpose], ...] = (("/invitation", "invite"), ("/reset", "reset"))
    for path, purpose in purposes:
        routes.append(get(door.url(path + "/{token:str}"), **page)(_for_link(door, purpose, show_link)))
        routes.append(
            post(door.url(path + "/{token:str}"), **work)(_for_link(door, purpose, choose_password))
        )
    return routes


def _for(
    door: Door, handler: Callable[[Door, Context], Page | Redirect]
) -> Callable[[Context], Page | Redirect]:
    def handle(ctx: Context) -> Page | Redirect:
        return handler(door, ctx)

    return handle


def _for_link(
    door: Door, purpose: Purpose, handler: Callable[[Door, Context, Purpose, str], Page | Redirect]
) -> Callable[..., Page | Redirect]:
    def handle(ctx: Context, token: str) -> Page | Redirect:
        return handler(door, ctx, purpose, token)

    return handle


def show_sign_in(door: Door, ctx: Context) -> Page | Redirect:
    """The form; whoever is signed in already goes on."""
    goal = local_path(ctx.web.param("next"), door.home)
    if ctx.actor != ANONYMOUS and door.face == Face.STAFF:
        return Redirect(goal)
    return Page("accounts/sign_in.html", {"door": door, "errors": (), "email": "", "goal": goal})


def sign_in(door: Door, ctx: Context) -> Page | Redirect:
    """Check address and password, count the attempt, begin a session with a fresh secret."""
    email, password = ctx.web.value("email")[:320], _password(ctx, "password")
    goal = local_path(ctx.web.value("next"), door.home)
    account = account_bucket(f"{door.face} sign-in", email_key(email))
    _count(ctx, "sign-in", account)
    with reading(ctx) as look:
        person = find_person(look.session, door.face, email)
    usable = person if person is not None and person.active else None
    fits = verify_password(password, usable.password_hash if usable else "")
    if usable is None or not fits:
        log.warning("sign-in refused on the %s face from %s", door.face, ctx.address)
        with writing(ctx) as work:
            note_refusal(work, door.face, person)
        return refused("accounts/sign_in.html", _WRONG, door=door, email=email, goal=goal)
    with writing(ctx) as work:
        forget_limit(work.session, account)
        return _enter(door, work, usable, goal)


def sign_out(door: Door, ctx: Context) -> Redirect:
    """End the session that the cookie names."""
    end_session(ctx, cookie_secret(ctx, door.cookie))
    return Redirect(
        door.url("/sign-in"), Flash("You have signed out.", "info"), cookies=(Cookie(door.cookie),)
    )


def show_link(door: Door, ctx: Context, purpose: Purpose, token: str) -> Page:
    """What the link is for, and a button: opening it, as mail scanners do, uses nothing up."""
    return _link_page(door, purpose, token, find_link(ctx.session, door.face, purpose, token))


def follow_link(door: Door, ctx: Context, purpose: Purpose, token: str) -> Redirect:
    """Use a sign-in link up and come in."""
    _count(ctx, "link")
    with writing(ctx) as work:
        link = find_link(work.session, door.face, purpose, token)
        use_link(work, link)
        return _enter(door, work, link.person, door.home)


def choose_password(door: Door, ctx: Context, purpose: Purpose, token: str) -> Page | Redirect:
    """Use an invitation or reset up: store the password, end older sessions, come in."""
    _count(ctx, "link")
    with reading(ctx) as look:
        link = find_link(look.session, door.face, purpose, token)
    try:
        password = new_password(ctx, link.person)
    except Invalid as error:
        return refused(_LINK_PAGE, error, **_link_data(door, purpose, token, link))
    hashed = hash_password(password)
    with writing(ctx) as work:
        link = find_link(work.session, door.face, purpose, token)
        use_link(work, link)
        own = work.acting_as(link.person.actor)
        set_password_hash(own, link.person, hashed)
        end_sessions(own, link.person)
        if link.person.account_id is not None:
            mark_verified(own, link.person.account_id)
        return _enter(door, work, link.person, door.home)


def show_forgot(door: Door, ctx: Context) -> Page:
    """Where to ask for a new password."""
    return Page("accounts/forgot.html", {"door": door, "errors": (), "asked": False, "mail": mails(ctx)})


def forgot(door: Door, ctx: Context) -> Page:
    """Let a reset link be mailed if there is such an account; neither the answer nor its wait says so."""
    email = ctx.web.value("email")[:320]
    _count(ctx, "forgot", account_bucket(f"{door.face} forgot", email_key(email)))
    with writing(ctx) as work:
        mail = mails(work)
        if mail:
            publish(work, RESET_ASKED, {"face": str(door.face), "email": email_key(email)})
    return Page("accounts/forgot.html", {"door": door, "errors": (), "asked": True, "mail": mail})


def new_password(ctx: Context, person: Person) -> str:
    """The password that a form sets, typed twice and good enough; Invalid."""
    password = _password(ctx, "password")
    check_password(password, near=(ctx.assembly.company.brand, person.email, person.name))
    if password != _password(ctx, "again"):
        raise Invalid.field("again", "The two passwords differ. Please type the same one twice.")
    return password


def _password(ctx: Context, name: str) -> str:
    """As typed: a password may begin or end with a space."""
    values = ctx.web.values(name)
    return values[0] if values else ""


def _count(ctx: Context, purpose: str, account: str = "") -> None:
    """Count an attempt per address, and per account, each in its own transaction; TooManyRequests."""
    with writing(ctx) as work:
        rate_limit(work.session, address_bucket(purpose, ctx.address), PER_ADDRESS, WINDOW)
    if account:
        with writing(ctx) as work:
            rate_limit(work.session, account, PER_ACCOUNT, WINDOW)


def _enter(door: Door, ctx: Context, person: Person, goal: str) -> Redirect:
    """Begin a session; the one that this browser had on this face ends."""
    if old := cookie_secret(ctx, door.cookie):
        end_session(ctx.acting_as(person.actor), old)
    secret = start_session(ctx, person, ctx.web.headers.get("user-agent", ""))
    return Redirect(goal, cookies=(Cookie(door.cookie, secret), Cookie("patron-pre")))


_LINK_PAGE = "accounts/link.html"


def _link_page(door: Door, purpose: Purpose, token: str, link: Link) -> Page:
    return Page(_LINK_PAGE, {"errors": (), **_link_data(door, purpose, token, link)})


def _link_data(door: Door, purpose: Purpose, token: str, link: Link) -> dict[str, object]:
    path = {"invite": "/invitation/", "reset": "/reset/", "sign-in": "/sign-in/link/"}[purpose]
    return {"door": door, "purpose": purpose, "action": door.url(path + token), "person": link.person}
