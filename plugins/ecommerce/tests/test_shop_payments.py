"""Payments: webhooks before, after, twice, forged, late and with the wrong amount; refunds that go back once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from patron import Context, Money, table
from patron.assembly import Assembly
from patron.digest import digest_of
from patron.testing.faces import make_user, signed_in, working
from patron_ecommerce import testpay
from patron_ecommerce.models import Payment, PaymentEvent
from patron_ecommerce.providers import ProviderEvent
from patron_ecommerce.services import payments
from patron_orders.models import Invoice, Order
from patron_orders.models import Payment as Booked
from shop_world import Client, add_product, at_once, order, payment_of, stock_of, webhook
from sqlalchemy import func, select, update


def booked(assembly: Assembly) -> list[int]:
    with assembly.database.read() as session:
        return list(
            session.execute(select(table(Booked).c.amount_minor).order_by(table(Booked).c.id)).scalars()
        )


def outcomes(assembly: Assembly) -> list[str]:
    t = table(PaymentEvent)
    with assembly.database.read() as session:
        return list(session.execute(select(t.c.outcome).order_by(t.c.id)).scalars())


def test_paid_once_however_often_it_is_said(assembly: Assembly, client: Client) -> None:
    placed = order(assembly, add_product(assembly), 2)
    assert placed.gross.minor == 23800
    for event in ("evt_1", "evt_1", "evt_2"):
        assert webhook(client, event, placed.reference, 23800).status_code == 200
    assert webhook(client, "evt_3", placed.reference, 23800, kind="failed").json()["outcome"] == "ignored"
    payment = payment_of(assembly, placed.checkout_id)
    assert (payment.state, payment.received_minor) == ("paid", 23800)
    assert booked(assembly) == [23800]
    assert outcomes(assembly) == ["applied", "ignored", "ignored"]
    with assembly.database.read() as session:
        assert list(session.execute(select(table(Invoice).c.status)).scalars()) == ["paid"]


def test_the_same_webhook_many_times_at_once_books_once(assembly: Assembly) -> None:
    placed = order(assembly, add_product(assembly))
    event = ProviderEvent("evt_1", "paid", placed.reference, placed.gross, datetime.now(UTC))
    results = at_once(assembly, lambda ctx, _: payments.receive(ctx, "test", event, b"x"), range(8))
    assert sorted(result.outcome for result in results) == ["applied", *["repeated"] * 7]
    assert booked(assembly) == [placed.gross.minor]


def test_a_webhook_before_its_payment_waits_for_it(assembly: Assembly, client: Client) -> None:
    placed = order(assembly, add_product(assembly))
    with working(assembly) as ctx:  # as if the order were not there yet
        p = table(Payment)
        ctx.session.execute(update(p).values(reference="elsewhere"))
    assert webhook(client, "evt_1", placed.reference, placed.gross.minor).json()["outcome"] == "waiting"
    with working(assembly) as ctx:
        ctx.session.execute(update(p).values(reference=placed.reference))
        payments._apply_waiting(ctx, payment_of(assembly, placed.checkout_id).key)
    assert payment_of(assembly, placed.checkout_id).state == "paid"
    assert booked(assembly) == [placed.gross.minor]


def test_paid_after_it_failed_is_paid(assembly: Assembly, client: Client) -> None:
    placed = order(assembly, add_product(assembly))
    webhook(client, "evt_1", placed.reference, placed.gross.minor, kind="failed")
    assert payment_of(assembly, placed.checkout_id).state == "failed"
    webhook(client, "evt_2", placed.reference, placed.gross.minor)
    assert payment_of(assembly, placed.checkout_id).state == "paid"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": ""},
        {"webhook_id": "evt_other"},
        {"webhook_timestamp": "1"},
        {"webhook_timestamp": "soon"},
    ],
)
def test_a_forged_or_old_webhook_changes_nothing(
    assembly: Assembly, client: Client, spoilt: dict[str, str]
) -> None:
    placed = order(assembly, add_product(assembly))
    before = digest(assembly)
    assert webhook(client, "evt_1", placed.reference, placed.gross.minor, **spoilt).status_code == 401
    assert digest(assembly) == before


def test_a_signed_webhook_of_yesterday_is_not_believed(assembly: Assembly, client: Client) -> None:
    placed = order(assembly, add_product(assembly))
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        old = ctx.now - timedelta(hours=24)
        headers, body = testpay.signed(ctx, "evt_1", "paid", placed.reference, placed.gross, old)
    answer = client.post("/shop/payments/test/webhook", content=body, headers=headers)
    assert answer.status_code == 401
    assert payment_of(assembly, placed.checkout_id).state == "pending"


def digest(assembly: Assembly) -> Any:
    with assembly.database.read() as session:
        return digest_of(Context(session, assembly))


def test_the_same_id_with_another_body_is_refused(assembly: Assembly, client: Client) -> None:
    placed = order(assembly, add_product(assembly))
    webhook(client, "evt_1", placed.reference, placed.gross.minor, kind="failed")
    assert webhook(client, "evt_1", placed.reference, placed.gross.minor).status_code == 409
    assert payment_of(assembly, placed.checkout_id).state == "failed"


@pytest.mark.parametrize(("minor", "currency"), [(1, ""), (99999, ""), (11900, "JPY")])
def test_the_wrong_amount_is_held_for_a_person(
    assembly: Assembly, client: Client, minor: int, currency: str
) -> None:
    placed = order(assembly, add_product(assembly))
    assert webhook(client, "evt_1", placed.reference, minor, currency=currency).json()["outcome"] == "held"
    payment = payment_of(assembly, placed.checkout_id)
    assert payment.state == "held"
    assert "was to be paid" in payment.reason
    assert booked(assembly) == []
    signed_in(client, "manager")
    page = client.get(f"/ecommerce/payments/{payment.key}").text
    assert payment.reason in page
    url = f"/ecommerce/payments/{payment.key}/settle"
    assert client.post(url, data={"reason": " "}).status_code == 422
    assert client.post(url, data={"reason": "The rest came by transfer."}).status_code == 303
    assert client.post(url, data={"reason": "Again."}).status_code == 409
    assert payment_of(assembly, placed.checkout_id).state == "settled"


def test_what_is_not_paid_in_time_is_cancelled_and_late_money_is_held(
    assembly: Assembly, client: Client
) -> None:
    product_id = add_product(assembly, on_hand=1)
    placed = order(assembly, product_id)
    with working(assembly) as ctx:
        ctx.now += timedelta(minutes=59)
        assert payments.expire(ctx) == 0
        ctx.now += timedelta(minutes=2)
        assert payments.expire(ctx) == 1
        assert payments.expire(ctx) == 0
    assert stock_of(assembly, product_id) == (1, 0, 1)
    with assembly.database.read() as session:
        assert session.execute(select(table(Order).c.status)).scalar_one() == "cancelled"
    webhook(client, "evt_1", placed.reference, placed.gross.minor)
    payment = payment_of(assembly, placed.checkout_id)
    assert payment.state == "held"
    assert "cancelled" in payment.reason


def test_a_refund_goes_back_once_and_never_more_than_was_paid(assembly: Assembly, client: Client) -> None:
    placed = order(assembly, add_product(assembly))
    webhook(client, "evt_1", placed.reference, placed.gross.minor)
    payment = payment_of(assembly, placed.checkout_id)
    url = f"/ecommerce/payments/{payment.key}/refund"
    signed_in(client, "user", team="Elsewhere")
    assert client.post(url, data={"amount": "1", "reason": "x"}).status_code == 403
    assert client.get(f"/ecommerce/payments/{payment.key}").status_code == 404
    signed_in(client, user_id=make_user(assembly, "manager"))
    for amount, status in (
        ("119.01", 422),
        ("0", 422),
        ("-5", 422),
        ("1e309", 422),
        ("119.00", 303),
        ("119.00", 409),
    ):
        assert client.post(url, data={"amount": amount, "reason": "Broken."}).status_code == status, amount
    assert booked(assembly) == [11900, -11900]
    assert payment_of(assembly, placed.checkout_id).state == "refunded"


def test_money_is_read_in_its_currency(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        assert payments._said(ctx, Money(1250, "EUR")) == "€12.50"
        assert payments._said(ctx, Money(1250, "?!")) == "1250 ?!"


def test_ordering_alone_books_nothing(assembly: Assembly) -> None:
    order(assembly, add_product(assembly))
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(Invoice))).scalar_one() == 0
