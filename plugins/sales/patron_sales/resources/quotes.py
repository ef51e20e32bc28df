"""Quotes as a resource: numbered when made, changed only while they are drafts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from patron import (
    Action,
    Choice,
    Context,
    CustomerLink,
    Field,
    Invalid,
    Resource,
    Rules,
    next_number,
    normalise,
    table,
)
from sqlalchemy import select

from patron_sales.models import Opportunity, Quote
from patron_sales.services import lines, quotes

STATUS_CHOICES = (
    Choice("draft", "Draft"),
    Choice("sent", "Sent", "info"),
    Choice("accepted", "Accepted", "success"),
    Choice("declined", "Declined", "danger"),
    Choice("expired", "Expired", "warning"),
)
_ALWAYS = ("owner", "team")  # what may change whatever the status


class QuoteRules(Rules):
    """A quote gets its number when it is made; what was sent stands."""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        days = int(ctx.assembly.setting("sales", "quote_days"))
        return {
            "valid_until": ctx.now.date() + timedelta(days=days),
            "currency": ctx.assembly.settings.currency,
        }

    def check(self, ctx: Context, record: Quote | None, values: Mapping[str, Any]) -> None:
        if record is not None:
            touched = [
                name for name in values if name not in _ALWAYS and _differs(record, name, values[name])
            ]
            if touched and record.status != "draft":
                raise Invalid.field(touched[0], f"This quote is {record.status}. Revise it to change it.")
            if record.gross_minor and {"currency", "customer"} & set(touched):
                raise Invalid.field(
                    touched[0], "Its lines are priced for this customer and currency already."
                )
        if "valid_until" in values and values["valid_until"] is None:
            raise Invalid.field("valid_until", "Say until when the quote is valid.")
        self._check_opportunity(ctx, record, values)

    def _check_opportunity(self, ctx: Context, record: Quote | None, values: Mapping[str, Any]) -> None:
        opportunity_id = values.get("opportunity", record.opportunity_id if record else None)
        customer_id = values.get("customer", record.customer_id if record else None)
        if opportunity_id is None:
            return
        t = table(Opportunity)
        theirs = ctx.session.execute(select(t.c.customer_id).where(t.c.id == opportunity_id)).scalar()
        if theirs != customer_id:
            raise Invalid.field("opportunity", "This opportunity is another customer's.")

    def before_save(self, ctx: Context, record: Quote, values: Mapping[str, Any], *, created: bool) -> None:
        if created:
            record.number = next_number(ctx, "quotes", "Q-{year}-{number:05}")
            record.number_key = normalise.sort_key(record.number, ctx.assembly.settings.locale)

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is not None and "lines" not in names:
            return
        currencies = {int(row["id"]): str(row["currency"]) for row in rows if "currency" in row}
        found = lines.lines_of(ctx, currencies)
        for row in rows:
            row["lines"] = found.get(int(row["id"]), [])

    def page_data(self, ctx: Context, record: Quote) -> Mapping[str, Any]:
        shown = quotes.shown_lines(ctx, record)
        return {
            "quote": record,
            "lines": shown,
            "sums": quotes.reckoned(shown),
            "why_not": quotes.why_not(ctx, record) if record.status in quotes.OPEN and shown else "",
            "may_price": record.status == "draft" and ctx.actor.may("sales.quotes.edit"),
            "order_url": _url(ctx, "orders.orders", record.order_id),
            "invoice_url": _url(ctx, "orders.invoices", record.invoice_id),
        }

    def search_text(self, record: Quote) -> str:
        return record.note[:500]

    def actions(self, ctx: Context, record: Quote) -> Sequence[Action]:
        at, edit = f"/sales/quotes/{record.id}", "sales.quotes.edit"
        pdf = Action("PDF", f"{at}/pdf", "sales.quotes.read", icon="download")
        accept = Action("Accept", f"{at}/accept", "sales.quotes.accept", "post", icon="check", primary=True)
        decline = Action("Decline", f"{at}/decline", edit, icon="circle-x")
        revise = Action("Revise", f"{at}/revise", edit, "post", icon="pencil")
        by_status = {
            "draft": (
                Action("Edit lines", f"{at}/lines", edit, icon="list", primary=not record.gross_minor),
                Action("Send by e-mail", f"{at}/mail", edit, icon="mail", primary=bool(record.gross_minor)),
                Action("Mark as sent", f"{at}/send", edit, "post", icon="send"),
                pdf,
            ),
            "sent": (accept, decline, Action("Send again", f"{at}/mail", edit, icon="mail"), revise, pdf),
            "accepted": (pdf,),
        }
        return by_status.get(record.status, (revise, pdf))


def _differs(record: Quote, name: str, value: Any) -> bool:
    column = {"customer": "customer_id", "opportunity": "opportunity_id"}.get(name, name)
    return bool(getattr(record, column) != value)


def _url(ctx: Context, resource: str, record_id: int | None) -> str:
    """Where the record is, for those who may read it."""
    found = ctx.assembly.resources.get(resource)
    if found is None or record_id is None or not ctx.actor.may(found.permission("read")):
        return ""
    return f"{found.path}/{record_id}"


QUOTES = Resource(
    name="quotes",
    model=Quote,
    label="Quote",
    label_plural="Quotes",
    title="number",
    icon="file-text",
    nav="Sales",
    date="valid_until",
    rules=QuoteRules,
    template="sales/quote.html",
    fields=(
        Field("number", "Number", sort_column="number_key", read_only=True),
        Field("customer", "Customer", "customer", column="customer_id", required=True),
        Field("opportunity", "Opportunity", "ref", column="opportunity_id", ref="sales.opportunities"),
        Field("status", "Status", "choice", default="draft", choices=STATUS_CHOICES, read_only=True),
        Field("total", "Total", "money", column="gross", read_only=True),
        Field("net", "Net", "money", column="net", read_only=True),
        Field("valid_until", "Valid until", "date"),
        Field("currency", "Currency", max_length=3, says="currency"),
        Field(
            "note",
            "Note on the document",
            "longtext",
            help="Stands below the lines: delivery, terms, a thank you.",
        ),
        Field("revision", "Revision", "integer", read_only=True),
        Field("decline_reason", "Why declined", read_only=True),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("lines", "Lines", "list", read_only=True),
        Field("sent_at", "Sent", "instant", read_only=True),
        Field("closed_at", "Closed", "instant", read_only=True),
        Field("created_at", "Created", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("number", "customer", "total", "status", "valid_until", "owner"),
    filters=(
        "number",
        "status",
        "customer",
        "opportunity",
        "owner",
        "team",
        "valid_until",
        "sent_at",
        "closed_at",
        "created_at",
        "updated_at",
    ),
    sorts=("-created_at", "number", "updated_at"),
    form=("customer", "opportunity", "valid_until", "currency", "note", "owner", "team"),
    search=("number",),
    links=(CustomerLink("customer_id"),),
)
