"""Vouchers: taken off to the cent, and used as often as they say, whoever orders at once."""

from __future__ import annotations

import pytest
from patron import Invalid, table
from patron.assembly import Assembly
from patron.testing.faces import working
from patron_ecommerce.models import Voucher
from patron_ecommerce.services import carts, payments
from shop_world import add_product, add_voucher, at_once, fill_cart, place
from sqlalchemy import select


def used(assembly: Assembly) -> int:
    with assembly.database.read() as session:
        return int(session.execute(select(table(Voucher).c.used)).scalar_one())


def many_use_one(assembly: Assembly, buyers: int) -> None:
    product_id = add_product(assembly)
    add_voucher(assembly, percent=50, uses=1)
    filled = [fill_cart(assembly, [(product_id, 1, "")], "save") for _ in range(buyers)]
    results = at_once(assembly, place, filled)
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert all(isinstance(error, Invalid) for error in results if isinstance(error, Exception)), results
    assert used(assembly) == 1


def test_a_single_use_is_one_use(assembly: Assembly) -> None:
    many_use_one(assembly, 10)


@pytest.mark.soak
def test_a_hundred_use_a_single_use_code(assembly: Assembly) -> None:
    many_use_one(assembly, 100)


@pytest.mark.parametrize(
    ("values", "gross"),
    [
        ({"percent": 10}, 25609),  # of 180.00 and 39.15 net, plus 19 and 7 %
        ({"amount": {"minor": 2000, "currency": "EUR"}}, 26455),
        ({"amount": {"minor": 99900, "currency": "EUR"}}, 0),
    ],
)
def test_what_it_takes_off(assembly: Assembly, values: dict[str, object], gross: int) -> None:
    chair = add_product(assembly)
    book = add_product(assembly, "BKS-1", 4350, tax_class="reduced")
    add_voucher(assembly, **values)
    cart_id = fill_cart(assembly, [(chair, 2, ""), (book, 1, "")], " Save ")
    with working(assembly) as ctx:
        view = carts.priced(ctx, carts.Basket(cart_id, None, 1))
        assert sum(item.sum.minor for item in view.items) == view.subtotal.minor == 28455
        assert view.totals.gross.minor == pytest.approx(gross, abs=1)
        assert view.subtotal - view.discount == view.totals.gross
        placed = place(ctx, cart_id, method="invoice")
        assert placed.gross == view.totals.gross


def test_an_order_that_comes_to_nothing_gives_it_back(assembly: Assembly) -> None:
    product_id = add_product(assembly)
    add_voucher(assembly, percent=50)
    cart_id = fill_cart(assembly, [(product_id, 1, "")], "SAVE")
    with working(assembly) as ctx:
        placed = place(ctx, cart_id)
    assert used(assembly) == 1
    for _ in range(2):
        with working(assembly) as ctx:
            payments.undo(ctx, placed.checkout_id)
    assert used(assembly) == 0


@pytest.mark.parametrize("values", [{}, {"percent": 0}, {"percent": 101}, {"percent": 5, "uses": 0},
                                    {"percent": 5, "amount": {"minor": 1, "currency": "EUR"}}])  # fmt: skip
def test_a_voucher_that_makes_no_sense_is_refused(assembly: Assembly, values: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        add_voucher(assembly, **values)
