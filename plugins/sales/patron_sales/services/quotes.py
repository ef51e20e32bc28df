"""Quotes: reckoned, sent, revised, accepted into an order with invoice and open item, declined, expired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from patron import (
    Conflict,
    Context,
    Customer,
    Invalid,
    Money,
    audit,
    editing,
    publish,
    row_scope,
    search,
    table,
    timeline,
)
from patron_orders.api import Totals, create_order, hold_of, issue_invoice, totals
from sqlalchemy import Select, select

from patron_sales.models import Opportunity, Quote, QuoteLine
from patron_sales.services import lines as quote_lines
from patron_sales.services import opportunities

KEY = "sales.quotes"
OPEN = ("draft", "sent")


def load(ctx: Context, quote_id: int, verb: str = "read") -> Quote:
    """A quote within the scope of the verb, locked when it is for writing."""
    found: Quote = editing.load(ctx, ctx.assembly.resource(KEY), quote_id, verb)
    return found


def shown_lines(ctx: Context, quote: Quote) -> list[dict[str, Any]]:
    """The lines of one quote."""
    return quote_lines.lines_of(ctx, {quote.key: quote.currency})[quote.key]


def reckoned(lines: Sequence[Mapping[str, Any]]) -> Totals | None:
    """Net, tax by rate and gross of stored lines; None without lines."""
    return totals(quote_lines.as_order_lines(lines)) if lines else None


def sums_of(priced: Sequence[quote_lines.PricedLine]) -> Totals | None:
    """Net, tax by rate and gross of lines that were just priced; None without lines."""
    return totals([each.line for each in priced]) if priced else None


def save_lines(
    ctx: Context, quote_id: int, inputs: Sequence[quote_lines.LineInput], *, version: int | None = None
) -> Quote:
    """Price and store the lines of a draft. Conflict when it was changed since ``version``, or is no draft; Invalid."""
    quote = load(ctx, quote_id, "edit")
    _must_be(quote, "draft")
    if version is not None and version != quote.version:
        raise Conflict(
            "The quote was changed by someone else meanwhile. Load the page again to see its lines."
        )
    typed = [each for each in inputs if not each.blank]
    priced = quote_lines.price_lines(ctx, typed, customer_id=quote.customer_id, currency=quote.currency)
    before = _sum(quote)
    sums = sums_of(priced)
    quote.net_minor, quote.tax_minor, quote.gross_minor = (
        (sums.net.minor, sums.tax.minor, sums.gross.minor) if sums else (0, 0, 0)
    )
    quote_lines.replace_lines(ctx, quote_id, priced)
    _stored(ctx, quote, {"lines": ("", f"{len(priced)}"), "total": (before, _sum(quote))})
    return quote


def send(ctx: Context, quote_id: int) -> Quote:
    """Note that a draft went out to the customer: from now on its lines stand. Invalid without lines."""
    quote = load(ctx, quote_id, "edit")
    _must_be(quote, "draft")
    if not shown_lines(ctx, quote):
        raise Invalid("A quote without lines cannot be sent. Add lines first.")
    if quote.valid_until < ctx.now.date():
        raise Invalid("It is valid until a day that has passed. Change that first.")
    quote.sent_at = ctx.now
    _move(ctx, quote, "sent", f"Quote {quote.number} sent: {_gross(ctx, quote)}")
    return quote


def revise(ctx: Context, quote_id: int) -> Quote:
    """Take a quote that went out back to a draft, as its next revision."""
    quote = load(ctx, quote_id, "edit")
    _must_be(quote, "sent", "declined", "expired")
    quote.revision += 1
    quote.closed_at, quote.sent_at, quote.decline_reason = None, None, ""
    _move(ctx, quote, "draft", "")
    return quote


def decline(ctx: Context, quote_id: int, reason: str) -> Quote:
    """The customer does not want it; Invalid without the reason."""
    quote = load(ctx, quote_id, "edit")
    _must_be(quote, *OPEN)
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise Invalid.field("reason", "Say why the customer declined: the next quote is better for it.")
    quote.decline_reason, quote.closed_at = reason, ctx.now
    _move(ctx, quote, "declined", f"Quote {quote.number} declined", reason)
    return quote


def why_not(ctx: Context, quote: Quote) -> str:
    """Why it cannot be accepted now, in a sentence; empty when it can."""
    if quote.status not in OPEN:
        return f"This quote is {quote.status}."
    if quote.valid_until < ctx.now.date():
        return f"This quote was valid until {quote.valid_until}. Revise it first."
    if not quote.gross_minor and not shown_lines(ctx, quote):
        return "This quote has no lines yet."
    hold = hold_of(ctx, quote.customer_id)
    if hold is not None:
        reason = hold.reason.rstrip(".")
        return (
            f"The customer is on hold since {hold.placed_at:%Y-%m-%d}: {reason}."
            f" {hold.placed_by or 'Accounts'} can release it."
        )
    return ""


def accept(ctx: Context, quote_id: int) -> Quote:
    """The customer takes it: an order, its invoice and open item come of it, and the opportunity is won.

    Accepting twice gives the same order. Conflict, with the reason, where it cannot be: a hold, a date that has passed.
    """
    quote = load(ctx, quote_id, "accept")
    if quote.status == "accepted":
        return quote
    if reason := why_not(ctx, quote):
        raise Conflict(reason)
    quote.order_id = create_order(
        ctx,
        quote.customer_id,
        quote_lines.as_order_lines(shown_lines(ctx, quote)),
        source="quote",
        reference_resource=KEY,
        reference_id=quote.key,
        currency=quote.currency,
        via_partner_id=_partner_of(ctx, quote),
    )
    quote.invoice_id = issue_invoice(ctx, quote.order_id)
    quote.closed_at = ctx.now
    _move(ctx, quote, "accepted", f"Quote {quote.number} accepted: {_gross(ctx, quote)}")
    if quote.opportunity_id is not None and _is_open(ctx, quote.opportunity_id):
        opportunities.win_by_quote(ctx, quote.opportunity_id, Money(quote.net_minor, quote.currency))
    return quote


def _partner_of(ctx: Context, quote: Quote) -> int | None:
    """The partner through whom the opportunity of the quote came, while there is one."""
    t, c = table(Opportunity), table(Customer)
    found = (
        select(t.c.via_partner_id)
        .join_from(t, c, c.c.id == t.c.via_partner_id)
        .where(t.c.id == (quote.opportunity_id or 0), c.c.trashed_at.is_(None))
    )
    return ctx.session.execute(found).scalar()


def _is_open(ctx: Context, opportunity_id: int) -> bool:
    t = table(Opportunity)
    open_ones = t.c.stage.in_(opportunities.OPEN) & t.c.trashed_at.is_(None)
    return ctx.session.execute(select(t.c.id).where(t.c.id == opportunity_id, open_ones)).first() is not None


def expire(ctx: Context) -> None:
    """Quotes that went out and whose last day has passed are expired. A few hundred at a time."""
    t = table(Quote)
    late = (t.c.status == "sent") & (t.c.valid_until < ctx.now.date()) & t.c.trashed_at.is_(None)
    chosen = select(Quote).where(late).order_by(t.c.id).limit(500).with_for_update(skip_locked=True)
    for quote in ctx.session.execute(chosen).scalars().all():
        quote.closed_at = ctx.now
        _move(ctx, quote, "expired", f"Quote {quote.number} expired")


def _must_be(quote: Quote, *allowed: str) -> None:
    if quote.status not in allowed:
        raise Conflict(f"Quote {quote.number} is {quote.status}.")


def _gross(ctx: Context, quote: Quote) -> str:
    return Money(quote.gross_minor, quote.currency).format(ctx.locale)


def _move(ctx: Context, quote: Quote, status: str, title: str, body: str = "") -> None:
    """To another status, told to the customer's history where there is a ``title``."""
    before, quote.status = quote.status, status
    _stored(ctx, quote, {"status": (before, status)})
    payload = {
        "id": quote.key,
        "number": quote.number,
        "gross": quote.gross_minor,
        "currency": quote.currency,
    }
    publish(ctx, f"sales.quote.{status}", payload, customer_id=quote.customer_id)
    if title:
        timeline.add(
            ctx,
            quote.customer_id,
            f"sales.quote.{status}",
            title,
            body=body,
            module="sales",
            resource=KEY,
            record_id=quote.key,
            snapshot={"number": quote.number, "gross": quote.gross_minor, "currency": quote.currency},
        )


