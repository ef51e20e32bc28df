"""Many at once, on both engines: one payment, one invoice, numbers without a gap."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from patron import Busy, Conflict, Context, Money, table
from patron.assembly import Assembly
from patron_orders.api import issue_invoice, register_payment
from patron_orders.models import CustomerHold, Invoice, OpenItem, Order, Payment
from patron_orders.services import holds
from sqlalchemy import func, select

Add = Callable[..., int]


@pytest.fixture(scope="module")
def at_once() -> Callable[..., list[Any]]:
    """Runs a function in as many threads as there are arguments, each in a transaction of its own, all at once."""

    def run(assembly: Assembly, work: Callable[[Context, Any], Any], arguments: list[Any]) -> list[Any]:
        start = Barrier(len(arguments))
        results: list[Any] = [None] * len(arguments)

        def one(index: int, argument: Any) -> None:
            start.wait()
            while True:
                try:
                    with assembly.database.write() as session:
                        results[index] = work(Context(session, assembly), argument)
                    return
                except Busy:
                    continue
                except Exception as error:
                    results[index] = error
                    return

        threads = [Thread(target=one, args=pair) for pair in enumerate(arguments)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


def numbers(assembly: Assembly, model: type[Invoice] | type[Order]) -> list[int]:
    with assembly.database.read() as session:
        t = table(model)
        return sorted(int(text.rsplit("-", 1)[1]) for text in session.execute(select(t.c.number)).scalars())


def test_twenty_pay_one_item_and_one_does(
    assembly: Assembly, add_customer: Add, add_order: Add, at_once: Callable[..., list[Any]]
) -> None:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        issue_invoice(ctx, add_order(ctx, add_customer(ctx)))
        item_id = ctx.session.execute(select(table(OpenItem).c.id)).scalar_one()
    pay = lambda ctx, amount: register_payment(ctx, item_id, amount)  # noqa: E731
    results = at_once(assembly, pay, [Money(11900, "EUR")] * 20)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 19
    with assembly.database.read() as session:
        assert session.execute(select(table(OpenItem).c.paid_minor)).scalar_one() == 11900
        assert session.execute(select(func.sum(table(Payment).c.amount_minor))).scalar_one() == 11900


def test_the_same_form_sent_twice_at_once_is_one_payment(
    assembly: Assembly, add_customer: Add, add_order: Add, at_once: Callable[..., list[Any]]
) -> None:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        issue_invoice(ctx, add_order(ctx, add_customer(ctx)))
        item_id = ctx.session.execute(select(table(OpenItem).c.id)).scalar_one()
    pay = lambda ctx, token: register_payment(ctx, item_id, Money(100, "EUR"), token=token)  # noqa: E731
    at_once(assembly, pay, ["a"] * 6)
    with assembly.database.read() as session:
        assert session.execute(select(table(OpenItem).c.paid_minor)).scalar_one() == 100


def test_two_invoice_one_order_and_one_invoice_comes_of_it(
    assembly: Assembly, add_customer: Add, add_order: Add, at_once: Callable[..., list[Any]]
) -> None:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        order_id = add_order(ctx, add_customer(ctx))
    results = at_once(assembly, issue_invoice, [order_id] * 8)
    assert len(set(results)) == 1, results
    assert isinstance(results[0], int)
    assert numbers(assembly, Invoice) == [1]


def test_invoices_of_many_at_once_are_numbered_without_a_gap(
    assembly: Assembly, add_customer: Add, add_order: Add, at_once: Callable[..., list[Any]]
) -> None:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        customer = add_customer(ctx)
        order_ids = [add_order(ctx, customer, number) for number in range(16)]

    def issue(ctx: Context, order_id: int) -> int:
        invoice_id = issue_invoice(ctx, order_id)
        if order_id % 4 == 0:
            raise Conflict("Something later in the transaction was refused.")
        return invoice_id

    at_once(assembly, issue, order_ids)
    issued = numbers(assembly, Invoice)
    assert issued == list(range(1, len(issued) + 1))
    assert len(issued) == sum(order_id % 4 != 0 for order_id in order_ids)


def test_one_reference_at_once_is_one_order(
    assembly: Assembly, add_customer: Add, add_order: Add, at_once: Callable[..., list[Any]]
) -> None:
    with assembly.database.write() as session:
        customer = add_customer(Context(session, assembly))
    results = at_once(assembly, lambda ctx, reference: add_order(ctx, customer, reference), [7] * 8)
    assert len(set(results)) == 1, results
    assert numbers(assembly, Order) == [1]


def test_two_put_a_customer_on_hold_and_one_does(
    assembly: Assembly, add_customer: Add, at_once: Callable[..., list[Any]]
) -> None:
    with assembly.database.write() as session:
        customer = add_customer(Context(session, assembly))
    results = at_once(assembly, lambda ctx, reason: holds.place(ctx, customer, reason), ["Unpaid"] * 6)
    assert sum(isinstance(result, int) for result in results) == 1
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(CustomerHold))).scalar_one() == 1
