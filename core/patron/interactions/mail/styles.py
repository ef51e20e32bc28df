"""CSS of foreign mail reduced to looks: an allow-list of properties, and values that can load or cover
nothing."""

from __future__ import annotations

import re

PROPERTIES = frozenset(
    [
        "background-color",
        "border",
        "border-bottom",
        "border-bottom-color",
        "border-bottom-style",
        "border-bottom-width",
        "border-collapse",
        "border-color",
        "border-left",
        "border-left-color",
        "border-left-style",
        "border-left-width",
        "border-radius",
        "border-right",
        "border-right-color",
        "border-right-style",
        "border-right-width",
        "border-spacing",
        "border-style",
        "border-top",
        "border-top-color",
        "border-top-style",
        "border-top-width",
        "border-width",
        "color",
        "direction",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-variant",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-width",
        "min-width",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "text-indent",
        "text-transform",
        "vertical-align",
        "white-space",
        "width",
        "word-break",
        "word-spacing",
        "word-wrap",
    ]
)
# Anything that is not plain words, numbers, colours and commas is dropped whole: url(), image(), var(),
# escapes.
_VALUE = re.compile(
    r"(?:[\w\s#%.,'\"!+-]|rgba?\([\d\s.,%/]*\)|hsla?\([\d\s.,%/deg]*\))*", re.ASCII | re.IGNORECASE
)
_NEGATIVE = re.compile(r"(?:^|\s)-\d")
_MAX = 4_000


def safe_style(style: str) -> str:
    """The harmless declarations of a ``style`` attribute, ``""`` when none is left."""
    kept = []
    for declaration in style[:_MAX].split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name not in PROPERTIES or not value or not _VALUE.fullmatch(value):
            continue
        if name.startswith("margin") and _NEGATIVE.search(value):
            continue  # text drawn over other text
        kept.append(f"{name}: {value}")
    return "; ".join(kept)
