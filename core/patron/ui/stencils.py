"""Markup that is the same for many rows but for a few values: rendered once with marks, then filled for each row."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

_BEFORE, _AFTER = "\ue0f0", "\ue0f1"  # for private use: nothing that is typed or sent holds them by accident
_MARK = re.compile(f"{_BEFORE}([a-z_]+){_AFTER}")


def mark(name: str) -> str:
    """Where the value of that name comes."""
    return f"{_BEFORE}{name}{_AFTER}"


class Stencil:
    """``markup`` cut at its marks. A value is escaped and never looked at for marks itself."""

    def __init__(self, markup: Markup) -> None:
        self._parts = _MARK.split(markup)
        self._places = [(at, self._parts[at]) for at in range(1, len(self._parts), 2)]

    def fill(self, **values: Any) -> Markup:
        """The markup with these values; what has none stays empty."""
        parts = self._parts.copy()
        escaped = {name: escape(value) for name, value in values.items()}
        for at, name in self._places:
            parts[at] = escaped.get(name, "")
        return Markup("".join(parts))  # noqa: S704 - the template's own markup, and values escaped above
