"""The lines of a quote on one screen, its document, and its way from draft to order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from patron import (
    BadRequest,
    Conflict,
    Context,
    Download,
    FieldError,
    Flash,
    Invalid,
    Json,
    Listing,
    Page,
    Redirect,
    Route,
    editing,
    get,
    post,
    preferring,
    put,
    read_one,
    read_page,
    whole_number,
)

from patron_sales.controllers import forms
from patron_sales.models import Quote
from patron_sales.services import documents, lines, mailing, quotes

READ, EDIT, ACCEPT = "sales.quotes.read", "sales.quotes.edit", "sales.quotes.accept"
ROWS, SPARE, MOST_ROWS = 20, 5, 100
NAMES = ("product", "description", "quantity", "price", "discount", "tax")


def _at(quote_id: int) -> str:
    return f"/sales/quotes/{quote_id}"


# Lines


@get("/sales/quotes/{quote_id:int}/lines", permission=EDIT)
def show_lines(ctx: Context, quote_id: int) -> Page:
    """Twenty lines and more on one screen."""
    quote = quotes.load(ctx, quote_id)
    stored = quotes.shown_lines(ctx, quote)
    return _editor(ctx, quote, [lines.as_input(line) for line in stored], stored)


@post("/sales/quotes/{quote_id:int}/lines", permission=EDIT)
def save_lines(ctx: Context, quote_id: int) -> Redirect | Page:
    """Price and keep the lines (form: line-<n>-product, -description, -quantity, -price, -discount, -tax)."""
    typed = _typed(ctx)
    version = ctx.web.value("version")
    try:
        quote = quotes.save_lines(ctx, quote_id, typed, version=whole_number(version))
    except Invalid as error:
        ctx.session.rollback()
        return _editor(ctx, quotes.load(ctx, quote_id), typed, (), error)
    if ctx.web.value("more"):
        return Redirect(f"{_at(quote_id)}/lines", Flash("Saved. There is room for more."))
    return Redirect(_at(quote_id), Flash(f"Lines of {quote.number} saved."))


@post("/sales/quotes/{quote_id:int}/lines/preview", permission=EDIT, transaction="read")
def preview(ctx: Context, quote_id: int) -> Page:
    """What the lines come to as they are typed: prices, their reasons, and totals, put in their places."""
    quote = quotes.load(ctx, quote_id)
    typed = _typed(ctx)
    places = [index for index, each in enumerate(typed) if not each.blank]
    try:
        priced = lines.price_lines(
            ctx, [typed[index] for index in places], customer_id=quote.customer_id, currency=quote.currency
        )
    except Invalid as error:
        return Page("sales/quote_preview.html", {"rows": [], "sums": None, "problem": error.detail})
    data = {
        "rows": list(zip(places, priced, strict=True)),
        "empty": [index for index in range(len(typed)) if index not in places],
        "sums": quotes.sums_of(priced),
        "problem": "",
    }
    return Page("sales/quote_preview.html", data)


def _typed(ctx: Context) -> list[lines.LineInput]:
    """The rows of the form, in their order, the empty ones too: errors must find their row."""
    rows = min(whole_number(ctx.web.value("rows")) or 0, MOST_ROWS * 2)
    typed = [
        lines.LineInput(*(ctx.web.value(f"line-{index}-{name}") for name in NAMES)) for index in range(rows)
    ]
    while typed and typed[-1].blank:
        typed.pop()
    return typed


def _editor(
    ctx: Context,
    quote: Quote,
    typed: Sequence[lines.LineInput],
    stored: Sequence[dict[str, Any]],
    error: Invalid | None = None,
) -> Page:
    blank = [lines.LineInput()] * max(ROWS - len(typed), SPARE)
    rows: list[dict[str, Any]] = [{**asdict(each), "net": None, "trace": ()} for each in (*typed, *blank)]
    for row, line in zip(rows, stored, strict=False):
        row.update(net=line["net"], trace=line["trace"])
    products = read_page(
        ctx,
        ctx.assembly.resource("catalog.products"),
        Listing(filter={"active": True}, fields=("sku", "name"), sort="name", limit=40),
    )
    options = [(item["id"], f"{item['name']} ({item['sku']})") for item in products.items]
    known = {
        **{line["product"]: f"{line['description']} ({line['sku']})" for line in stored if line["product"]},
        **dict(options),
    }
    data = {
        "quote": quote,
        "customer": quotes.customer_name(ctx, quote.customer_id),
        "rows": rows,
        "filled": len(typed),
        "options": options,
        "known": {**known, **dict(options)},
        "sums": quotes.reckoned(stored),
        "errors": (error.errors or (FieldError("", error.detail),)) if error else (),
        "by_field": {item.field: item.message for item in error.errors} if error else {},
        "locked": quote.status != "draft",
    }
    return Page("sales/quote_lines.html", data, status=422 if error else 200)


_LINES = {
    "type": "object",
    "required": ["lines"],
    "properties": {
        "version": {"type": "integer", "description": "The version of the quote that the change began from"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "anyOf": [{"required": ["product"]}, {"required": ["description"]}],
                "properties": {key: {"type": ["string", "integer"]} for key in NAMES},
            },
        },
    },
}


@put("/api/v1/sales/quotes/{quote_id:int}/lines", permission=EDIT, takes=_LINES)
def lines_api(ctx: Context, quote_id: int) -> Json:
    """Make these the lines of a quote; what is left out of price and tax is the catalogue's"""
    body = ctx.web.json_object()
    entries = body.get("lines")
    if not isinstance(entries, list):
        raise BadRequest("lines takes a list.")
    typed = [_entry(index, entry) for index, entry in enumerate(entries)]
    version = body.get("version")
    quotes.save_lines(ctx, quote_id, typed, version=version if isinstance(version, int) else None)
    return Json(read_one(ctx, ctx.assembly.resource(quotes.KEY), quote_id))


