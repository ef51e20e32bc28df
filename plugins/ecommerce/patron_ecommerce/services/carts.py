"""Carts: bound to a browser by a signed cookie, and to an account once its owner has signed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from patron import Context, Cookie, Invalid, NotFound, audit, facts, publish, table, timeline
from patron_catalog.api import product, products
from sqlalchemy import delete, func, insert, select, update

from patron_ecommerce.models import Cart, CartLine
from patron_ecommerce.services import stock, vouchers
from patron_ecommerce.services.common import buyer_of, fresh_secret, hashed, sign, unsign
from patron_ecommerce.services.pricing import Priced, price_cart

COOKIE = "patron-cart"
KEY = "ecommerce.carts"
MOST = 999  # pieces on a line
LINES = 100
_DAYS = 60
_WHOLE = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class Basket:
    """The open cart of whoever asks. ``cookie`` is to be set where it is new to their browser."""

    id: int
    customer_id: int | None
    voucher_id: int | None
    cookie: Cookie | None = None


def read_quantity(text: str) -> int:
    """Whole pieces as a form sends them, 1 to 999. Invalid for anything else, however it is written."""
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise Invalid.field("quantity", f"The quantity is a whole number from 1 to {MOST}.")
    return int(text)


def find(ctx: Context) -> Basket | None:
    """The open cart that the cookie names, else the newest of the account; never another account's."""
    t = table(Cart)
    mine = ctx.actor.id if ctx.actor.kind == "customer" else None
    columns = (t.c.id, t.c.account_id, t.c.customer_id, t.c.voucher_id)
    going = select(*columns).where(t.c.status.in_(("open", "abandoned")), t.c.trashed_at.is_(None))
    if secret := unsign(ctx, "cart", _cookie(ctx)):
        row = ctx.session.execute(going.where(t.c.token_hash == hashed(secret))).first()
        if row is not None and row.account_id in (None, mine):
            return Basket(row.id, row.customer_id, row.voucher_id)
    if mine is None:
        return None
    own = going.where(t.c.account_id == mine, t.c.customer_id == buyer_of(ctx))
    row = ctx.session.execute(own.order_by(t.c.touched_at.desc(), t.c.id.desc()).limit(1)).first()
    return Basket(row.id, row.customer_id, row.voucher_id) if row else None


def ordered(ctx: Context) -> int | None:
    """The cart that the cookie names, if it has been ordered: a form that was sent twice comes here."""
    secret = unsign(ctx, "cart", _cookie(ctx))
    t = table(Cart)
    mine = (t.c.token_hash == hashed(secret), t.c.status == "ordered")
    found = ctx.session.execute(select(t.c.id, t.c.account_id).where(*mine)).first() if secret else None
    own = ctx.actor.id if ctx.actor.kind == "customer" else None
    return int(found.id) if found is not None and found.account_id in (None, own) else None


def _cookie(ctx: Context) -> str:
    prefix = "__Host-" if ctx.assembly.settings.secure else ""
    return ctx.web.cookies.get(prefix + COOKIE, "") if ctx.incoming is not None else ""


def open_cart(ctx: Context) -> Basket:
    """The open cart of whoever asks, made when there is none; a guest's becomes the account's that has signed in."""
    found = find(ctx)
    if found is None:
        return start(ctx, buyer_of(ctx), ctx.actor.id if ctx.actor.kind == "customer" else None)
    customer_id = buyer_of(ctx)
    if customer_id is not None and found.customer_id is None:
        t = table(Cart)
        owned = {"customer_id": customer_id, "account_id": ctx.actor.id}
        ctx.session.execute(update(t).where(t.c.id == found.id).values(owned))
        return Basket(found.id, customer_id, found.voucher_id)
    return found


