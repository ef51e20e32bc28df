"""What several controllers of accounts need: cookies, local addresses, work between transactions, forms with errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from patron.context import Context
from patron.errors import Invalid
from patron.responses import Page

ADMIN = "admin"


@contextmanager
def writing(ctx: Context) -> Iterator[Context]:
    """The same request in a write transaction of its own: for routes that do slow work before or after it."""
    with ctx.assembly.database.write() as session:
        yield replace(ctx, session=session)


@contextmanager
def reading(ctx: Context) -> Iterator[Context]:
    """The same request in a read transaction of its own."""
    with ctx.assembly.database.read() as session:
        yield replace(ctx, session=session)


def cookie_secret(ctx: Context, name: str) -> str:
    """The value of one of our cookies, empty without it."""
    prefix = "__Host-" if ctx.assembly.settings.secure else ""
    return ctx.web.cookies.get(prefix + name, "")


def local_path(wanted: str, default: str) -> str:
    """``wanted`` if it is a path of this site, else ``default``: nobody is sent elsewhere after signing in."""
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    plain = all(" " < char < "\x7f" and char != "\\" for char in wanted)
    return wanted if local and plain else default


def refused(template: str, error: Invalid, **data: object) -> Page:
    """The form again, with what is wrong: 422."""
    return Page(template, {"errors": error.errors, **data}, status=422)
