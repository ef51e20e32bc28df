"""The quote as a document: its data read in one go, then typeset without a transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import typst
from babel.dates import format_date
from babel.numbers import format_decimal
from patron import Context, Money, User, company, contacts, table
from sqlalchemy import select

from patron_sales.models import Quote
from patron_sales.services import quotes


def quote_data(ctx: Context, quote_id: int, *, final: bool = False) -> dict[str, Any]:
    """Everything that the document says, as text in the actor's language: five statements.

    ``final`` is for a draft that is about to go out: it does not call itself one.
    """
    return data_of(ctx, quotes.load(ctx, quote_id), final=final)


def data_of(ctx: Context, quote: Quote, *, final: bool = False) -> dict[str, Any]:
    """The same of a quote that was loaded."""
    lines = quotes.shown_lines(ctx, quote)
    sums = quotes.reckoned(lines)
    customer = {"id": str(quote.customer_id), "name": quotes.customer_name(ctx, quote.customer_id)}
    contacts.attach(ctx, [customer])
    name = quote.number if quote.revision == 1 else f"{quote.number} / {quote.revision}"
    return {
        "seller": _seller(ctx),
        "customer": {"name": customer["name"], "address": _address(customer)},
        "number": name,
        "file": f"{name.replace(' / ', '-')}.pdf",
        "date": _day(ctx, (quote.sent_at or ctx.now).date()),
        "valid_until": _day(ctx, quote.valid_until),
        "contact": _user(ctx, quote.owner_id),
        "lines": [_line(ctx, line) for line in lines],
        "net": sums.net.format(ctx.locale) if sums else "",
        "taxes": [[_percent(ctx, rate), tax.format(ctx.locale)] for rate, tax in sums.tax_by_rate]
        if sums
        else [],
        "gross": sums.gross.format(ctx.locale) if sums else "",
        "note": quote.note,
        "draft": quote.status == "draft" and not final,
    }


def typeset(data: Mapping[str, Any]) -> bytes:
    """The document as PDF. Text comes in as data, so nothing in it is ever read as markup."""
    compiler = typst.compile(
        _template(), sys_inputs={"data": json.dumps(data)}, ignore_system_fonts=True, pdf_standards=["a-2b"]
    )
    assert isinstance(compiler, bytes)
    return compiler


@cache
def _template() -> bytes:
    return (files("patron_sales") / "documents" / "quote.typ").read_bytes()


def _seller(ctx: Context) -> dict[str, Any]:
    seller = ctx.assembly.company.printed()
    return {
        "name": seller["name"],
        "address": seller["address"].splitlines(),
        "foot": company.foot_lines(seller),
    }


def _user(ctx: Context, user_id: int | None) -> str:
    t = table(User)
    row = ctx.session.execute(select(t.c.name, t.c.email).where(t.c.id == user_id)).first()
    return f"{row.name}, {row.email}" if row else ""


def _address(customer: Mapping[str, Any]) -> list[str]:
    if not customer["addresses"]:
        return []
    address = customer["addresses"][0]
    place = " ".join(part for part in (address["postcode"], address["city"]) if part)
    return [part for part in (address["line1"], address["line2"], place, address["country"]) if part]


def _line(ctx: Context, line: Mapping[str, Any]) -> dict[str, str]:
    def money(value: Mapping[str, Any]) -> str:
        return Money(value["minor"], value["currency"]).format(ctx.locale)

    return {
        "position": str(line["position"]),
        "sku": line["sku"],
        "description": line["description"],
        "quantity": f"{format_decimal(Decimal(line['quantity']), locale=_locale(ctx))} {line['units']}".strip(),
        "price": money(line["unit_price"]),
        "discount": "" if line["discount"] == "0" else _percent(ctx, line["discount"]),
        "net": money(line["net"]),
    }


def _percent(ctx: Context, rate: str) -> str:
    return f"{format_decimal(Decimal(rate), locale=_locale(ctx))} %"


def _day(ctx: Context, day: date) -> str:
    return str(format_date(day, format="long", locale=_locale(ctx)))


def _locale(ctx: Context) -> str:
    return ctx.locale.replace("-", "_")
