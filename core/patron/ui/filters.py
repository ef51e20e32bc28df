"""Jinja filters that say values to people, in the locale and time zone of the page being rendered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from copy import copy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_currency, format_decimal, get_currency_precision
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from patron.customers.normalise.phone import readable_number
from patron.customers.normalise.places import country_name
from patron.money import Money


class PageShell(Protocol):
    """The part of ``shell`` that filters and forms read."""

    @property
    def csrf(self) -> str: ...
    @property
    def locale(self) -> str: ...


current_shell: ContextVar[PageShell | None] = ContextVar("patron_shell", default=None)


def page_locale() -> Locale:
    """The locale of the page being rendered; English outside a page or when Babel does not know it."""
    shell = current_shell.get()
    return _locale(shell.locale if shell else "en")


@lru_cache(maxsize=100)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def page_timezone() -> ZoneInfo:
    """The time zone of the page being rendered; UTC when the shell names none."""
    return ZoneInfo(getattr(current_shell.get(), "timezone", "UTC"))


def money(value: Any, currency: str | None = None, *, whole: bool = False) -> str:
    """``12345|money("EUR")`` → ``€123.45``.

    ``value`` is integer minor units, or an object or mapping with ``minor`` and ``currency``; None gives an
    empty string. Raises TypeError when no currency is known: an amount without one means nothing. ``whole`` rounds
    to units, for sums that are read at a glance.
    """
    if value is None:
        return ""
    if isinstance(value, Mapping):  # as rows of a resource say it
        minor, code = value.get("minor"), currency or value.get("currency")
    else:
        minor = getattr(value, "minor", getattr(value, "amount", value))
        code = currency or getattr(value, "currency", None)
    if not isinstance(minor, int) or not code:
        raise TypeError(f"money needs integer minor units and a currency, not {value!r} and {currency!r}")
    return _money_text(minor, str(code), page_locale(), whole)


@lru_cache(maxsize=8192)
def _money_text(minor: int, currency: str, locale: Locale, whole: bool = False) -> str:
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    if whole:
        pattern = copy(locale.currency_formats["standard"])
        pattern.frac_prec = (0, 0)
        return str(pattern.apply(amount, locale, currency=currency, currency_digits=False))
    return str(format_currency(amount, currency, locale=locale))


def number(value: int | float | None) -> str:
    """Digits grouped as the locale does it; None gives an empty string."""
    return "" if value is None else _number_text(value, page_locale())


@lru_cache(maxsize=4096)
def _number_text(value: int | float, locale: Locale) -> str:
    return str(format_decimal(value, locale=locale))


def _local(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise TypeError("Times are timezone-aware; this one is naive")
    return value.astimezone(page_timezone())


def date_text(value: date | datetime | None, style: str = "medium") -> str:
    """A date as the locale writes it; of a time, its date in the page's time zone."""
    if value is None:
        return ""
    day = _local(value).date() if isinstance(value, datetime) else value
    return _date_text(day, style, page_locale())


@lru_cache(maxsize=4096)
def _date_text(day: date, style: str, locale: Locale) -> str:
    return str(format_date(day, format=style, locale=locale))


def days_ago(value: datetime | None) -> int | None:
    """How many days before today a time lies, by the calendar of the page's time zone: 0 today, 1 yesterday."""
    if value is None:
        return None
    return (datetime.now(page_timezone()).date() - _local(value).date()).days


@lru_cache(maxsize=4096)
def phone(value: str | None) -> str:
    """A stored number as people read it: ``+493012345`` → ``+49 30 12345``; what is no number stays as it is."""
    return readable_number(value) if value else ""


def datetime_text(value: datetime | None, style: str = "medium") -> str:
    """A time as the locale writes it, in the page's time zone; ``medium`` has no seconds, ``long`` has."""
    if value is None:
        return ""
    return _datetime_text(_local(value).astimezone(UTC), page_timezone(), style, page_locale())