def _sum(quote: Quote) -> dict[str, Any]:
    """The gross as the audit keeps money."""
    return {"minor": quote.gross_minor, "currency": quote.currency}


def _stored(ctx: Context, quote: Quote, changed: Mapping[str, tuple[Any, Any]]) -> None:
    """Version, audit, search and event of a change that no form makes."""
    quote.version += 1
    quote.updated_at = ctx.now
    ctx.session.add(quote)
    ctx.session.flush()
    audit.record(ctx, "change", KEY, quote.key, changed, customer_id=quote.customer_id)
    search.index(ctx, ctx.assembly.resource(KEY), quote)
    payload = {"id": quote.key, "fields": sorted(changed)}
    publish(ctx, f"{KEY}.changed", payload, customer_id=quote.customer_id)


def of_customer(ctx: Context, customer_id: int, limit: int = 5) -> Select[Any]:
    """Selects the newest quotes of a customer that the actor may see."""
    t = table(Quote)
    return _listed(ctx, t.c.customer_id == customer_id, limit)


def of_opportunity(ctx: Context, opportunity_id: int) -> list[dict[str, Any]]:
    """The quotes for an opportunity that the actor may see: one statement."""
    t = table(Quote)
    return shown(ctx.session.execute(_listed(ctx, t.c.opportunity_id == opportunity_id, 20)))


def _listed(ctx: Context, which: Any, limit: int) -> Select[Any]:
    t = table(Quote)
    return (
        select(t.c.id, t.c.number, t.c.status, t.c.gross_minor, t.c.currency, t.c.valid_until, t.c.created_at)
        .where(which, t.c.trashed_at.is_(None), row_scope(ctx, ctx.assembly.resource(KEY)))
        .order_by(t.c.created_at.desc(), t.c.id.desc())
        .limit(limit)
    )


def shown(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Quotes as panels show them, of rows that were selected for that."""
    return [
        {
            "id": row.id,
            "number": row.number,
            "url": f"/sales/quotes/{row.id}",
            "status": row.status,
            "total": {"minor": row.gross_minor, "currency": row.currency},
            "valid_until": row.valid_until,
            "created_at": row.created_at,
        }
        for row in rows
    ]


def report(ctx: Context, customer_id: int) -> dict[str, Any]:
    """The lines of a customer's quotes, which no declared link reaches: one statement."""
    q, t = table(Quote), table(QuoteLine)
    statement = (
        select(q.c.number, t.c.description, t.c.quantity_milli, t.c.net_minor, q.c.currency)
        .select_from(t.join(q, q.c.id == t.c.quote_id))
        .where(q.c.customer_id == customer_id)
        .order_by(t.c.quote_id, t.c.position)
    )
    return {"quote_lines": [dict(row) for row in ctx.session.execute(statement).mappings()]}


def customer_name(ctx: Context, customer_id: int) -> str:
    """What the customer is called."""
    t = table(Customer)
    return str(ctx.session.execute(select(t.c.name).where(t.c.id == customer_id)).scalar_one())
