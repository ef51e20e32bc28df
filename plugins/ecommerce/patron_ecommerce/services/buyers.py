"""Who buys: guests with a customer row of their own, accounts, and the day on which the two become one.

What a guest types proves nothing, so a guest's orders never reach a customer that is known already. Once an account has
followed a link sent to its personal address, the guest rows of that address are that customer's, by an ordinary merge
that can be split again. A role address (info@) is read by several people: it claims nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patron import (
    Account,
    ContactHolder,
    ContactPoint,
    Context,
    Customer,
    Event,
    Invalid,
    Mandate,
    audit,
    contacts,
    editing,
    facts,
    merging,
    normalise,
    portal,
    read_one,
    savepoint,
    table,
    timeline,
)
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from patron_ecommerce.models import Checkout
from patron_ecommerce.services.common import MODULE, RIGHT, shop

SOURCE = "shop"
ADDRESS = ("line1", "line2", "postcode", "city", "country")


@dataclass(frozen=True)
class Buyer:
    """Whose order it is. A guest's customer is made when the order is placed."""

    customer_id: int
    account_id: int | None
    guest: bool


def guest(ctx: Context, details: Mapping[str, str]) -> int:
    """The customer row of a guest: that of an earlier guest order from the same address, or a new one, unverified.

    At a role address the name must be the same too, since several people write from it.
    """
    known = _guest_rows(ctx, details["email"], details["name"])
    if known:
        return known[0]
    given: dict[str, Any] = {
        "kind": "person", "name": details["name"], "emails": [details["email"]], "standing": "unverified",
        "phones": [details["phone"]] if details["phone"] else [], "source": SOURCE,
        "addresses": [{part: details[part] for part in ADDRESS if details[part]}],
    }  # fmt: skip
    try:
        with savepoint(ctx.session):
            return _create(ctx, given)
    except IntegrityError:  # somebody has just made a row with the same address or number
        return next(iter(_guest_rows(ctx, details["email"], details["name"])), 0) or _create(ctx, given)


def _create(ctx: Context, given: Mapping[str, Any]) -> int:
    return int(editing.create(shop(ctx), ctx.assembly.resource("customers"), given).key)


def _guest_rows(ctx: Context, email: str, name: str = "") -> list[int]:
    """Unverified customers that guest orders from this address have made, the oldest first."""
    address = normalise.email_address(email)
    h, p, c = table(ContactHolder), table(ContactPoint), table(Customer)
    statement = (
        select(c.c.id)
        .select_from(h.join(p, p.c.id == h.c.contact_point_id).join(c, c.c.id == h.c.customer_id))
        .where(p.c.kind == "email", p.c.value == address.normalised, c.c.trashed_at.is_(None))
        .where(
            h.c.until.is_(None),
            c.c.standing == "unverified",
            c.c.source == SOURCE,
            c.c.merged_into_id.is_(None),
        )
    )
    if address.is_role:
        statement = statement.where(c.c.match_key == normalise.fold(name))
    return list(ctx.session.execute(statement.order_by(c.c.id)).scalars())


def known_holders(ctx: Context, email: str) -> set[int]:
    """Customers whose personal address this is, guests' rows included: their holds stop a guest's order too."""
    value = normalise.email_address(email).normalised
    held = contacts.holders_of(ctx, "email", {value}).get(value, [])
    return {row.customer_id for row in held if row.use == "personal"}


def details_of(ctx: Context, customer_id: int | None) -> dict[str, str]:
    """What the checkout's form says already for who is signed in: name, address and phone of the customer."""
    if customer_id is None:
        return {"country": ctx.assembly.settings.country}
    item = read_one(shop(ctx), ctx.assembly.resource("customers"), customer_id)
    address: Mapping[str, str] = next(iter(item.get("addresses") or ()), {})
    return {
        "name": str(item["name"]),
        "email": ctx.actor.email,
        "phone": next(iter(item.get("phones") or ()), ""),
        **{part: address.get(part) or "" for part in ADDRESS},
        "country": address.get("country") or ctx.assembly.settings.country,
    }


# From guest to account


def on_verified(ctx: Context, event: Event) -> None:
    """An account has proven its address: what was ordered from it as a guest is that customer's from now on."""
    claim(ctx, int(event.payload["account"]))


def claim(ctx: Context, account_id: int) -> int:
    """Give the guest orders of the account's verified personal address to its customer. Returns how many there were."""
    a = table(Account)
    account = ctx.session.execute(
        select(a.c.email, a.c.email_verified_at, a.c.face).where(a.c.id == account_id)
    ).one()
    if account.email_verified_at is None or account.face != "customer":
        return 0
    if normalise.email_address(account.email).is_role:
        return 0
    rows = _guest_rows(ctx, account.email)
    target = _customer_of(ctx, account_id, account.email, rows)
    if target is None:
        return 0
    for merged in rows:
        if merged != target:
            merging.merge(shop(ctx), target, merged)
    _verify(ctx, target, account.email)
    _grant(ctx, account_id, target)
    claimed = _mark_claimed(ctx, account_id, target, account.email)
    facts.mark(ctx, "ecommerce.checkouts", [target])
    if claimed:
        said = "One guest order" if claimed == 1 else f"{claimed} guest orders"
        title = f"{said} claimed by the verified address"
        timeline.add(ctx, target, "ecommerce.orders.claimed", title, module=MODULE)
    return claimed