def _entry(index: int, entry: Any) -> lines.LineInput:
    known = isinstance(entry, dict) and set(entry) <= set(NAMES)
    if not known or not all(isinstance(value, str | int) for value in entry.values()):
        raise BadRequest(f"Line {index + 1} takes {', '.join(NAMES)}, as text.")
    typed = lines.LineInput(**{name: str(value) for name, value in entry.items()})
    if typed.blank:
        raise BadRequest(f"Line {index + 1} needs a product or a description.")
    return typed


# Document


@get("/sales/quotes/{quote_id:int}/pdf", permission=READ, transaction="none", slow=True)
def pdf(ctx: Context, quote_id: int) -> Download:
    """The quote as PDF. It is read in one short transaction, and typeset after that."""
    with ctx.assembly.database.read() as session:
        data = documents.quote_data(replace(ctx, session=session), quote_id)
    return Download(documents.typeset(data), data["file"], "application/pdf")


# By e-mail


@get("/sales/quotes/{quote_id:int}/mail", permission=EDIT)
def show_mail(ctx: Context, quote_id: int) -> Page | Redirect:
    """The letter, to be read and changed before it goes out."""
    try:
        quote, letter = mailing.letter_of(ctx, quote_id)
    except Conflict as error:
        return Redirect(_at(quote_id), Flash(error.detail, kind="danger"))
    return _letter(ctx, quote, letter)


def _letter(ctx: Context, quote: Quote, letter: mailing.Letter, error: Invalid | None = None) -> Page:
    data = {
        "quote": quote,
        "letter": letter,
        "customer": quotes.customer_name(ctx, quote.customer_id),
        "errors": (error.errors or (FieldError("", error.detail),)) if error else (),
        "by_field": {item.field: [item.message] for item in error.errors} if error else {},
        "total": {"minor": quote.gross_minor, "currency": quote.currency},
        "administers": ctx.actor.may("admin"),
        "cautions": preferring.cautions(ctx, mailing.people_of(ctx, quote), "email"),
    }
    return Page("sales/quote_mail.html", data, status=422 if error else 200)


