"""What a handler returns: data only. Rendering happens after the session is closed, so a template cannot query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Flash:
    """A message shown once on the next page, with an undo where there is one (a URL that is posted to)."""

    text: str
    kind: Literal["success", "info", "warning", "danger"] = "success"
    undo_url: str = ""


@dataclass(frozen=True)
class Page:
    """A template with its data. An htmx request gets ``partial`` where one is named."""

    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    partial: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Redirect:
    """303 to a URL of our own."""

    url: str
    flash: Flash | None = None
    status: int = 303
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True)
class Cookie:
    """A cookie to set; ``value`` empty deletes it. ``max_age`` in seconds, None for the browser's session.

    Scripts may read those that are not ``http_only``: such a cookie holds a taste, never a secret, and has no prefix.
    """

    name: str
    value: str = ""
    max_age: int | None = None
    http_only: bool = True


@dataclass(frozen=True)
class Json:
    """Anything msgspec can encode; large integers ids are already strings."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Download:
    """A file for the user: an attachment, or shown in place where ``inline`` (own policy in ``csp``)."""

    content: bytes | Iterable[bytes]
    name: str
    content_type: str = "application/octet-stream"
    inline: bool = False
    csp: str = "sandbox; default-src 'none'"


@dataclass(frozen=True)
class Document:
    """Foreign HTML served under a policy of its own."""

    html: str
    csp: str


Response = Page | Redirect | Json | Download | Document
