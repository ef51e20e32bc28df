"""Orders: made of lines once per reference, confirmed unless the customer is on hold, fulfilled or cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from patron import (
    Conflict,
    Context,
    Invalid,
    Money,
    Scope,
    audit,
    editing,
    publish,
    roles,
    savepoint,
    table,
    timeline,
)
from patron_catalog.api import costs
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from patron_orders.models import Invoice, Order, OrderLine
from patron_orders.services import holds
from patron_orders.services.totals import Line, Totals, check_lines, hundredths, milli, percentage, totals

MOVES: Mapping[str, tuple[str, ...]] = {
    "draft": ("confirmed", "cancelled"),
    "confirmed": ("fulfilled", "cancelled"),
    "fulfilled": (),
    "cancelled": (),
}
LINES, OVERRIDDEN = "orders.lines", "orders.overridden"


def trusted(ctx: Context) -> Context:
    """The same actor where the caller has already decided that this may be done: quote accepted, order invoiced."""
    return ctx.acting_as(replace(ctx.actor, grants={"*": Scope.ALL}, only=("*",)))


def create_order(
    ctx: Context,
    customer_id: int,
    lines: Sequence[Line],
    *,
    source: str,
    reference_resource: str,
    reference_id: int,
    currency: str,
    reference: str = "",
    owner_id: int | None = None,
    team_id: int | None = None,
    override_reason: str = "",
    via_partner_id: int | None = None,
) -> int:
    """A confirmed order of these lines; the same reference gives the same order again. Returns its id.

    The caller has decided that the actor may. ``reference`` is the customer's own number. Conflict when the customer is
    on hold, unless the actor may override that and ``override_reason`` says why. Invalid for lines that do not add up.
    """
    known = _made_of(ctx, reference_resource, reference_id)
    if known is not None:
        return known
    holds.require_free(ctx, {customer_id}, override_reason)
    values = {
        "customer": customer_id,
        "ordered_on": ctx.now.date(),
        "reference": reference,
        "currency": currency,
        "via_partner": via_partner_id,
        "owner": owner_id,
        "team": team_id,
        "status": "confirmed",
    }
    inside = trusted(ctx)
    inside.cache[LINES] = (
        check_lines(lines, currency),
        list(lines),
        source,
        reference_resource,
        reference_id,
    )
    try:
        with savepoint(ctx.session):
            order = editing.create(inside, ctx.assembly.resource("orders.orders"), values)
    except IntegrityError:
        known = _made_of(ctx, reference_resource, reference_id)
        if known is None:
            raise
        return known
    finally:
        inside.cache.pop(LINES, None)
    return int(order.key)


def _made_of(ctx: Context, resource: str, record_id: int) -> int | None:
    t = table(Order)
    made = select(t.c.id).where(t.c.reference_resource == resource, t.c.reference_id == record_id)
    found = ctx.session.execute(made).scalar()
    return int(found) if found is not None else None


def confirm(ctx: Context, order_id: int, override_reason: str = "") -> None:
    """A draft becomes binding. Conflict when the customer is on hold; Invalid without lines."""
    resource = ctx.assembly.resource("orders.orders")
    order = editing.load(ctx, resource, order_id, "edit")
    if order.status == "confirmed":
        return
    holds.require_free(ctx, payers(order), override_reason)
    ctx.cache[OVERRIDDEN] = bool(override_reason)
    editing.change(ctx, resource, order_id, {"status": "confirmed"})


def payers(order: Order) -> set[int]:
    """The customers whose hold stops the order."""
    return {order.customer_id, order.bill_to_id or order.customer_id}


def check_move(ctx: Context, order: Order, to: str) -> None:
    """Invalid where an order of this status cannot get that one, with the way that it can go."""
    if to == order.status:
        return
    if to not in MOVES[order.status]:
        raise Invalid.field("status", f"An order that is {order.status} cannot become {to}.")
    if to == "confirmed":
        check_lines(lines_of(ctx, order.key, order.currency), order.currency)
        for customer_id in sorted(payers(order)):
            hold = holds.hold_of(ctx, customer_id)
            if hold is not None and not ctx.cache.get(OVERRIDDEN):
                raise Invalid.field("status", holds.refusal(ctx, hold))
    if to == "cancelled" and invoice_of(ctx, order.key) is not None:
        raise Invalid.field("status", "The order is invoiced: write a credit note for its invoice first.")


def invoice_of(ctx: Context, order_id: int) -> int | None:
    """The id of the invoice in force for an order."""
    t = table(Invoice)
    standing = (t.c.order_id == order_id) & (t.c.kind == "invoice") & (t.c.status != "cancelled")
    found = ctx.session.execute(select(t.c.id).where(standing)).scalar()
    return int(found) if found is not None else None


def note_move(ctx: Context, order: Order) -> None:
    """Tell the customer's history, and whoever listens, that the order changed its status."""
    titles = {
        "confirmed": f"Order {order.number}: {Money(order.gross_minor, order.currency).format(ctx.locale)}",
        "fulfilled": f"Order {order.number} fulfilled",
        "cancelled": f"Order {order.number} cancelled",
    }
    kind = f"orders.order.{order.status}"
    timeline.add(
        ctx,
        order.customer_id,
        kind,
        titles[order.status],
        module="orders",
        resource="orders.orders",
        record_id=order.key,
        snapshot={"number": order.number, "gross": order.gross_minor, "currency": order.currency},
    )
    payload = {
        "id": order.key,
        "number": order.number,
        "gross": order.gross_minor,
        "currency": order.currency,
    }
    publish(ctx, kind, payload, customer_id=order.customer_id)
    if order.status == "confirmed":
        roles.give_role(ctx, order.customer_id, "buyer", "orders")