@post("/sales/quotes/{quote_id:int}/mail", permission=EDIT, transaction="none", slow=True)
def send_mail(ctx: Context, quote_id: int) -> Page | Redirect:
    """Send it with the document attached (form: version, mailbox, to, subject, text). Typeset outside a transaction."""
    version, mailbox = ctx.web.value("version"), ctx.web.value("mailbox")
    to, subject = ctx.web.value("to"), ctx.web.value("subject")
    text = (ctx.web.values("text") or [""])[0]
    database = ctx.assembly.database
    with database.read() as session:
        look = replace(ctx, session=session)
        mailing.check_mailable(look, quotes.load(look, quote_id, "edit"))
        data = documents.quote_data(look, quote_id, final=True)
    document = (data["file"], documents.typeset(data))
    at_version, mailbox_id = (whole_number(value) or 0 for value in (version, mailbox))
    try:
        with database.write() as session:
            work = replace(ctx, session=session)
            mailing.send_by_mail(work, quote_id, at_version, mailbox_id, to, subject, text, document)
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid(error.detail)
        with database.read() as session:
            look = replace(ctx, session=session)
            quote, letter = mailing.letter_of(look, quote_id)
            return _letter(look, quote, replace(letter, to=to, subject=subject, text=text), shown)
    return Redirect(_at(quote_id), Flash(f"On its way to {to}."))


# From draft to order


def _step(
    ctx: Context, quote_id: int, step: Callable[[Context, int], Quote], said: Callable[[Quote], str]
) -> Redirect:
    """Do one step; why it cannot be done is said on the quote's page."""
    try:
        quote = step(ctx, quote_id)
    except (Conflict, Invalid) as error:
        ctx.session.rollback()
        return Redirect(_at(quote_id), Flash(error.detail, kind="danger"))
    return Redirect(_at(quote_id), Flash(said(quote)))


@post("/sales/quotes/{quote_id:int}/send", permission=EDIT)
def send(ctx: Context, quote_id: int) -> Redirect:
    """Note that it went out."""
    return _step(ctx, quote_id, quotes.send, lambda quote: f"{quote.number} is out. Its lines stand now.")


@post("/sales/quotes/{quote_id:int}/revise", permission=EDIT)
def revise(ctx: Context, quote_id: int) -> Redirect:
    """Back to a draft, as the next revision."""
    return _step(ctx, quote_id, quotes.revise, lambda quote: f"Revision {quote.revision} is a draft.")


@post("/sales/quotes/{quote_id:int}/accept", permission=ACCEPT)
def accept(ctx: Context, quote_id: int) -> Redirect:
    """The customer takes it: order, invoice and open item come of it."""
    return _step(
        ctx, quote_id, quotes.accept, lambda quote: f"{quote.number} accepted: ordered and invoiced."
    )


@post("/api/v1/sales/quotes/{quote_id:int}/accept", permission=ACCEPT)
def accept_api(ctx: Context, quote_id: int) -> Json:
    """Accept a quote; 409 with the reason where it cannot be."""
    quote = quotes.accept(ctx, quote_id)
    return Json(
        {
            "id": str(quote.key),
            "status": quote.status,
            "order": str(quote.order_id),
            "invoice": str(quote.invoice_id),
        }
    )


@get("/sales/quotes/{quote_id:int}/decline", permission=EDIT)
def ask_decline(ctx: Context, quote_id: int) -> Page:
    """Why did the customer decline?"""
    return _ask_decline(ctx, quote_id, None)


@post("/sales/quotes/{quote_id:int}/decline", permission=EDIT)
def decline(ctx: Context, quote_id: int) -> Redirect | Page:
    """The customer does not want it (form: reason)."""
    try:
        quotes.decline(ctx, quote_id, ctx.web.value("reason"))
    except Invalid as error:
        ctx.session.rollback()
        return _ask_decline(ctx, quote_id, error)
    return Redirect(_at(quote_id), Flash("Noted as declined."))


def _ask_decline(ctx: Context, quote_id: int, error: Invalid | None) -> Page:
    quote = editing.load(ctx, ctx.assembly.resource(quotes.KEY), quote_id)
    return forms.ask_reason(
        ctx,
        error,
        heading=f"Declined: {quote.number}",
        question="Why did the customer decline?",
        action=f"{_at(quote_id)}/decline",
        submit="Mark as declined",
        back=_at(quote_id),
        trail=("Quotes", "/sales/quotes", quote.number),
        suggestions=("Price", "Competitor", "No budget", "Bad timing", "Not needed any more"),
    )


ROUTES: tuple[Route, ...] = (
    show_lines,
    save_lines,
    preview,
    lines_api,
    pdf,
    show_mail,
    send_mail,
    send,
    revise,
    accept,
    accept_api,
    ask_decline,
    decline,
)
