"""Days and countries as people read them, in texts that are stored or sent, where no template shows them."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

from patron.context import Context
from patron.customers.normalise import country_name


def day(ctx: Context, value: date) -> str:
    """``2026-12-15`` as “Dec 15, 2026”, by the locale of whoever acts."""
    return str(format_date(value, "medium", locale=ctx.locale.replace("-", "_")))


def country(ctx: Context, code: str) -> str:
    """``DE`` as “Germany”, by the locale of whoever acts; what is no code stays as it is."""
    return country_name(code, ctx.locale)
