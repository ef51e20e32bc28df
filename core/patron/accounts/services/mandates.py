"""What an account may decide for a customer: rights, dates, and the amount up to which it may commit it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update

from patron.accounts.audit import record
from patron.accounts.authentication import holds
from patron.accounts.models import Account, Mandate
from patron.context import Context
from patron.errors import Invalid, NotFound
from patron.money import Money
from patron.permissions import Face
from patron.records import table


@dataclass(frozen=True)
class Terms:
    """What a mandate says. ``limit`` None is no limit; the days are the first and the last on which it counts."""

    rights: Iterable[str]
    limit: Money | None = None
    since: date | None = None
    until: date | None = None


def change_mandate(ctx: Context, account_id: int, customer_id: int, terms: Terms) -> None:
    """Set what the account may do for the customer, from its next request on. Invalid; NotFound without a mandate."""
    if terms.limit is not None and terms.limit.minor < 0:
        raise Invalid.field("limit", "An amount, please: none is no limit.")
    if terms.since and terms.until and terms.until < terms.since:
        raise Invalid.field("until", "It cannot end before it begins.")
    t = table(Mandate)
    which = (t.c.account_id == account_id, t.c.customer_id == customer_id)
    before = ctx.session.execute(select(t).where(*which)).mappings().first()
    if before is None:
        raise NotFound("This account does not act for the customer.")
    values: dict[str, Any] = {
        "rights": sorted(set(terms.rights)),
        "approve_limit_minor": terms.limit.minor if terms.limit else None,
        "currency": terms.limit.currency if terms.limit else "",
        "since": terms.since,
        "until": terms.until,
    }
    changed = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if changed:
        ctx.session.execute(update(t).where(*which).values(values))
        record(ctx, "mandate", "accounts", account_id, changed, customer_id=customer_id)


def beyond(ctx: Context, customer_id: int, amount: Money) -> str:
    """Why the acting account may not commit the customer to this amount, in a sentence; empty when it may.

    A limit in another currency lets nothing through. Who is not signed in for the customer is held to the least that
    anybody may approve there: else signing out would lift the limit.
    """
    limits = _limits(ctx, customer_id)
    acting = next((row for row in limits if row.account_id == _acting_for(ctx, customer_id)), None)
    if acting is not None:
        if _reaches(acting, amount):
            return ""
        said = (
            f"You may approve up to {Money(acting.approve_limit_minor, acting.currency).format(ctx.locale)};"
            f" this is {amount.format(ctx.locale)}."
        )
        others = [row.name for row in limits if row.account_id != acting.account_id and _reaches(row, amount)]
        if not others:
            return f"{said} Nobody else at your firm may approve it here: please get in touch with us."
        return f"{said} Who may approve it: {', '.join(others)}."
    if all(_reaches(row, amount) for row in limits):
        return ""
    return f"{amount.format(ctx.locale)} needs someone at your firm who may approve it: please sign in first."


def _acting_for(ctx: Context, customer_id: int) -> int | None:
    """The acting account, when it acts for that customer."""
    outside = ctx.actor.kind in (Face.CUSTOMER, Face.PARTNER) and ctx.actor.customer_id == customer_id
    return ctx.actor.id if outside else None


def _limits(ctx: Context, customer_id: int) -> list[Any]:
    """The mandates for the customer that count today, of accounts that may sign in."""
    t, a = table(Mandate), table(Account)
    statement = (
        select(t.c.account_id, t.c.approve_limit_minor, t.c.currency, a.c.name)
        .select_from(t.join(a, a.c.id == t.c.account_id))
        .where(t.c.customer_id == customer_id, a.c.active.is_(True), *holds(Face.CUSTOMER, ctx.now))
        .order_by(a.c.name, a.c.id)
    )
    return list(ctx.session.execute(statement).all())


def _reaches(mandate: Any, amount: Money) -> bool:
    if mandate.approve_limit_minor is None:
        return True
    return bool(mandate.currency == amount.currency and mandate.approve_limit_minor >= amount.minor)
