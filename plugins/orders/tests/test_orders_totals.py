"""What lines add up to: nothing is lost, whatever their number, order and rates."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patron import Invalid, Money
from patron_orders.api import Line, totals
from patron_orders.services.totals import hundredths, milli, percentage


def line(quantity: str, minor: int, rate: str = "19", discount: str = "0", currency: str = "EUR") -> Line:
    return Line(None, "Chair", Decimal(quantity), Money(minor, currency), rate, discount)


RATES = st.sampled_from(["0", "5.50", "7.00", "19.00", "20", "8.1"])
LINES = st.builds(
    line,
    st.integers(-10_000_000, 10_000_000).filter(bool).map(lambda n: str(Decimal(n).scaleb(-3))),
    st.integers(0, 10**11),
    RATES,
    st.integers(0, 10_000).map(percentage),
)


@given(st.lists(LINES, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_parts_add_up_in_any_order(lines: list[Line], rng: Random) -> None:
    found = totals(lines)
    assert sum(net.minor for net in found.line_nets) == found.net.minor
    assert sum(tax.minor for _, tax in found.tax_by_rate) == found.tax.minor
    assert found.gross == found.net + found.tax
    shuffled = list(lines)
    rng.shuffle(shuffled)
    again = totals(shuffled)
    assert (again.net, again.tax_by_rate, again.gross) == (found.net, found.tax_by_rate, found.gross)


@given(st.lists(LINES, min_size=1, max_size=8))
def test_giving_everything_back_leaves_nothing(lines: list[Line]) -> None:
    back = [
        Line(None, "Back", -item.quantity, item.unit_price, item.tax_rate, item.discount_percent)
        for item in lines
    ]
    given_back = totals(back)
    assert given_back.gross == -totals(lines).gross
    both = totals([*lines, *back])
    assert (both.net.minor, both.tax.minor, both.gross.minor) == (0, 0, 0)


@given(LINES)
def test_a_line_is_within_half_a_cent_of_the_exact_amount(item: Line) -> None:
    factor = item.quantity * (100 - Decimal(item.discount_percent)) / 100
    exact = item.unit_price.minor * factor
    assert abs(totals([item]).net.minor - exact) <= Decimal("0.5")


def test_a_known_invoice() -> None:
    found = totals([line("3", 3333, "19"), line("1.5", 999, "7"), line("1", 1000, "19", "7.5")])
    assert [net.minor for net in found.line_nets] == [9999, 1499, 925]
    assert found.tax_by_rate == (("19.00", Money(2076, "EUR")), ("7.00", Money(105, "EUR")))
    assert (found.net.minor, found.tax.minor, found.gross.minor) == (12423, 2181, 14604)


def test_ten_at_once_cost_what_ten_lines_of_one_cost() -> None:
    """23.90 including 20 %, ten times, less 25 %: the order and its refund are the same to the cent."""
    ten = totals([line("10", 1992, "20", "25")])
    assert ten.gross == Money(17928, "EUR")
    assert totals([line("-10", 1992, "20", "25")]).gross == -ten.gross


def test_rates_written_differently_are_one_rate() -> None:
    assert (
        len(totals([line("1", 100, "19"), line("1", 100, "19.0"), line("1", 100, "19.00")]).tax_by_rate) == 1
    )


def test_halves_go_away_from_zero() -> None:
    assert totals([line("0.5", 1, "0")]).net.minor == 1
    assert totals([line("-0.5", 1, "0")]).net.minor == -1


def test_yen_have_no_cents() -> None:
    assert totals([line("3", 333, "10", currency="JPY")]).gross == Money(1099, "JPY")


def test_currencies_are_never_added() -> None:
    with pytest.raises(Invalid, match="must be in EUR"):
        totals([line("1", 1), line("1", 1, currency="USD")])


def test_no_lines_are_nothing_of_a_known_currency_only() -> None:
    assert totals([], currency="EUR").gross == Money(0, "EUR")
    with pytest.raises(Invalid, match="at least one line"):
        totals([])


@pytest.mark.parametrize("quantity", ["0", "0.0001", "NaN", "Infinity", "1e12"])
def test_quantities_that_make_no_sense(quantity: str) -> None:
    with pytest.raises(Invalid):
        milli(Decimal(quantity))


@pytest.mark.parametrize("text", ["-1", "100.01", "19.001", "NaN", "x", ""])
def test_percentages_that_make_no_sense(text: str) -> None:
    with pytest.raises(Invalid):
        hundredths(text, "tax rate")
