"""A quote by e-mail: the letter to be edited, the document attached, and a signed link that shows and accepts it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any

from babel.dates import format_date
from patron import (
    Actor,
    Conflict,
    Context,
    Interaction,
    Invalid,
    Money,
    NotFound,
    Scope,
    audit,
    contacts,
    files,
    mailflow,
    mandates,
    preferring,
    table,
)
from sqlalchemy import select

from patron_sales.models import Opportunity, Quote
from patron_sales.services import quotes

TEXT = """{salutation},

please find our quote {number} over {total} attached. It is valid until {valid_until}.

You can look at it and accept it here:
{link}

{sender}"""
FIELDS = ("salutation", "customer", "number", "total", "valid_until", "link", "sender")
MAILABLE = ("draft", "sent")
_TOKEN = re.compile(r"(\d{1,18})-(\d{1,6})-([\w-]{32})")


@dataclass(frozen=True)
class Letter:
    """A mail as its form holds it. ``mailboxes`` are those that may send it, as (id, label)."""

    to: str
    subject: str
    text: str
    mailboxes: Sequence[tuple[int, str]]


def letter_of(ctx: Context, quote_id: int) -> tuple[Quote, Letter]:
    """The letter that the template makes for a quote that may go out. Conflict for one that may not."""
    quote = quotes.load(ctx, quote_id)
    check_mailable(ctx, quote)
    name = quotes.customer_name(ctx, quote.customer_id)
    filled = mailflow.fill(
        str(ctx.assembly.setting("sales", "quote_mail") or TEXT),
        {
            "salutation": _salutation(ctx, quote) or f"Hello {name}",
            "customer": name,
            "number": quote.number,
            "total": Money(quote.gross_minor, quote.currency).format(ctx.locale),
            "valid_until": format_date(quote.valid_until, "long", ctx.locale.replace("-", "_")),
            "link": link_of(ctx, quote),
            "sender": ctx.actor.name,
        },
    )
    site = ctx.assembly.company.brand
    to = ", ".join(_addresses(ctx, quote)[:1])
    return quote, Letter(
        to, f"Quote {quote.number} from {site}", filled, mailflow.mailbox_options(ctx, "sales")
    )


def _addresses(ctx: Context, quote: Quote) -> list[str]:
    """Where the contact of the opportunity, else the customer, is written to."""
    rows: list[dict[str, Any]] = [{"id": str(key)} for key in people_of(ctx, quote)]
    contacts.attach(ctx, rows)
    return [email for row in rows for email in row["emails"]]


def _salutation(ctx: Context, quote: Quote) -> str:
    """How the contact, else the customer, wants to be addressed; empty where neither says."""
    people = people_of(ctx, quote)
    said = preferring.salutations(ctx, people)
    return next((said[key] for key in people if key in said), "")


def people_of(ctx: Context, quote: Quote) -> list[int]:
    """The contact of the opportunity, if there is one, then the customer."""
    t = table(Opportunity)
    contact = ctx.session.execute(select(t.c.contact_id).where(t.c.id == quote.opportunity_id)).scalar()
    return [key for key in dict.fromkeys((contact, quote.customer_id)) if key is not None]


def check_mailable(ctx: Context, quote: Quote) -> None:
    """Conflict, with the reason, for a quote that cannot go out now."""
    if quote.status not in MAILABLE:
        raise Conflict(f"Quote {quote.number} is {quote.status}.")
    if not quote.gross_minor and not quotes.shown_lines(ctx, quote):
        raise Conflict("A quote without lines cannot be sent. Add lines first.")
    if quote.valid_until < ctx.now.date():
        raise Conflict("It is valid until a day that has passed. Change that first.")


def send_by_mail(
    ctx: Context, quote_id: int, version: int, mailbox_id: int, to: str, subject: str, text: str,
    document: tuple[str, bytes],
) -> Interaction:  # fmt: skip
    """Queue the letter with the document (name, bytes) that was made of that version; a draft is sent by it.

    Conflict when the quote was changed since; Invalid for what was typed.
    """
    quote = quotes.load(ctx, quote_id, "edit")
    if quote.version != version:
        raise Conflict("The quote was changed by someone else meanwhile. Please look at it once more.")
    check_mailable(ctx, quote)
    if not subject:
        raise Invalid.field("subject", "Say what it is about.")
    if not text.strip():
        raise Invalid.field("text", "Write something.")
    if mailbox_id not in dict(mailflow.mailbox_options(ctx, "sales")):
        raise Invalid.field("mailbox", "Choose the mailbox to send it from.")
    if quote.status == "draft":
        quote = quotes.send(ctx, quote_id)
    file_id = files.store(ctx, *document)
    said = mailflow.queue_mail(
        ctx, mailbox_id, read_addresses(to), subject, text, file_ids=(file_id,), module="sales",
        resource=quotes.KEY, record_id=quote.key,
    )  # fmt: skip
    files.attach(ctx, file_id, quotes.KEY, quote.key)
    audit.record(ctx, "mail", quotes.KEY, quote.key, {"to": ("", to)}, customer_id=quote.customer_id)
    return said


def read_addresses(text: str) -> list[mailflow.Address]:
    """``Ada <ada@example.com>, bob@example.com`` as addresses."""
    return [mailflow.Address(name, email) for name, email in getaddresses([text]) if email]


# The link


def link_of(ctx: Context, quote: Quote) -> str:
    """The address under which whoever got it sees this revision; it starts with the configured base URL."""
    base = ctx.assembly.settings.base_url.rstrip("/")
    return f"{base}/my/quote/{quote.key}-{quote.revision}-{_signature(ctx, quote.key, quote.revision)}"


def _signature(ctx: Context, quote_id: int, revision: int) -> str:
    key = ctx.assembly.settings.secret_key.encode()
    digest = hmac.new(key, f"sales quote {quote_id} {revision}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def by_link(ctx: Context, token: str) -> Quote:
    """The quote of a link. NotFound for a link that was not made here, and for one of an earlier revision."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise _worthless()
    quote_id, revision = int(found[1]), int(found[2])
    if not hmac.compare_digest(found[3].encode(), _signature(ctx, quote_id, revision).encode()):
        raise _worthless()
    t = table(Quote)
    living = select(Quote).where(t.c.id == quote_id, t.c.revision == revision, t.c.trashed_at.is_(None))
    quote: Quote | None = ctx.session.execute(living).scalar_one_or_none()
    if quote is None or quote.status == "draft":
        raise _worthless()
    return quote


