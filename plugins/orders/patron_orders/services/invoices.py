"""Invoices and credit notes: numbered without gaps, written once, and the open item that each begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from patron import (
    Conflict,
    Context,
    Invalid,
    Money,
    audit,
    editing,
    next_number,
    normalise,
    publish,
    read_one,
    search,
    table,
    timeline,
)
from sqlalchemy import select

from patron_orders.models import Invoice, OpenItem, Order
from patron_orders.services import orders
from patron_orders.services.totals import totals


def issue_invoice(ctx: Context, order_id: int) -> int:
    """Invoice a confirmed or fulfilled order; one that is invoiced gives the same invoice again. Returns its id.

    The caller has decided that the actor may. The order's row is locked first, so that two who do it at once get one
    number between them, and the number is taken last, so that nobody waits for it longer than needed.
    """
    inside = orders.trusted(ctx)
    order: Order = editing.load(inside, ctx.assembly.resource("orders.orders"), order_id, "edit")
    known = orders.invoice_of(ctx, order_id)
    if known is not None:
        return known
    if order.status not in ("confirmed", "fulfilled"):
        raise Conflict(f"Order {order.number} is {order.status}: only a confirmed order can be invoiced.")
    day = ctx.now.date()
    due = day + timedelta(days=int(ctx.assembly.setting("orders", "payment_days")))
    invoice = Invoice(
        number="",
        number_key="",
        order_id=order_id,
        customer_id=order.bill_to_id or order.customer_id,
        issued_on=day,
        due_on=due,
        status="open" if order.gross_minor else "paid",
        currency=order.currency,
        net_minor=order.net_minor,
        tax_minor=order.tax_minor,
        gross_minor=order.gross_minor,
        margin_minor=order.net_minor - orders.cost_of(ctx, order_id),
        document=_document(ctx, order),
        owner_id=order.owner_id,
        team_id=order.team_id,
    )
    _number(ctx, invoice, "orders.invoice", "INV-{year}-{number:05}")
    _keep(ctx, "orders.invoices", invoice)
    if order.gross_minor:
        _keep(ctx, "orders.open-items", _open_item(invoice))
    _tell(ctx, invoice, "orders.invoice.issued", f"Invoice {invoice.number}")
    return invoice.key


def credit_invoice(ctx: Context, invoice_id: int, reason: str) -> int:
    """Take back a whole invoice by a credit note. What was paid for it becomes due for refund. Returns the note's id.

    The caller has decided that the actor may. Conflict when it is credited already.
    """
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise Invalid.field("reason", "Say why the invoice is taken back.")
    inside = orders.trusted(ctx)
    invoice: Invoice = editing.load(inside, ctx.assembly.resource("orders.invoices"), invoice_id, "edit")
    if invoice.kind != "invoice" or invoice.status == "cancelled":
        raise Conflict(f"{invoice.number} cannot be credited: it is no invoice in force.")
    note = Invoice(
        number="",
        number_key="",
        kind="credit_note",
        order_id=invoice.order_id,
        customer_id=invoice.customer_id,
        corrects_id=invoice.key,
        issued_on=ctx.now.date(),
        due_on=ctx.now.date(),
        status="credit",
        currency=invoice.currency,
        net_minor=-invoice.net_minor,
        tax_minor=-invoice.tax_minor,
        gross_minor=-invoice.gross_minor,
        margin_minor=-invoice.margin_minor,
        document={**invoice.document, "corrects": invoice.number, "reason": reason},
        owner_id=invoice.owner_id,
        team_id=invoice.team_id,
    )
    _close(ctx, invoice)
    _number(ctx, note, "orders.credit_note", "CN-{year}-{number:05}")
    _keep(ctx, "orders.invoices", note)
    _tell(ctx, note, "orders.invoice.credited", f"Credit note {note.number} for {invoice.number}")
    return note.key


def _close(ctx: Context, invoice: Invoice) -> None:
    """The invoice counts no longer; its open item is over, or becomes a refund where something was paid."""
    statement = select(OpenItem).where(table(OpenItem).c.invoice_id == invoice.key).with_for_update()
    item = ctx.session.execute(statement).scalars().first()
    invoice.status = "cancelled"
    _touch(ctx, "orders.invoices", invoice, {"status": ("open", "cancelled")})
    if item is not None:
        before, item.state = item.state, "refund" if item.paid_minor else "cancelled"
        _touch(ctx, "orders.open-items", item, {"state": (before, item.state)})


def _open_item(invoice: Invoice) -> OpenItem:
    return OpenItem(
        number=invoice.number,
        invoice_id=invoice.key,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        amount_minor=invoice.gross_minor,
        due_on=invoice.due_on,
        owner_id=invoice.owner_id,
        team_id=invoice.team_id,
    )


def _number(ctx: Context, invoice: Invoice, series: str, pattern: str) -> None:
    invoice.number = next_number(ctx, series, pattern)
    invoice.number_key = normalise.sort_key(invoice.number)


def _keep(ctx: Context, key: str, record: Any) -> None:
    """Store a record that no form writes: with its audit, search entry and event, as ``editing`` would."""
    record.created_at = record.updated_at = ctx.now
    ctx.session.add(record)
    ctx.session.flush()
    customer_id = record.customer_id
    audit.record(ctx, "create", key, record.key, {"number": (None, record.number)}, customer_id=customer_id)
    search.index(ctx, ctx.assembly.resource(key), record)
    publish(ctx, f"{key}.created", {"id": record.key, "fields": []}, customer_id=customer_id)


def _touch(ctx: Context, key: str, record: Any, changed: dict[str, tuple[Any, Any]]) -> None:
    record.version += 1
    record.updated_at = ctx.now
    ctx.session.add(record)
    ctx.session.flush()
    audit.record(ctx, "change", key, record.key, changed, customer_id=record.customer_id)
    publish(
        ctx, f"{key}.changed", {"id": record.key, "fields": sorted(changed)}, customer_id=record.customer_id
    )


def _tell(ctx: Context, invoice: Invoice, kind: str, title: str) -> None:
    gross = Money(invoice.gross_minor, invoice.currency)
    timeline.add(
        ctx,
        invoice.customer_id,
        kind,
        f"{title}: {gross.format(ctx.locale)}",
        module="orders",
        resource="orders.invoices",
        record_id=invoice.key,
        snapshot={"number": invoice.number, "gross": gross.minor, "currency": gross.currency},
    )
    payload = {
        "id": invoice.key,
        "number": invoice.number,
        "order": invoice.order_id,
        "gross": gross.minor,
        "currency": gross.currency,
    }
    publish(ctx, kind, payload, customer_id=invoice.customer_id)


def _document(ctx: Context, order: Order) -> dict[str, Any]:
    """All that is printed, kept as it was on the day: names and addresses change, an invoice does not."""
    lines = orders.shown_lines(ctx, order.key, order.currency)
    sums = totals(orders.lines_of(ctx, order.key, order.currency), currency=order.currency)
    return {
        "order": order.number,
        "ordered_on": order.ordered_on.isoformat(),
        "reference": order.customer_reference,
        "seller": ctx.assembly.company.printed(),
        "buyer": _buyer(ctx, order.bill_to_id or order.customer_id),
        "lines": [
            {
                "description": line["description"],
                "quantity": f"{line['quantity']:f}",
                "unit_price": line["unit_price"].minor,
                "discount": f"{line['discount']:f}",
                "tax_rate": f"{line['tax_rate']:f}",
                "net": line["net"].minor,
            }
            for line in lines
        ],
        "taxes": [[rate, tax.minor] for rate, tax in sums.tax_by_rate],
    }


def _buyer(ctx: Context, customer_id: int) -> dict[str, Any]:
    """Name and first postal address of the customer as of now."""
    customers = ctx.assembly.resource("customers")
    item = read_one(orders.trusted(ctx), customers, customer_id)
    address: dict[str, str] = next(iter(item.get("addresses") or ()), {})
    city = f"{address.get('postcode', '')} {address.get('city', '')}".strip()
    parts = (address.get("line1"), address.get("line2"), city, address.get("country"))
    return {"name": item["name"], "lines": [part for part in parts if part]}
