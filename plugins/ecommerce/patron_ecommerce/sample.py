"""A shop with a past: articles in stock, vouchers, orders of half a year by people of the sample, carts left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from patron import Context, Customer, Money, editing, job_actor, table
from patron_catalog.api import ProductInfo, browse
from patron_orders.api import hold_of
from sqlalchemy import func, select

from patron_ecommerce import testpay
from patron_ecommerce.models import Checkout, Stock
from patron_ecommerce.providers import ProviderEvent
from patron_ecommerce.services import carts, checkout, payments, stock
from patron_ecommerce.services.checkout import FIELDS, INVOICE, Placed

DAYS, ORDERS, CARTS = 190, 64, 16
_GUESTS = (
    ("Marta Nowak", "marta.nowak@inbox.example"), ("Piet de Vries", "piet.devries@mail.example"),
    ("Elin Berg", "elin.berg@post.example"), ("Café Morgenrot", "info@morgenrot.example"),
)  # fmt: skip
_NOTES = ("", "", "", "oak, please", "in black", "with castors")
_DELIVERY = ("", "", "Ring at the back entrance.", "Please call an hour before.", "Third floor, no lift.")


def shop(ctx: Context, rng: Random) -> None:
    """Fill the shop once; nothing happens where there are orders of it already, or nothing is sold."""
    sold = [one for one in browse(ctx, limit=200) if one.unit == "piece"]
    if not sold or ctx.session.execute(select(func.count()).select_from(table(Checkout))).scalar_one():
        return
    scale = float(ctx.cache.get("sample scale", 1))
    _stock(ctx, rng, sold)
    _vouchers(ctx)
    people = _people(ctx, rng, max(4, round(ORDERS * scale * 0.6)))
    moments = sorted((rng.uniform(0.3, DAYS) for _ in range(max(6, round(ORDERS * scale)))), reverse=True)
    for index, days in enumerate(moments):
        past = replace(ctx.acting_as(job_actor("Shop")), now=ctx.now - timedelta(days=days), muted=True)
        _order(past, rng, sold, rng.choice(people) if people and index % 9 else None, days)
    for _ in range(max(4, round(CARTS * scale))):
        days = rng.choice((rng.uniform(0.02, 0.8), rng.uniform(1.2, 25)))
        past = replace(ctx.acting_as(job_actor("Shop")), now=ctx.now - timedelta(days=days), muted=True)
        _cart(past, rng, sold, rng.choice(people)["id"] if people and rng.random() < 0.8 else None)
    carts.abandon(replace(ctx, muted=True))
    _one_held(ctx, rng, sold, people[0] if people else None)
    _one_runs_out(ctx)


def _stock(ctx: Context, rng: Random, sold: Sequence[ProductInfo]) -> None:
    """Most articles are kept in stock, plenty of them; what was ordered in the past leaves some scarce."""
    for one in sold:
        if rng.random() < 0.85:
            values = {"product": one.id, "on_hand": rng.randint(25, 90), "low_at": 5}
            editing.create(ctx, ctx.assembly.resource("ecommerce.stock"), values)


def _vouchers(ctx: Context) -> None:
    currency, today = ctx.assembly.settings.currency, ctx.now.date()
    for values in (
        {"code": "WELCOME10", "percent": 10, "uses": 500},
        {"code": "THANKS20", "amount": {"minor": 2000, "currency": currency}, "uses": 1},
        {"code": "SPRING15", "percent": 15, "uses": 200, "valid_until": today - timedelta(days=40)},
    ):
        editing.create(ctx, ctx.assembly.resource("ecommerce.vouchers"), values)


def _people(ctx: Context, rng: Random, count: int) -> list[dict[str, Any]]:
    """People of the sample who can be written to."""
    c = table(Customer)
    statement = select(c.c.id, c.c.name, c.c.primary_email, c.c.city).where(
        c.c.kind == "person", c.c.primary_email != "", c.c.trashed_at.is_(None), c.c.standing == "known"
    )
    found = [dict(row) for row in ctx.session.execute(statement.order_by(c.c.id).limit(400)).mappings()]
    return rng.sample(found, min(count, len(found)))


def _basket(ctx: Context, rng: Random, sold: Sequence[ProductInfo], customer_id: int | None) -> carts.Basket:
    basket = carts.start(ctx, customer_id, None)
    for one in rng.sample(list(sold), rng.choice((1, 1, 2, 2, 3))):
        carts.add(ctx, basket, one.id, rng.choice((1, 1, 1, 2, 2, 4, 6)), rng.choice(_NOTES))
    return basket


def _order(
    ctx: Context, rng: Random, sold: Sequence[ProductInfo], person: dict[str, Any] | None, days: float,
    *, pay: bool = True,
) -> Placed | None:  # fmt: skip
    customer_id = person["id"] if person else None
    basket = _basket(ctx, rng, sold, customer_id)
    if rng.random() < 0.15:
        carts.set_voucher(ctx, basket, "WELCOME10")
    name, email = (person["name"], person["primary_email"]) if person else rng.choice(_GUESTS)
    details = dict.fromkeys(FIELDS, "") | {
        "name": name, "email": email, "line1": f"Lindenweg {rng.randint(1, 90)}",
        "postcode": f"{rng.randint(10000, 98000)}",
        "city": (person or {}).get("city") or "Berlin", "country": "DE", "delivery_note": rng.choice(_DELIVERY),
        "method": INVOICE if pay and person and rng.random() < 0.3 else testpay.NAME,
    }  # fmt: skip
    if not carts.priced(ctx, basket).ready or (customer_id and hold_of(ctx, customer_id)):
        return None
    placed = checkout.place(ctx, basket.id, details, customer_id=customer_id, account_id=None)
    later = replace(
        ctx, now=min(ctx.now + timedelta(minutes=rng.randint(1, 9)), ctx.now + timedelta(days=days))
    )
    if placed.provider and pay:
        _paid(later, placed)
    if pay and days > 4 and rng.random() < 0.92:
        _sent(replace(later, now=later.now + timedelta(days=2)), placed)
    return placed


def _paid(ctx: Context, placed: Placed) -> None:
    event = ProviderEvent(f"evt_sample_{placed.checkout_id}", "paid", placed.reference, placed.gross, ctx.now)
    payments.receive(ctx, testpay.NAME, event, event.id.encode())


def _sent(ctx: Context, placed: Placed) -> None:
    k = table(Checkout)
    order_id = ctx.session.execute(select(k.c.order_id).where(k.c.id == placed.checkout_id)).scalar_one()
    editing.change(ctx, ctx.assembly.resource("orders.orders"), order_id, {"status": "fulfilled"})
    stock.ship(ctx, placed.checkout_id)


def _cart(ctx: Context, rng: Random, sold: Sequence[ProductInfo], customer_id: int | None) -> None:
    _basket(ctx, rng, sold, customer_id)


def _one_runs_out(ctx: Context) -> None:
    """The scarcest article is sold out: somebody has counted."""
    s = table(Stock)
    row = ctx.session.execute(select(s.c.id, s.c.free).order_by(s.c.free, s.c.id).limit(1)).first()
    if row is not None and row.free > 0:
        stock.adjust(ctx, row.id, -row.free, "Counted: damaged in the warehouse.")


def _one_held(ctx: Context, rng: Random, sold: Sequence[ProductInfo], person: dict[str, Any] | None) -> None:
    """A payment of yesterday that came with the wrong amount: a person must look at it."""
    past = replace(ctx.acting_as(job_actor("Shop")), now=ctx.now - timedelta(hours=20), muted=True)
    placed = _order(past, rng, sold, person, 0.8, pay=False)
    if placed is not None:
        short = Money(placed.gross.minor - 1000, placed.gross.currency)
        event = ProviderEvent(f"evt_sample_{placed.checkout_id}", "paid", placed.reference, short, past.now)
        payments.receive(past, testpay.NAME, event, event.id.encode())
