"""The mails of the shop, queued in the transaction of what they tell."""

from __future__ import annotations

from patron import Context, mailflow

from patron_ecommerce.models import Checkout
from patron_ecommerce.services.common import MODULE
from patron_ecommerce.services.pricing import Priced


def confirm(ctx: Context, checkout: Checkout, view: Priced, token: str) -> bool:
    """Confirm an order by mail, with the link to follow it. False when the shop has no mailbox to send from."""
    lines = [
        f"{item.quantity} × {item.product.name}{f' ({item.note})' if item.note else ''}: {item.sum.format(ctx.locale)}"
        for item in view.items
    ]
    if view.discount.minor:
        lines.append(f"Voucher {checkout.voucher_code}: {(-view.discount).format(ctx.locale)}")
    site = ctx.assembly.company.brand
    text = (
        f"Dear {checkout.name},\n\nthank you for your order {checkout.number} at {site}.\n\n"
        + "\n".join(lines)
        + f"\n\nTotal with tax: {view.totals.gross.format(ctx.locale)}\n\n"
        + f"We send it to:\n{address_text(checkout)}\n\n"
        + f"Follow your order here:\n{tracking_url(ctx, token)}\n"
    )
    mailbox = mailflow.sending_mailbox(ctx, MODULE)
    if mailbox is None:
        return False
    to = mailflow.Address(checkout.name, checkout.email)
    mailflow.queue_mail(
        ctx, mailbox, [to], f"{site}: your order {checkout.number}", text, module=MODULE,
        resource="ecommerce.checkouts", record_id=checkout.key, intent="order",
    )  # fmt: skip
    return True


def invite(ctx: Context, email: str, name: str, url: str) -> bool:
    """The letter that leads into a new account. It holds a secret, so it stands in no thread and on no timeline."""
    site = ctx.assembly.company.brand
    text = (
        f"Dear {name},\n\nsomeone asked for an account at {site} with this address. If it was you, choose a password"
        f" here within a week:\n\n{url}\n\nIf it was not you, do nothing: nobody can use the account then.\n"
    )
    return mailflow.post_letter(ctx, mailflow.Address(name, email), f"{site}: your account", text)


def confirms(ctx: Context) -> bool:
    """Whether orders are confirmed by mail."""
    return mailflow.sending_mailbox(ctx, MODULE) is not None


def invites(ctx: Context) -> bool:
    """Whether the letters that lead into accounts go out."""
    return mailflow.letter_mailbox(ctx) is not None


def tracking_url(ctx: Context, token: str) -> str:
    """The whole address of an order's tracking page."""
    return f"{ctx.assembly.settings.base_url.rstrip('/')}/shop/orders/{token}"


def address_text(checkout: Checkout) -> str:
    """Name and address in lines."""
    town = f"{checkout.postcode} {checkout.city}".strip()
    parts = (checkout.name, checkout.line1, checkout.line2, town, checkout.country)
    return "\n".join(part for part in parts if part)
