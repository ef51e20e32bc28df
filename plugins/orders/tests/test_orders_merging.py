"""Holds over a merge and a split, by before_customer_merge and after_customer_split."""

from __future__ import annotations

from patron import Context, table
from patron.assembly import Assembly
from patron.customers import links, merging, splitting
from patron.testing.faces import make_customer, working
from patron_orders.models import CustomerHold
from patron_orders.services import holds
from sqlalchemy import select


def held(ctx: Context) -> list[int]:
    """The customers on hold, once per hold in force."""
    t = table(CustomerHold)
    statement = select(t.c.customer_id).where(t.c.released_at.is_(None)).order_by(t.c.id)
    return list(ctx.session.execute(statement).scalars())


def test_two_holds_become_one_and_two_again(assembly: Assembly) -> None:
    one, two = make_customer(assembly, "Ada Lovelace"), make_customer(assembly, "A. Lovelace")
    with working(assembly) as ctx:
        links.sync_links(ctx)
        holds.place(ctx, one, "Cheque bounced")
        holds.place(ctx, two, "Disputed invoice")
    with working(assembly) as ctx:
        merge_id = merging.merge(ctx, one, two)
    with working(assembly) as ctx:
        assert held(ctx) == [one]
        splitting.split(ctx, merge_id)
    with working(assembly) as ctx:
        assert sorted(held(ctx)) == sorted([one, two])


def test_a_single_hold_follows_the_customer(assembly: Assembly) -> None:
    one, two = make_customer(assembly, "Ada Lovelace"), make_customer(assembly, "A. Lovelace")
    with working(assembly) as ctx:
        links.sync_links(ctx)
        holds.place(ctx, two, "Disputed invoice")
    with working(assembly) as ctx:
        merge_id = merging.merge(ctx, one, two)
    with working(assembly) as ctx:
        assert held(ctx) == [one]
        splitting.split(ctx, merge_id)
    with working(assembly) as ctx:
        assert held(ctx) == [two]
