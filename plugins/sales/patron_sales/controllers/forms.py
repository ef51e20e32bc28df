"""What the pages of sales read from forms alike."""

from __future__ import annotations

from datetime import date
from typing import Any

from patron import Context, Invalid, Page


def day(ctx: Context, name: str) -> date | None:
    """A day of the form; None when it is empty. Invalid names the field."""
    text = ctx.web.value(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid.field(name, "This takes a day such as 2026-03-31.") from error


def amount(ctx: Context, name: str) -> dict[str, str] | None:
    """Money of the form, as a resource takes it."""
    text = ctx.web.value(name).replace(",", ".")
    return {"amount": text, "currency": ctx.web.value(f"{name}_currency")} if text else None


def ask_reason(ctx: Context, error: Invalid | None, **data: Any) -> Page:
    """The page that asks for a reason before something is closed; again, with what is wrong."""
    errors = error.errors if error else ()
    shown = {**data, "reason": ctx.web.value("reason"), "errors": errors}
    return Page("sales/reason.html", shown, status=422 if error else 200)
