"""Outside accounts: of customers and partners, acting for customers by mandate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from patron.accounts.audit import record
from patron.accounts.authentication import PARTNER, Identity, holds
from patron.accounts.models import Account, Mandate, SignIn
from patron.accounts.services.links import make_link
from patron.accounts.services.people import end_links, find_person, person_of
from patron.accounts.services.sessions import end_sessions
from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import PortalSection
from patron.customers.models import Customer
from patron.customers.normalise import email_address
from patron.customers.roles import roles_of
from patron.errors import Conflict, Invalid, NotFound
from patron.events import publish
from patron.permissions import Face
from patron.records import table


@dataclass(frozen=True)
class MandateView:
    """One customer that an account may act for."""

    customer_id: int
    customer_name: str
    rights: tuple[str, ...]
    current: bool


def add_account(
    ctx: Context, email: str, name: str, customer_id: int, rights: Iterable[str], face: Face = Face.CUSTOMER
) -> int:
    """An account that may act for the customer; an account that exists gets the mandate too. Returns its id.

    Invalid for an address that several read, and on the partners' face for a customer that is no partner; Conflict
    where it acts for the customer already: what it may do is changed by its mandate.
    """
    address = email_address(email)
    if face == Face.PARTNER and PARTNER not in roles_of(ctx, customer_id):
        raise Invalid(
            "Give the customer the role “partner” first: only partners have access to their portal."
        )
    if address.is_role:
        raise Invalid.field(
            "email", f"{address.display} is read by several people: an account belongs to one person."
        )
    found = find_person(ctx.session, face, address.normalised)
    if found is None:
        row = Account(face=str(face), email=address.normalised, name=name.strip()[:200] or address.display)
        ctx.session.add(row)
        ctx.session.flush()
        record(
            ctx,
            "create",
            "accounts",
            row.key,
            {"email": ("", row.email), "name": ("", row.name)},
            customer_id=customer_id,
        )
        account_id = row.key
    else:
        account_id = found.id
        m = table(Mandate)
        held = select(m.c.id).where(m.c.account_id == account_id, m.c.customer_id == customer_id)
        if ctx.session.execute(held).first() is not None:
            raise Conflict(f"{address.display} acts for them already: change what they may do there.")
    set_mandate(ctx, account_id, customer_id, rights)
    return account_id


def set_mandate(ctx: Context, account_id: int, customer_id: int, rights: Iterable[str]) -> None:
    """Let the account act for the customer with exactly these rights."""
    t = table(Mandate)
    which = (t.c.account_id == account_id, t.c.customer_id == customer_id)
    before = ctx.session.execute(select(t.c.rights).where(*which)).scalar()
    wanted = sorted(set(rights))
    if before is None:
        ctx.session.execute(
            insert(t).values(account_id=account_id, customer_id=customer_id, rights=wanted, currency="")
        )
    elif list(before) != wanted:
        ctx.session.execute(update(t).where(*which).values(rights=wanted))
    if before is None or list(before) != wanted:
        record(ctx, "mandate", "accounts", account_id, {"rights": (before, wanted)}, customer_id=customer_id)


def end_mandate(ctx: Context, account_id: int, customer_id: int) -> None:
    """The account acts for that customer no more, from its next request on. NotFound without a mandate."""
    t = table(Mandate)
    gone = delete(t).where(t.c.account_id == account_id, t.c.customer_id == customer_id).returning(t.c.rights)
    row = ctx.session.execute(gone).first()
    if row is None:
        raise NotFound()
    record(ctx, "mandate", "accounts", account_id, {"rights": (row.rights, None)}, customer_id=customer_id)


def invite_account(ctx: Context, account_id: int) -> str:
    """The address of a one-time invitation for the account."""
    return make_link(ctx, person_of(ctx.session, account_id=account_id), "invite")


def disable_account(ctx: Context, account_id: int) -> None:
    """From the next request on nothing of this account works."""
    person = person_of(ctx.session, account_id=account_id)
    if person.active:
        _set_active(ctx, account_id, False)
        end_sessions(ctx, person)
        end_links(ctx, person)


def enable_account(ctx: Context, account_id: int) -> None:
    """Let the account sign in again."""
    if not person_of(ctx.session, account_id=account_id).active:
        _set_active(ctx, account_id, True)


def _set_active(ctx: Context, account_id: int, active: bool) -> None:
    t = table(Account)
    values = {"active": active, "updated_at": ctx.now, "version": t.c.version + 1}
    ctx.session.execute(update(t).where(t.c.id == account_id).values(values))
    record(ctx, "enable" if active else "disable", "accounts", account_id, {"active": (not active, active)})


def mark_verified(ctx: Context, account_id: int) -> None:
    """The account has followed a link sent to its address."""
    t = table(Account)
    verified = (
        update(t)
        .where(t.c.id == account_id, t.c.email_verified_at.is_(None))
        .values(email_verified_at=ctx.now)
        .returning(t.c.id)
    )
    if ctx.session.execute(verified).first() is not None:
        publish(ctx, "accounts.verified", {"account": account_id})


def sections_of(assembly: Assembly, face: Face) -> list[PortalSection]:
    """What the enabled modules offer in the portal of a face, in order."""
    return [
        section
        for module, section in assembly.portal_sections
        if section.face == face and module not in assembly.live.disabled
    ]


def my_mandates(ctx: Context) -> Sequence[MandateView]:
    """The customers that the acting account may act for today."""
    t, customers = table(Mandate), table(Customer)
    statement = (
        select(t.c.customer_id, customers.c.name, t.c.rights)
        .select_from(t.join(customers, customers.c.id == t.c.customer_id))
        .where(t.c.account_id == ctx.actor.id, *holds(Face(ctx.actor.kind), ctx.now))
        .order_by(t.c.id)
    )
    return [
        MandateView(row.customer_id, row.name, tuple(row.rights), row.customer_id == ctx.actor.customer_id)
        for row in ctx.session.execute(statement)
    ]


def switch_customer(ctx: Context, customer_id: int) -> str:
    """Act for another customer in this session; NotFound without a mandate. Returns the customer's name."""
    chosen = next((item for item in my_mandates(ctx) if item.customer_id == customer_id), None)
    if chosen is None:
        raise NotFound()
    identity: Identity = ctx.cache["identity"]
    t = table(SignIn)
    ctx.session.execute(update(t).where(t.c.id == identity.sign_in_id).values(customer_id=customer_id))
    return chosen.customer_name
