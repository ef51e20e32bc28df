"""Stock under many buyers at once, on both engines: never one more than there is; and a control that sells too many."""

from __future__ import annotations

import pytest
from patron import Conflict, Context, Invalid, editing, table
from patron.assembly import Assembly
from patron.testing.faces import working
from patron_ecommerce.models import Checkout, Reservation, Stock, StockMove
from patron_ecommerce.services import following, stock
from patron_orders.models import Order
from shop_world import add_product, at_once, fill_cart, order, place, stock_of
from sqlalchemy import func, select, update


def rounds(assembly: Assembly, count: int, buyers: int, on_hand: int) -> None:
    """So many buyers want one piece each, half of them on two lines; no round sells more than there is."""
    for number in range(count):
        product_id = add_product(assembly, f"RND-{number}", on_hand=on_hand)
        carts = [fill_cart(assembly, [(product_id, 1, "")]) for _ in range(buyers)]
        results = at_once(assembly, place, carts)
        sold = [result for result in results if not isinstance(result, Exception)]
        assert all(isinstance(error, Invalid) for error in results if isinstance(error, Exception)), results
        assert len(sold) == on_hand, f"round {number}: {len(sold)} of {on_hand}"
        assert stock_of(assembly, product_id) == (on_hand, on_hand, 0)
        with assembly.database.read() as session:
            k = table(Checkout)
            ids = [placed.checkout_id for placed in sold]
            made = (
                select(func.count())
                .select_from(table(Order))
                .where(table(Order).c.id.in_(select(k.c.order_id).where(k.c.id.in_(ids))))
            )
            assert session.execute(made).scalar_one() == on_hand


def test_no_more_is_sold_than_there_is(assembly: Assembly) -> None:
    rounds(assembly, 2, 12, 3)


@pytest.mark.soak
def test_fifty_rounds_of_fifty_buyers(assembly: Assembly) -> None:
    rounds(assembly, 50, 50, 7)


def test_one_article_on_two_lines_counts_together(assembly: Assembly) -> None:
    product_id = add_product(assembly, on_hand=5)
    carts = [fill_cart(assembly, [(product_id, 2, "oak"), (product_id, 2, "pine")]) for _ in range(6)]
    results = at_once(assembly, place, carts)
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert stock_of(assembly, product_id) == (5, 4, 1)
    cart = fill_cart(assembly, [(product_id, 1, "oak"), (product_id, 1, "pine")])
    with pytest.raises(Invalid, match="cannot be ordered as it stands"), working(assembly) as ctx:
        place(ctx, cart)


def test_the_control_oversells_with_the_lock_off(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the buyers see is read first and written afterwards, without asking again: then they buy what is gone."""
    product_id = add_product(assembly, on_hand=1)

    def look_then_take(ctx: Context, stock_id: int, pieces: int) -> bool:
        t = table(Stock)
        taken = {"reserved": t.c.reserved + pieces, "free": t.c.free - pieces}
        ctx.session.execute(update(t).where(t.c.id == stock_id).values(taken))
        return True

    with assembly.database.read() as session:
        seen = stock.available(Context(session, assembly), [product_id])
    monkeypatch.setattr(stock, "_take", look_then_take)
    monkeypatch.setattr(stock, "available", lambda ctx, ids: seen)
    carts = [fill_cart(assembly, [(product_id, 1, "")]) for _ in range(6)]
    results = at_once(assembly, place, carts)
    assert sum(not isinstance(result, Exception) for result in results) == 6
    assert stock_of(assembly, product_id) == (1, 6, -5)


def test_two_who_want_the_same_two_articles_do_not_wait_for_each_other_for_ever(assembly: Assembly) -> None:
    first, second = add_product(assembly, "A-1", on_hand=50), add_product(assembly, "B-1", on_hand=50)
    carts = [
        fill_cart(assembly, [(one, 1, ""), (other, 1, "")])
        for one, other in [(first, second), (second, first)] * 6
    ]
    results = at_once(assembly, place, carts)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert stock_of(assembly, first) == stock_of(assembly, second) == (50, 12, 38)


def test_stock_follows_the_order(assembly: Assembly) -> None:
    product_id = add_product(assembly, on_hand=5)
    sent, dropped = order(assembly, product_id, 2), order(assembly, product_id, 3)
    assert stock_of(assembly, product_id) == (5, 5, 0)
    with working(assembly) as ctx:
        for placed, act in ((sent, following.on_fulfilled), (dropped, following.on_cancelled)):
            order_id = ctx.session.execute(
                select(table(Checkout).c.order_id).where(table(Checkout).c.id == placed.checkout_id)
            ).scalar_one()
            for _ in range(2):  # a handler may be run again
                act(ctx, type("E", (), {"payload": {"id": order_id}})())
    assert stock_of(assembly, product_id) == (3, 0, 3)
    with assembly.database.read() as session:
        states = set(session.execute(select(table(Reservation).c.state)).scalars())
        kinds = list(
            session.execute(select(table(StockMove).c.kind).order_by(table(StockMove).c.id)).scalars()
        )
    assert states == {"shipped", "released"}
    assert kinds == ["reserved", "reserved", "shipped", "released"]


def test_an_adjustment_has_a_reason_and_leaves_no_less_than_nothing(assembly: Assembly) -> None:
    product_id = add_product(assembly, on_hand=5)
    with working(assembly) as ctx:
        stock_id = ctx.session.execute(select(table(Stock).c.id)).scalar_one()
        stock.adjust(ctx, stock_id, -2, "Damaged")
    assert stock_of(assembly, product_id) == (3, 0, 3)
    for difference, reason, error in ((1, " ", Invalid), (0, "Counted", Invalid), (-4, "Counted", Conflict)):
        with pytest.raises(error), working(assembly) as ctx:
            stock.adjust(ctx, stock_id, difference, reason)
    with pytest.raises(Invalid, match="Adjust"), working(assembly) as ctx:
        editing.change(ctx, assembly.resource("ecommerce.stock"), stock_id, {"on_hand": 9})
    results = at_once(assembly, lambda ctx, by: stock.adjust(ctx, stock_id, by, "Counted"), [-1] * 6)
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert stock_of(assembly, product_id) == (0, 0, 0)