@lru_cache(maxsize=4096)
def _datetime_text(instant: datetime, zone: ZoneInfo, style: str, locale: Locale) -> str:
    # Kept by instant and zone: times of two zones, and the two of an hour that comes twice, are equal to Python.
    value = instant.astimezone(zone)
    if style != "medium":
        return str(format_datetime(value, format=style, locale=locale))
    both = str(get_datetime_format("medium", locale=locale))
    day, clock = format_date(value, "medium", locale=locale), format_time(value, "short", locale=locale)
    return both.replace("{1}", str(day)).replace("{0}", str(clock)).replace("'", "")


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """How long since (or until) ``value``: ``3 hours ago``, ``in 2 days``."""
    if value is None:
        return ""
    return _ago_text(_rounded((_local(value) - (now or datetime.now(UTC))).total_seconds()), page_locale())


def _rounded(seconds: float) -> int:
    """As exact as the words can be: seconds, from two hours on minutes, from two days on hours."""
    step = 1 if abs(seconds) < 7200 else 60 if abs(seconds) < 172_800 else 3600
    return round(seconds / step) * step


@lru_cache(maxsize=4096)
def _ago_text(seconds: int, locale: Locale) -> str:
    return str(format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=locale))


def iso(value: date | datetime | None) -> str:
    """Machine form for ``<time datetime>`` and date inputs; times in UTC."""
    if value is None:
        return ""
    return (
        value.astimezone(UTC).isoformat(timespec="seconds")
        if isinstance(value, datetime)
        else value.isoformat()
    )


def initials(name: str | None) -> str:
    """At most two letters that stand for a name: first and last word. ``?`` for nobody."""
    words = [word for word in (name or "").replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def hue(text: str | None) -> int:
    """0 to 7, always the same for the same text: picks an avatar's colour."""
    return sum((text or "").encode()) % 8


def csrf_token() -> str:
    """The token of the page being rendered. Raises RuntimeError outside one: no form goes out without it."""
    shell = current_shell.get()
    if shell is None:
        raise RuntimeError("This template posts a form, so it must be rendered with `shell`")
    return shell.csrf


def amount(value: Any) -> str:
    """``{"minor": 1250, "currency": "EUR"}`` → ``12.50``, as an input takes it; text stays, None gives nothing."""
    if value is None or isinstance(value, str):
        return value or ""
    if "minor" not in value:
        return str(value.get("amount") or "")
    return str(Money(int(value["minor"]), str(value["currency"])).decimal())


def options(choices: Iterable[Any]) -> list[tuple[str, str]]:
    """Declared choices as the options of a select."""
    return [(choice.value, choice.label) for choice in choices]


def country(code: str | None) -> str:
    """``DE`` as “Germany”, in the language of the page."""
    return country_name(code, str(page_locale())) if code else ""


def capital(text: str | None) -> str:
    """The text with its first letter large: what people typed in small letters, where it stands as a name."""
    return f"{text[:1].upper()}{text[1:]}" if text else ""


_PATH = re.compile(r"(?<=\s)/[a-z][\w/-]*(?:\?[\w=&-]+)?")


def linked(text: str) -> Markup:
    """A sentence with the addresses of this site in it as links: “See /admin/mailboxes.”"""
    said, end = Markup(""), 0
    for found in _PATH.finditer(text):
        said += escape(text[end : found.start()]) + Markup('<a href="{0}">{0}</a>').format(found[0])
        end = found.end()
    return said + escape(text[end:])


def _per_page(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep Jinja from working a filter out once at compile time, where no page and so no locale is known."""

    @pass_context
    def filter_of_page(_: Context, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return filter_of_page


FILTERS: dict[str, Callable[..., Any]] = {
    "amount": amount,
    "options": options,
    "money": _per_page(money),
    "number": _per_page(number),
    "date": _per_page(date_text),
    "datetime": _per_page(datetime_text),
    "ago": _per_page(ago),
    "days_ago": _per_page(days_ago),
    "country": _per_page(country),
    "capital": capital,
    "phone": phone,
    "iso": iso,
    "initials": initials,
    "hue": hue,
    "linked": linked,
}

__all__ = ["FILTERS", "csrf_token", "current_shell"]