def unclaimed(ctx: Context, account_id: int) -> int:
    """Guest orders of the account's verified personal address that are not its customer's yet. Two statements."""
    a, k = table(Account), table(Checkout)
    account = ctx.session.execute(
        select(a.c.email, a.c.email_verified_at).where(a.c.id == account_id)
    ).first()
    if account is None or account.email_verified_at is None or normalise.email_address(account.email).is_role:
        return 0
    open_ones = (k.c.email_key == account.email, k.c.guest.is_(True), k.c.claimed_at.is_(None))
    return int(ctx.session.execute(select(func.count()).select_from(k).where(*open_ones)).scalar_one())


def _customer_of(ctx: Context, account_id: int, email: str, guests: list[int]) -> int | None:
    """The one person the account stands for: by its mandate, else who alone has its address, else the guest."""
    m, c = table(Mandate), table(Customer)
    mandated = (
        select(c.c.id)
        .select_from(m.join(c, c.c.id == m.c.customer_id))
        .where(m.c.account_id == account_id, c.c.kind == "person", c.c.trashed_at.is_(None))
    )
    own = list(ctx.session.execute(mandated.order_by(m.c.id)).scalars())
    if settled := [customer_id for customer_id in own if customer_id not in guests]:
        return settled[0] if len(settled) == 1 else None
    people = sorted(known_holders(ctx, email) - set(guests))
    return people[0] if len(people) == 1 else next(iter([*own, *guests]), None)


def _verify(ctx: Context, customer_id: int, email: str) -> None:
    """The customer is known, and holds the address by proof."""
    customers = ctx.assembly.resource("customers")
    editing.change(shop(ctx), customers, customer_id, {"standing": "known"})
    h, p = table(ContactHolder), table(ContactPoint)
    value = normalise.email_address(email).normalised
    point = select(p.c.id).where(p.c.kind == "email", p.c.value == value).scalar_subquery()
    mine = (h.c.customer_id == customer_id, h.c.contact_point_id == point)
    ctx.session.execute(update(h).where(*mine).values(verified_at=ctx.now))


def _grant(ctx: Context, account_id: int, customer_id: int) -> None:
    m = table(Mandate)
    held = select(m.c.rights).where(m.c.account_id == account_id, m.c.customer_id == customer_id)
    rights = set(ctx.session.execute(held).scalar() or ())
    portal.set_mandate(ctx, account_id, customer_id, rights | {RIGHT})


def _mark_claimed(ctx: Context, account_id: int, customer_id: int, email: str) -> int:
    k = table(Checkout)
    key = normalise.email_address(email).normalised
    claimed = (
        update(k)
        .where(
            k.c.email_key == key,
            k.c.customer_id == customer_id,
            k.c.guest.is_(True),
            k.c.claimed_at.is_(None),
        )
        .values(claimed_at=ctx.now, account_id=account_id, updated_at=ctx.now, version=k.c.version + 1)
        .returning(k.c.id)
    )
    ids = list(ctx.session.execute(claimed).scalars())
    for checkout_id in ids:
        audit.record(ctx, "claim", "ecommerce.checkouts", checkout_id, customer_id=customer_id)
    return len(ids)


def sign_up(ctx: Context, email: str, name: str) -> str:
    """An account for a personal address, and the letter that leads into it. Returns the link to be mailed.

    Invalid for a role address. An account that exists already gets a new invitation when it was never used, and
    otherwise nothing but a link to choose a new password; who asks is told the same.
    """
    address = normalise.email_address(email)
    if address.is_role:
        raise Invalid.field(
            "email", "This address is read by several people: an account needs a personal one."
        )
    a = table(Account)
    known = ctx.session.execute(
        select(a.c.id, a.c.email_verified_at, a.c.active).where(
            a.c.email == address.normalised, a.c.face == "customer"
        )
    ).first()
    if known is not None:
        return (
            portal.invite_account(ctx, known.id) if known.active and known.email_verified_at is None else ""
        )
    rows = _guest_rows(ctx, email)
    customer_id = rows[0] if rows else _create(ctx, _stranger(email, name))
    account_id = portal.add_account(shop(ctx), email, name, customer_id, {RIGHT})
    return portal.invite_account(ctx, account_id)


def _stranger(email: str, name: str) -> dict[str, Any]:
    return {"kind": "person", "name": name, "emails": [email], "standing": "unverified", "source": SOURCE}
