"""How the shop is set up: its settings, for their page, and what ``patron doctor`` says of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from patron import Context, HealthCheck, SettingSpec, mailflow, table
from sqlalchemy import func, select

from patron_ecommerce import testpay
from patron_ecommerce.models import Payment
from patron_ecommerce.services import payments
from patron_ecommerce.services.common import MODULE

TERMS = "Please ask us for our terms of sale."
SETTINGS = (
    SettingSpec("prices", "Prices shown", "choice", "gross", ("gross", "net"), "With tax, or without (for firms)."),
    SettingSpec("invoice", "Who may pay by invoice", "choice", "accounts", ("nobody", "accounts", "everybody")),
    SettingSpec("test_payments", "Test provider", "choice", "auto", ("auto", "on", "off"),
                help="It moves no money. auto: only on an address that nobody else reaches, such as localhost."),
    SettingSpec("payment_minutes", "Minutes to pay", "integer", 60,
                help="Then the order is cancelled, and its pieces are free again."),
    SettingSpec("abandoned_hours", "Hours until a cart counts as left behind", "integer", 24),
    SettingSpec("few_left", "Say “only a few left” from", "integer", 3),
    SettingSpec("terms", "Terms of sale", "text", TERMS, help="What the shop shows at /shop/terms."),
)  # fmt: skip


def shown(ctx: Context) -> dict[str, Any]:
    """The settings with their values, the ways to pay, and the mailbox."""
    setting = ctx.assembly.setting
    rows = [
        {"name": spec.name, "label": spec.label, "value": str(setting(MODULE, spec.name)), "help": spec.help}
        for spec in SETTINGS
    ]
    every = ctx.assembly.offered(payments.HOOK)
    return {
        "rows": rows,
        "providers": [{"name": one.name, "label": one.label, "on": one.offered(ctx)} for one in every],
        "mailbox": mailflow.sending_mailbox(ctx, MODULE) is not None,
        "webhooks": f"{ctx.assembly.settings.base_url.rstrip('/')}/shop/payments/",
    }


def _mailbox(ctx: Context) -> str | None:
    if mailflow.sending_mailbox(ctx, MODULE) is None:
        return "The shop has no mailbox, so no order is confirmed by mail: add one for it under /admin/mailboxes."
    return None


def _test_provider(ctx: Context) -> str | None:
    local = urlsplit(ctx.assembly.settings.base_url).hostname in ("localhost", "127.0.0.1", "::1")
    if testpay.is_offered(ctx) and not local:
        return "The shop takes test payments, which move no money. Set ecommerce.test_payments to “off”."
    return None


def _held(ctx: Context) -> str | None:
    p = table(Payment)
    count = ctx.session.execute(select(func.count()).select_from(p).where(p.c.state == "held")).scalar_one()
    return f"Payments that need a person: {count}. See /ecommerce/payments?state=held." if count else None


HEALTH = (
    HealthCheck("shop_mailbox", _mailbox),
    HealthCheck("test_payments", _test_provider),
    HealthCheck("held_payments", _held),
)
