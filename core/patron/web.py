"""One request as a handler sees it: read whole before the unit of work begins, so that no lock waits for a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from patron.errors import BadRequest


def whole_number(text: str, *, signed: bool = False) -> int | None:
    """The number that somebody typed or an address holds, if it is one of digits that a column can hold.

    ``signed`` takes a minus before them.
    """
    digits = text.removeprefix("-") if signed else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


@dataclass(frozen=True)
class Upload:
    """A file of a form. ``content_type`` is what the sender claims: never believe it."""

    field: str
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Web:
    """Method, path, query, form, files, body and headers (names in lower case)."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Sequence[Upload] = ()
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""
    csrf: str = ""
    face: str = ""  # of the route that was asked, and the module that it belongs to
    module: str = ""

    @property
    def htmx(self) -> bool:
        """Whether htmx asks for a part of a page (not for a page it merely boosts or restores)."""
        return (
            self.headers.get("hx-request") == "true"
            and self.headers.get("hx-history-restore-request") != "true"
        )

    def param(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def value(self, name: str, default: str = "") -> str:
        """The first value of a form field, trimmed."""
        values = self.form.get(name)
        return values[0].strip() if values else default

    def values(self, name: str) -> list[str]:
        """Every value of a form field."""
        return list(self.form.get(name, ()))

    def upload(self, name: str) -> Upload | None:
        """The first file of a form field, None when nothing was chosen."""
        return next((file for file in self.files if file.field == name and (file.name or file.data)), None)

    def json(self) -> Any:
        """The body as JSON; BadRequest when it is none."""
        try:
            return msgspec.json.decode(self.body or b"null")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"The body is not valid JSON: {error}") from error

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        data = self.json()
        if not isinstance(data, dict):
            raise BadRequest("The body must be a JSON object.")
        return data