# Lines


def lines_of(ctx: Context, order_id: int, currency: str) -> list[Line]:
    """The lines of an order, in their order: one statement."""
    return [_line(row, currency) for row in _line_rows(ctx, order_id)]


def shown_lines(ctx: Context, order_id: int, currency: str) -> list[dict[str, Any]]:
    """The lines as a page shows them: one statement."""
    return [
        {
            "id": row["id"],
            "product_id": row["product_id"],
            "description": row["description"],
            "quantity": Decimal(row["quantity_milli"]).scaleb(-3).normalize(),
            "unit_price": Money(row["unit_price_minor"], currency),
            "discount": Decimal(row["discount_hundredths"]).scaleb(-2).normalize(),
            "tax_rate": Decimal(row["tax_hundredths"]).scaleb(-2).normalize(),
            "net": Money(row["net_minor"], currency),
        }
        for row in _line_rows(ctx, order_id)
    ]


def cost_of(ctx: Context, order_id: int) -> int:
    """What the lines whose cost is known cost the firm, in minor units: one statement."""
    t = table(OrderLine)
    known = (t.c.order_id == order_id) & t.c.unit_cost_minor.is_not(None)
    milli_minor = ctx.session.execute(
        select(func.coalesce(func.sum(t.c.unit_cost_minor * t.c.quantity_milli), 0)).where(known)
    ).scalar_one()
    return round(Decimal(int(milli_minor)).scaleb(-3))


def _line_rows(ctx: Context, order_id: int) -> Sequence[Mapping[Any, Any]]:
    t = table(OrderLine)
    statement = select(t).where(t.c.order_id == order_id).order_by(t.c.position, t.c.id)
    return ctx.session.execute(statement).mappings().all()


def _line(row: Mapping[Any, Any], currency: str) -> Line:
    return Line(
        row["product_id"],
        row["description"],
        Decimal(row["quantity_milli"]).scaleb(-3),
        Money(row["unit_price_minor"], currency),
        percentage(row["tax_hundredths"]),
        percentage(row["discount_hundredths"]),
    )


def insert_lines(
    ctx: Context, order_id: int, lines: Sequence[Line], nets: Sequence[Money], first: int = 1
) -> None:
    """Write lines of an order, numbered from ``first``, each with what its product costs the firm now."""
    products = {line.product_id for line in lines if line.product_id is not None}
    known = costs(ctx, products, lines[0].unit_price.currency) if products else {}
    rows = [
        {
            "order_id": order_id,
            "position": position,
            "product_id": line.product_id,
            "description": line.description.strip()[:1000],
            "quantity_milli": milli(line.quantity),
            "unit_price_minor": line.unit_price.minor,
            "unit_cost_minor": known.get(line.product_id or 0),
            "discount_hundredths": hundredths(line.discount_percent, "discount"),
            "tax_hundredths": hundredths(line.tax_rate, "tax rate"),
            "net_minor": net.minor,
        }
        for position, (line, net) in enumerate(zip(lines, nets, strict=True), start=first)
    ]
    if rows:
        ctx.session.execute(insert(table(OrderLine)), rows)


def add_line(ctx: Context, order_id: int, line: Line) -> None:
    """Add a line to a draft, and reckon it anew. Conflict when the order is no draft any more."""
    order = _draft(ctx, order_id)
    before = lines_of(ctx, order_id, order.currency)
    added = check_lines([line], order.currency)
    insert_lines(ctx, order_id, [line], added.line_nets, first=len(before) + 1)
    _reckon(ctx, order, f"{line.quantity.normalize():f} × {line.description}", "")


def remove_line(ctx: Context, order_id: int, line_id: int) -> None:
    """Take a line off a draft; nothing happens when it is gone already."""
    order = _draft(ctx, order_id)
    t = table(OrderLine)
    gone = delete(t).where(t.c.id == line_id, t.c.order_id == order_id).returning(t.c.description)
    description = ctx.session.execute(gone).scalar()
    if description is not None:
        _reckon(ctx, order, "", description)


def _draft(ctx: Context, order_id: int) -> Order:
    order: Order = editing.load(ctx, ctx.assembly.resource("orders.orders"), order_id, "edit")
    if order.status != "draft":
        raise Conflict(f"Order {order.number} is {order.status}: its lines stand.")
    return order


def _reckon(ctx: Context, order: Order, added: str, removed: str) -> None:
    set_totals(order, totals(lines_of(ctx, order.key, order.currency), currency=order.currency))
    order.version += 1
    order.updated_at = ctx.now
    ctx.session.add(order)
    ctx.session.flush()
    audit.record(
        ctx, "change", "orders.orders", order.key, {"lines": (removed, added)}, customer_id=order.customer_id
    )
    publish(
        ctx, "orders.orders.changed", {"id": order.key, "fields": ["lines"]}, customer_id=order.customer_id
    )


def set_totals(order: Order, found: Totals) -> None:
    """Put the sums on the order."""
    order.net_minor, order.tax_minor, order.gross_minor = found.net.minor, found.tax.minor, found.gross.minor
