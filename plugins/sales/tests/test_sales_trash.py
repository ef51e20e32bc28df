"""At the end of the trash's days: a record goes with its lines, and what a living record names stays."""

from __future__ import annotations

from datetime import timedelta

from patron import Context, editing
from patron.assembly import Assembly
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.purging import purge_trash
from patron.testing.faces import working
from patron_sales.models import QuoteLine
from patron_sales.services import quotes
from patron_sales.services.lines import LineInput
from sqlalchemy import select, update


def make_quote(ctx: Context, customer_id: int, product: int) -> int:
    values = {"customer": customer_id, "valid_until": "2099-12-31"}
    quote = editing.create(ctx, ctx.assembly.resource("sales.quotes"), values)
    return quotes.save_lines(ctx, quote.key, [LineInput(str(product), "", "2", "")]).key


def to_old_trash(ctx: Context, key: str, record_id: int) -> None:
    resource = ctx.assembly.resource(key)
    editing.trash(ctx, resource, [record_id])
    t = table_of(resource)
    long_ago = ctx.now - timedelta(days=31)
    ctx.session.execute(update(t).where(t.c.id == record_id).values(trashed_at=long_ago))


def test_a_quote_goes_with_its_lines_and_what_another_names_stays(
    assembly: Assembly, products: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        customers = assembly.resource("customers")
        customer = editing.create(ctx, customers, {"kind": "organisation", "name": "Acme"}).key
        gone, stays = make_quote(ctx, customer, products["CH-1"]), make_quote(ctx, customer, products["LA-1"])
        to_old_trash(ctx, "sales.quotes", gone)
        for product in products.values():
            to_old_trash(ctx, "catalog.products", product)
    purge_trash(assembly)
    line, product, quote = (
        table(QuoteLine),
        *map(table_of, map(assembly.resource, ("catalog.products", "sales.quotes"))),
    )
    with working(assembly) as ctx:
        assert list(ctx.session.execute(select(quote.c.id)).scalars()) == [stays]
        assert list(ctx.session.execute(select(line.c.quote_id)).scalars()) == [stays]
        left = set(ctx.session.execute(select(product.c.id)).scalars())
    assert products["LA-1"] in left, "a line of a living quote names it"