def start(ctx: Context, customer_id: int | None, account_id: int | None) -> Basket:
    """A new, empty cart."""
    secret = fresh_secret()
    cart = Cart(
        token_hash=hashed(secret), customer_id=customer_id, account_id=account_id, touched_at=ctx.now,
        currency=ctx.assembly.settings.currency, created_at=ctx.now, updated_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(cart)
    ctx.session.flush()
    audit.record(ctx, "create", KEY, cart.key, customer_id=customer_id)
    return Basket(cart.key, customer_id, None, Cookie(COOKIE, sign(ctx, "cart", secret), _DAYS * 86_400))


def add(ctx: Context, basket: Basket, product_id: int, quantity: int, note: str = "") -> None:
    """Put pieces of an article in; more of what is in already, where the note is the same. Invalid, NotFound."""
    if not product(ctx, product_id).active:
        raise NotFound("This article is not sold any more.")
    note = " ".join(note.split())[:200]
    t = table(CartLine)
    rows = lines_of(ctx, basket.id)
    same = next((row for row in rows if row[1] == product_id and row[3] == note), None)
    if same is not None:
        if same[2] + quantity > MOST:
            raise Invalid.field(
                "quantity", f"At most {MOST} of an article in one order: please ask us for more."
            )
        ctx.session.execute(update(t).where(t.c.id == same[0]).values(quantity=t.c.quantity + quantity))
    elif len(rows) >= LINES:
        raise Invalid.field("cart", f"A cart takes {LINES} lines: please order these first.")
    else:
        line = {"cart_id": basket.id, "product_id": product_id, "quantity": quantity, "note": note}
        ctx.session.execute(insert(t).values(line))
    touch(ctx, basket)


def add_all(ctx: Context, basket: Basket, rows: list[tuple[int, int, int, str]]) -> int:
    """Put the articles of another cart in, as far as they are sold. Returns how many lines."""
    known = products(ctx, [row[1] for row in rows])
    put = 0
    for _, product_id, quantity, note in rows:
        if product_id in known and known[product_id].active:
            add(ctx, basket, product_id, quantity, note)
            put += 1
    return put


def change(ctx: Context, basket: Basket, line_id: int, quantity: int) -> None:
    """So many of a line; NotFound when it is not in this cart."""
    t = table(CartLine)
    mine = update(t).where(t.c.id == line_id, t.c.cart_id == basket.id).values(quantity=quantity)
    if ctx.session.execute(mine.returning(t.c.id)).first() is None:
        raise NotFound("This is not in your cart any more.")
    touch(ctx, basket)


def remove(ctx: Context, basket: Basket, line_id: int) -> None:
    """Take a line out; nothing happens when it is out already."""
    t = table(CartLine)
    ctx.session.execute(delete(t).where(t.c.id == line_id, t.c.cart_id == basket.id))
    touch(ctx, basket)


def set_voucher(ctx: Context, basket: Basket, code: str) -> None:
    """Use a voucher with this cart, or none for an empty code. Invalid for a code that is worth nothing."""
    found = vouchers.find(ctx, code=code) if code.strip() else None
    if code.strip() and found is None:
        raise Invalid.field("voucher", vouchers.WORTHLESS)
    t = table(Cart)
    chosen = found.id if found else None
    ctx.session.execute(update(t).where(t.c.id == basket.id).values(voucher_id=chosen))
    touch(ctx, Basket(basket.id, basket.customer_id, chosen))


def lines_of(ctx: Context, cart_id: int) -> list[tuple[int, int, int, str]]:
    """The rows of a cart: line, product, quantity, note."""
    t = table(CartLine)
    statement = select(t.c.id, t.c.product_id, t.c.quantity, t.c.note).where(t.c.cart_id == cart_id)
    return [
        (row.id, row.product_id, row.quantity, row.note)
        for row in ctx.session.execute(statement.order_by(t.c.id))
    ]


def priced(ctx: Context, basket: Basket | None) -> Priced:
    """A cart with today's prices and what is left of each article; an empty one without a cart."""
    rows = lines_of(ctx, basket.id) if basket else []
    free = stock.available(ctx, [row[1] for row in rows]) if rows else {}
    voucher = vouchers.find(ctx, voucher_id=basket.voucher_id) if basket and basket.voucher_id else None
    customer_id = basket.customer_id if basket else None
    return price_cart(ctx, rows, free, customer_id=customer_id, voucher=voucher)


def pieces_in(ctx: Context, basket: Basket | None) -> int:
    """How many pieces are in it: one statement."""
    if basket is None:
        return 0
    t = table(CartLine)
    counted = select(func.coalesce(func.sum(t.c.quantity), 0)).where(t.c.cart_id == basket.id)
    return int(ctx.session.execute(counted).scalar_one())


def touch(ctx: Context, basket: Basket) -> None:
    """Keep with the cart what is in it and what it costs, for staff's lists; an abandoned one is open again."""
    view = priced(ctx, basket)
    t = table(Cart)
    values: dict[str, Any] = {
        "name": summary(view), "gross_minor": view.totals.gross.minor, "pieces": view.pieces, "status": "open",
        "touched_at": ctx.now, "updated_at": ctx.now, "version": t.c.version + 1,
    }  # fmt: skip
    ctx.session.execute(update(t).where(t.c.id == basket.id).values(values))
    audit.record(
        ctx, "change", KEY, basket.id, {"items": (None, values["name"])}, customer_id=basket.customer_id
    )
    facts.mark(ctx, KEY, [basket.customer_id])


def summary(view: Priced) -> str:
    """What is in a cart in a few words: “2 × Chair Arden and 3 more”."""
    if not view.items:
        return "Empty"
    first, rest = view.items[0], len(view.items) - 1
    return f"{first.quantity} × {first.product.name}" + (f" and {rest} more" if rest else "")


def abandon(ctx: Context) -> int:
    """Note carts that nobody has touched for the time of the setting; their customers' histories say so."""
    hours = int(ctx.assembly.setting("ecommerce", "abandoned_hours"))
    t = table(Cart)
    left = (
        update(t)
        .where(t.c.status == "open", t.c.pieces > 0, t.c.touched_at < ctx.now - timedelta(hours=hours))
        .values(status="abandoned", updated_at=ctx.now, version=t.c.version + 1)
        .returning(t.c.id, t.c.customer_id, t.c.name, t.c.gross_minor, t.c.currency)
    )
    rows = ctx.session.execute(left).all()
    for row in rows:
        payload = {"id": row.id, "gross": row.gross_minor, "currency": row.currency}
        publish(ctx, "ecommerce.cart.abandoned", payload, customer_id=row.customer_id)
        if row.customer_id is not None:
            title = f"Cart left behind: {row.name}"
            timeline.add(
                ctx, row.customer_id, "ecommerce.cart.abandoned", title, module="ecommerce", resource=KEY,
                record_id=row.id,
            )  # fmt: skip
    return len(rows)
