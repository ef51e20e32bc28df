"""Customers on hold: who places and releases it, who sees it, and what it stops."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from patron import Actor, Conflict, Context, Invalid, Money, Scope, editing, table, timeline
from patron.system.models import OutboxEvent
from patron_orders.api import Line, hold_of
from patron_orders.models import CustomerHold
from patron_orders.services import holds, orders
from sqlalchemy import select

Add = Callable[..., int]


def seller(*permissions: str) -> Actor:
    every = (
        "customers.read",
        "orders.orders.read",
        "orders.orders.create",
        "orders.orders.edit",
        *permissions,
    )
    return Actor("user", None, "Sam Seller", grants=dict.fromkeys(every, Scope.ALL))


def test_a_hold_is_told_with_its_reason_and_history(ctx: Context, add_customer: Add) -> None:
    customer = add_customer(ctx)
    assert hold_of(ctx, customer) is None
    holds.place(ctx, customer, "  Three invoices\nunpaid ")
    hold = hold_of(ctx, customer)
    assert hold is not None
    assert (hold.reason, hold.placed_by, hold.placed_at) == ("Three invoices unpaid.", "Patron", ctx.now)
    with pytest.raises(Conflict, match="on hold already: Three invoices unpaid"):
        holds.place(ctx, customer, "Again")
    holds.release(ctx, customer, "Paid today.")
    assert hold_of(ctx, customer) is None
    with pytest.raises(Conflict, match="not on hold"):
        holds.release(ctx, customer, "Again")
    holds.place(ctx, customer, "Cheque returned")
    rows = (
        ctx.session.execute(select(table(CustomerHold)).order_by(table(CustomerHold).c.id)).mappings().all()
    )
    assert [(row["reason"], row["release_reason"]) for row in rows] == [
        ("Three invoices unpaid.", "Paid today."),
        ("Cheque returned.", ""),
    ]
    entries, _ = timeline.read(ctx, customer)
    assert [entry.title for entry in reversed(entries)] == [
        "Put on hold: Three invoices unpaid.",
        "Hold released: Paid today.",
        "Put on hold: Cheque returned.",
    ]
    t = table(OutboxEvent)
    names = ctx.session.execute(select(t.c.name).where(t.c.name.startswith("orders.hold")).order_by(t.c.id))
    assert list(names.scalars()) == ["orders.hold.placed", "orders.hold.released", "orders.hold.placed"]


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 501])
def test_a_hold_needs_a_reason(ctx: Context, add_customer: Add, reason: str) -> None:
    with pytest.raises(Invalid):
        holds.place(ctx, add_customer(ctx), reason)


def test_no_order_is_made_or_confirmed_while_on_hold(ctx: Context, add_customer: Add, add_order: Add) -> None:
    customer = add_customer(ctx)
    before = add_order(ctx, customer, 1)
    resource = ctx.assembly.resource("orders.orders")
    draft = editing.create(ctx, resource, {"customer": customer})
    orders.add_line(ctx, draft.key, Line(None, "Desk", Decimal(1), Money(100, "EUR"), "19"))
    holds.place(ctx, customer, "Unpaid")
    mine = ctx.acting_as(seller())
    with pytest.raises(Conflict, match=r"on hold since .* \(Patron\): Unpaid\. Ask accounts to release it"):
        add_order(mine, customer, 2)
    with pytest.raises(Conflict, match="on hold since"):
        add_order(mine, customer, 2, override_reason="I like them")
    with pytest.raises(Conflict, match="on hold since"):
        orders.confirm(mine, draft.key, "I like them")
    with pytest.raises(Invalid, match="on hold since"):
        editing.change(mine, resource, draft.key, {"status": "confirmed"})
    assert add_order(mine, customer, 1) == before
    holds.release(ctx, customer, "Paid")
    orders.confirm(mine, draft.key)


def test_a_hold_of_who_pays_stops_the_order_too(ctx: Context, add_customer: Add) -> None:
    customer, parent = add_customer(ctx), add_customer(ctx, "Adler Holding")
    resource = ctx.assembly.resource("orders.orders")
    draft = editing.create(ctx, resource, {"customer": customer, "bill_to": parent})
    orders.add_line(ctx, draft.key, Line(None, "Desk", Decimal(1), Money(100, "EUR"), "19"))
    holds.place(ctx, parent, "Unpaid")
    with pytest.raises(Conflict, match="on hold"):
        orders.confirm(ctx, draft.key)


def test_who_may_override_says_why_and_it_is_on_record(
    ctx: Context, add_customer: Add, add_order: Add
) -> None:
    customer = add_customer(ctx)
    holds.place(ctx, customer, "Unpaid")
    manager = ctx.acting_as(seller("orders.override_hold"))
    with pytest.raises(Conflict, match="Say why to do it nevertheless"):
        add_order(manager, customer, 1)
    add_order(manager, customer, 1, override_reason="Paid in cash at the counter")
    entries, _ = timeline.read(ctx, customer)
    assert "Sold to in spite of the hold: Paid in cash at the counter" in [entry.title for entry in entries]
    assert hold_of(ctx, customer) is not None


def test_an_order_made_for_another_keeps_who_did_it(ctx: Context, add_customer: Add, add_order: Add) -> None:
    """The rights of the unit of work grow for the order alone; the actor in audit and history stays the person."""
    customer = add_customer(ctx)
    mine = ctx.acting_as(Actor("customer", 5, "Eva Buyer", customer_id=customer))
    add_order(mine, customer, 1)
    entries, _ = timeline.read(ctx, customer)
    assert entries[0].actor == "Eva Buyer"
    assert not mine.actor.may("orders.orders.read")
