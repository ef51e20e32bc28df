"""The profile page of a customer, and what is done there."""

from __future__ import annotations

from collections.abc import Sequence

from patron.accounts import letters
from patron.accounts.authentication import PARTNER, VIEW_AS
from patron.accounts.faces import door_of
from patron.accounts.services import add_account
from patron.accounts.services.mandates import Terms, change_mandate
from patron.accounts.services.people import person_of
from patron.accounts.services.portal import end_mandate, sections_of
from patron.accounts.services.sessions import start_viewing
from patron.context import Context
from patron.customers import names, points
from patron.customers.forms import customer_of, day_of
from patron.customers.profile import accounts_of, profile_data
from patron.customers.roles import roles_of
from patron.errors import Invalid
from patron.files import services as files
from patron.money import Money
from patron.permissions import Face
from patron.resources.values import minor_units
from patron.responses import Cookie, Flash, Page, Redirect
from patron.routing import Route, get, post

READ, EDIT, INVITE = "customers.read", "customers.edit", "customers.invite"


def _back(customer_id: int, text: str) -> Redirect:
    return Redirect(f"/customers/{customer_id}/profile", Flash(text))


@get("/customers/{customer_id:int}/profile", permission=READ)
def show(ctx: Context, customer_id: int) -> Page:
    """Names, contact points, relationships, portal access, files and merges of a customer."""
    customer = customer_of(ctx, customer_id)
    faces = [Face.CUSTOMER]
    if PARTNER in roles_of(ctx, customer_id):
        faces.append(Face.PARTNER)
    offered = {
        str(face): [(s.right, s.label) for s in sections_of(ctx.assembly, face) if s.right] for face in faces
    }
    data = {
        "customer": customer,
        "kinds": list(names.KINDS.items()),
        "uses": list(points.USES.items()),
        "offered": offered,
        "currency": ctx.assembly.settings.currency,
        "today": ctx.now.date(),
        "may_edit": ctx.actor.may(EDIT),
        "may_invite": ctx.actor.may(INVITE),
        "may_view_as": ctx.actor.may(VIEW_AS),
        **profile_data(ctx, customer_id),
    }
    return Page("customers/profile.html", data)


@post("/customers/{customer_id:int}/accounts", permission=INVITE)
def invite(ctx: Context, customer_id: int) -> Redirect:
    """Let someone act for the customer in a portal (form: email, name, face, rights, limit, since, until)."""
    customer_of(ctx, customer_id, "edit")
    face = Face.PARTNER if ctx.web.value("face") == Face.PARTNER else Face.CUSTOMER
    terms = _terms(ctx, face, ())
    account_id = add_account(
        ctx, ctx.web.value("email"), ctx.web.value("name"), customer_id, terms.rights, face
    )
    change_mandate(ctx, account_id, customer_id, terms)
    person = person_of(ctx.session, account_id=account_id)
    link = letters.invite(ctx, person)
    told = (
        f"Send them this link, it is good once: {link}"
        if link
        else f"An invitation is on its way to {person.email}."
    )
    return _back(customer_id, told)


@post("/customers/{customer_id:int}/accounts/{account_id:int}", permission=INVITE)
def set_mandate(ctx: Context, customer_id: int, account_id: int) -> Redirect:
    """Set what the account may do for the customer (form: rights, limit, limit_currency, since, until).

    An empty limit is none. Rights of modules that are away stay.
    """
    customer_of(ctx, customer_id, "edit")
    person = person_of(ctx.session, account_id=account_id)
    held = next((row["rights"] for row in accounts_of(ctx, customer_id) if row["id"] == account_id), ())
    change_mandate(ctx, account_id, customer_id, _terms(ctx, person.face, held))
    return _back(customer_id, f"What {person.name} may do is changed.")


def _terms(ctx: Context, face: Face, held: Sequence[str]) -> Terms:
    offered = {section.right for section in sections_of(ctx.assembly, face) if section.right}
    rights = {right for right in ctx.web.values("rights") if right in offered} | (set(held) - offered)
    amount, currency = ctx.web.value("limit"), ctx.web.value("limit_currency").upper()
    try:
        settled = currency or ctx.assembly.settings.currency
        limit = Money(minor_units(amount, settled), settled) if amount else None
    except ValueError as error:
        raise Invalid.field("limit", f"This {error}") from error
    return Terms(rights, limit, day_of(ctx, "since"), day_of(ctx, "until"))


@post("/customers/{customer_id:int}/accounts/{account_id:int}/end", permission=INVITE)
def end_access(ctx: Context, customer_id: int, account_id: int) -> Redirect:
    """The account acts for this customer no more, from its next request on."""
    customer_of(ctx, customer_id, "edit")
    end_mandate(ctx, account_id, customer_id)
    return _back(customer_id, "Access ended.")


@post("/customers/{customer_id:int}/accounts/{account_id:int}/view", permission=VIEW_AS)
def view_as(ctx: Context, customer_id: int, account_id: int) -> Redirect:
    """See the portal as the account does for this customer: half an hour, read only, audited."""
    customer_of(ctx, customer_id)
    secret = start_viewing(ctx, account_id, customer_id)
    door = door_of(person_of(ctx.session, account_id=account_id).face, "")
    return Redirect(door.home, cookies=(Cookie(door.cookie, secret),))


@post("/customers/{customer_id:int}/files", permission=EDIT, upload=50_000_000)
def attach(ctx: Context, customer_id: int) -> Redirect:
    """Keep a file with the customer (form: file)."""
    customer_of(ctx, customer_id, "edit")
    upload = ctx.web.upload("file")
    if upload is None:
        raise Invalid.field("file", "Choose a file.")
    files.attach(ctx, files.store(ctx, upload.name, upload.data), "customers", customer_id)
    return _back(customer_id, "File kept.")


ROUTES: tuple[Route, ...] = (show, invite, set_mandate, end_access, view_as, attach)
