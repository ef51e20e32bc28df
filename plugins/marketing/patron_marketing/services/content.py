"""A campaign's mail for one reader: subject, text, markup, and the headers of an unsubscription by one click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from patron import Brand, Context, mailflow, table
from sqlalchemy import select

from patron_marketing.models import Campaign, Link
from patron_marketing.services import tokens, wording
from patron_marketing.services.reasons import Reader


@dataclass(frozen=True)
class Letter:
    """What every mail of a campaign shares: its parsed text, where its links stand, who writes."""

    subject: wording.Pieces
    body: wording.Pieces
    links: Mapping[str, int]  # url to the id of its row; empty where clicks are not followed
    brand: str
    purpose: str
    opens: bool


@dataclass(frozen=True)
class Filled:
    """The mail of one reader. ``headers`` are those of RFC 2369 and RFC 8058."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


def letter_of(ctx: Context, campaign: Campaign) -> Letter:
    """The campaign's text, read. Invalid where it cannot be. Two statements."""
    link, brand = table(Link), table(Brand)
    name = ctx.session.execute(select(brand.c.name).where(brand.c.id == (campaign.brand_id or 0))).scalar()
    rows = ctx.session.execute(select(link.c.url, link.c.id).where(link.c.campaign_id == campaign.key))
    return Letter(
        wording.parse(campaign.subject, "subject"),
        wording.parse(campaign.body, "body"),
        {row.url: row.id for row in rows} if campaign.track_clicks else {},
        name or ctx.assembly.company.brand,
        campaign.purpose,
        bool(ctx.assembly.setting("marketing", "track_opens")),
    )


def fill(ctx: Context, letter: Letter, reader: Reader, recipient_id: int) -> Filled:
    """The mail for a reader. ``recipient_id`` 0 is a preview: its links lead where they say, none unsubscribes."""
    leave = tokens.address(ctx, f"/u/{tokens.make(ctx, 'leave', recipient_id)}") if recipient_id else "#"
    values = {**values_of(reader), "brand.name": letter.brand, "unsubscribe_url": leave}

    def leads(url: str) -> str:
        link = letter.links.get(url)
        if link is None or not recipient_id:
            return url
        return tokens.address(ctx, f"/r/{tokens.make(ctx, 'click', recipient_id, link)}")

    why = f"You get this because you agreed to “{letter.purpose}” from {letter.brand}."
    how = "Unsubscribe, or choose what you get"
    text = f"{wording.plain(letter.body, values, leads).rstrip()}\n\n-- \n{why}\n{how}: {leave}\n"
    pixel = ""
    if letter.opens and recipient_id:
        seen = tokens.address(ctx, f"/o/{tokens.make(ctx, 'open', recipient_id)}")
        pixel = f'<img src="{escape(seen)}" width="1" height="1" alt="">'
    foot = f'<p><small>{escape(why)}<br><a href="{escape(leave)}">{escape(how)}</a></small></p>'
    html = (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head><body style="margin:0;padding:1.5rem;'
        'background:#fff;color:#1a1a1a;font:16px/1.55 system-ui,sans-serif"><div style="max-width:36rem;margin:0 auto">'
        f"{wording.markup(letter.body, values, leads)}<hr>{foot}</div>{pixel}</body></html>"
    )
    headers = {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Filled(wording.line(letter.subject, values), text, html, headers)


def values_of(reader: Reader) -> dict[str, str]:
    """The merge fields of a customer: a fixed table, each a text."""
    row = reader.row
    return {
        "customer.name": row.name,
        "customer.given_name": row.given_name,
        "customer.family_name": row.family_name,
        "customer.title": row.prefix,
        "customer.salutation": reader.salutation,
        "customer.city": row.city,
        "customer.email": reader.address,
    }


def raw_mail(ctx: Context, sender: mailflow.Sender, filled: Filled, reader: Reader, message_id: str) -> bytes:
    """The mail as it goes over the line. Invalid for what would break out of a header."""
    return mailflow.compose(
        sender.address, (mailflow.Address("", reader.address),), message_id=message_id, subject=filled.subject,
        text=filled.text, html=filled.html, headers=filled.headers, date=ctx.now,
    )  # fmt: skip