def accept_by_link(ctx: Context, token: str, name: str) -> Quote:
    """The customer takes it, and says who they are: the history keeps that, the audit from where.

    Invalid beyond what whoever is signed in, or anybody at the customer, may approve.
    """
    quote, acting = _answering(ctx, token, name)
    if reason := mandates.beyond(ctx, quote.customer_id, Money(quote.gross_minor, quote.currency)):
        raise Invalid(reason)
    return quotes.accept(acting, quote.key)


def decline_by_link(ctx: Context, token: str, name: str, reason: str) -> Quote:
    """The customer does not want it; Invalid without the reason."""
    quote, acting = _answering(ctx, token, name)
    return quotes.decline(acting, quote.key, reason)


def _answering(ctx: Context, token: str, name: str) -> tuple[Quote, Context]:
    quote = by_link(ctx, token)
    name = " ".join(name.split())[:100]
    if not name:
        raise Invalid.field("name", "Please tell us your name.")
    if quote.status != "sent":
        raise Conflict(f"This quote is {quote.status} already.")
    actor = Actor(
        "customer", None, f"{name} (by link)", customer_id=quote.customer_id, grants={"*": Scope.ALL}
    )
    return quote, ctx.acting_as(actor)


def _worthless() -> NotFound:
    return NotFound("This link is not good any more. Please ask us for a new one.")
