"""What the customer sees of a quote by the link that was mailed: the lines, the document, accepting and declining."""

from __future__ import annotations

from dataclasses import replace

from patron import (
    ANYONE,
    Conflict,
    Context,
    Download,
    Face,
    FieldError,
    Flash,
    Invalid,
    Money,
    Page,
    Redirect,
    Route,
    get,
    mandates,
    post,
)

from patron_sales.services import documents, mailing, quotes

OPEN = {"face": Face.PUBLIC, "permission": ANYONE, "visitors": Face.CUSTOMER}
AT = "/my/quote/{token:str}"


def _page(ctx: Context, token: str, error: Invalid | None = None) -> Page:
    quote = mailing.by_link(ctx, token)
    lines = quotes.shown_lines(ctx, quote)
    data = {
        "quote": quote,
        "customer": quotes.customer_name(ctx, quote.customer_id),
        "lines": lines,
        "sums": quotes.reckoned(lines),
        "at": AT.replace("{token:str}", token),
        "beyond": mandates.beyond(ctx, quote.customer_id, Money(quote.gross_minor, quote.currency)),
        "sign_in": ctx.actor.kind not in (Face.CUSTOMER, Face.PARTNER),
        "late": quote.valid_until < ctx.now.date(),
        "typed": {name: ctx.web.value(name) for name in ("name", "reason")} if error else {},
        "errors": (error.errors or (FieldError("", error.detail),)) if error else (),
        "by_field": {item.field: [item.message] for item in error.errors} if error else {},
    }
    return Page(
        "sales/quote_link.html", data, status=422 if error else 200, headers={"X-Robots-Tag": "noindex"}
    )


@get(AT, **OPEN)
def show(ctx: Context, token: str) -> Page:
    """The quote as the customer sees it. Opening it, as mail scanners do, changes nothing."""
    return _page(ctx, token)


@get(AT + "/pdf", **OPEN, transaction="none", slow=True)
def pdf(ctx: Context, token: str) -> Download:
    """The document."""
    with ctx.assembly.database.read() as session:
        look = replace(ctx, session=session)
        data = documents.data_of(look, mailing.by_link(look, token))
    return Download(documents.typeset(data), data["file"], "application/pdf")


@post(AT + "/accept", **OPEN)
def accept(ctx: Context, token: str) -> Page | Redirect:
    """Take it (form: name)."""
    try:
        mailing.accept_by_link(ctx, token, ctx.web.value("name"))
    except Invalid as error:
        ctx.session.rollback()
        return _page(ctx, token, error)
    except Conflict:
        # Why it cannot be accepted may be none of the customer's business: a hold has its reason.
        ctx.session.rollback()
        return _page(ctx, token, Invalid("It cannot be accepted just now. Please get in touch with us."))
    return Redirect(AT.replace("{token:str}", token), Flash("Thank you. We have your order."))


@post(AT + "/decline", **OPEN)
def decline(ctx: Context, token: str) -> Page | Redirect:
    """Do not take it (form: name, reason)."""
    try:
        mailing.decline_by_link(ctx, token, ctx.web.value("name"), ctx.web.value("reason"))
    except Invalid as error:
        ctx.session.rollback()
        return _page(ctx, token, error)
    except Conflict as error:
        ctx.session.rollback()
        return _page(ctx, token, Invalid(error.detail))
    return Redirect(AT.replace("{token:str}", token), Flash("Thank you for telling us.", "info"))


ROUTES: tuple[Route, ...] = (show, pdf, accept, decline)
