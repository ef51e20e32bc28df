"""Ways to make things happen in a shop: articles, carts, orders, webhooks, many buyers at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Barrier, Thread
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient
from patron import Busy, Context, Money, editing, table
from patron.assembly import Assembly
from patron.testing.faces import form_token, working
from patron_ecommerce import testpay
from patron_ecommerce.models import Checkout, Payment, Stock
from patron_ecommerce.services import carts, checkout
from patron_ecommerce.services.checkout import FIELDS, Placed
from sqlalchemy import select

Client = TestClient[Litestar]
BUYER = {
    "name": "Greta Guest", "email": "greta.guest@example.com", "line1": "Lindenweg 7", "postcode": "10115",
    "city": "Berlin", "country": "DE",
}  # fmt: skip


def add_product(
    assembly: Assembly, sku: str = "CHR-1", minor: int = 10000, on_hand: int | None = None, **more: Any
) -> int:
    """An article at 19 % tax, kept in stock where ``on_hand`` says how many there are. Returns its id."""
    currency = assembly.settings.currency
    values = {
        "sku": sku,
        "name": f"Article {sku}",
        "list_price": {"minor": minor, "currency": currency},
        **more,
    }
    with working(assembly) as ctx:
        product_id = int(editing.create(ctx, assembly.resource("catalog.products"), values).key)
        if on_hand is not None:
            stock = {"product": product_id, "on_hand": on_hand}
            editing.create(ctx, assembly.resource("ecommerce.stock"), stock)
    return product_id


def add_voucher(assembly: Assembly, code: str = "SAVE", **values: Any) -> int:
    with working(assembly) as ctx:
        given = {"code": code, **values}
        return int(editing.create(ctx, assembly.resource("ecommerce.vouchers"), given).key)


def fill_cart(
    assembly: Assembly, lines: Sequence[tuple[int, int, str]], code: str = "", customer_id: int | None = None
) -> int:
    """A cart with lines of product, quantity and note. Returns its id."""
    with working(assembly) as ctx:
        basket = carts.start(ctx, customer_id, None)
        for product_id, quantity, note in lines:
            carts.add(ctx, basket, product_id, quantity, note)
        if code:
            carts.set_voucher(ctx, basket, code)
        return basket.id


def details(method: str = "test", **changes: str) -> dict[str, str]:
    return dict.fromkeys(FIELDS, "") | BUYER | {"method": method} | changes


def place(ctx: Context, cart_id: int, customer_id: int | None = None, **changes: str) -> Placed:
    return checkout.place(ctx, cart_id, details(**changes), customer_id=customer_id, account_id=None)


def order(
    assembly: Assembly, product_id: int, quantity: int = 1, customer_id: int | None = None, **changes: str
) -> Placed:
    """An order of one article, placed."""
    cart_id = fill_cart(assembly, [(product_id, quantity, "")], customer_id=customer_id)
    with working(assembly) as ctx:
        return place(ctx, cart_id, customer_id, **changes)


def at_once(assembly: Assembly, work: Callable[[Context, Any], Any], arguments: Sequence[Any]) -> list[Any]:
    """The results, or errors, of the work in as many threads as there are arguments, each in its own transaction."""
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


def stock_of(assembly: Assembly, product_id: int) -> tuple[int, int, int]:
    """On hand, reserved, free."""
    t = table(Stock)
    with assembly.database.read() as session:
        row = session.execute(
            select(t.c.on_hand, t.c.reserved, t.c.free).where(t.c.product_id == product_id)
        ).one()
    return row.on_hand, row.reserved, row.free


def payment_of(assembly: Assembly, checkout_id: int) -> Payment:
    with assembly.database.read() as session:
        found: Payment = session.execute(
            select(Payment).where(table(Payment).c.checkout_id == checkout_id)
        ).scalar_one()
        session.expunge(found)
    return found


def checkouts(assembly: Assembly) -> list[Mapping[Any, Any]]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(Checkout)).order_by(table(Checkout).c.id)).mappings())


def webhook(
    client: Client,
    event_id: str,
    reference: str,
    minor: int,
    kind: str = "paid",
    currency: str = "",
    **headers: str,
) -> Any:
    """Send a webhook as the test provider signs it; ``headers`` replace its own."""
    assembly: Assembly = client.app.state.assembly
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        money = Money(minor, currency or assembly.settings.currency)
        signed, body = testpay.signed(ctx, event_id, kind, reference, money)
    sent = {**signed, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post("/shop/payments/test/webhook", content=body, headers={"Accept": "*/*", **sent})


def token_in(client: Client, url: str = "/shop/cart") -> dict[str, str]:
    """The hidden field that the forms of a page carry."""
    return {"_csrf_token": form_token(client.get(url).text)}


def into_cart(client: Client, product_id: int, quantity: int | str = 1, **more: str) -> Any:
    url = f"/shop/products/{product_id}"
    return client.post(url, data={**token_in(client, url), "quantity": str(quantity), **more})
