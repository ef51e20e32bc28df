"""A guard before the HTML parser: its time grows with the square of the depth, so depth has a limit."""

from __future__ import annotations

import re

MAX_DEPTH = 400
MAX_HTML = 2_000_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Closed by the parser itself, or never open.
_SHALLOW = {"area", "base", "br", "col", "dd", "dt", "hr", "img", "input"}
_SHALLOW |= {"li", "link", "meta", "option", "p", "td", "th", "tr", "wbr"}


def bounded(html: str) -> str:
    """``html`` cut to ``MAX_HTML`` characters, and without any tag when it nests too deep to be meant."""
    html = html[:MAX_HTML]
    depth = 0
    for match in _TAG.finditer(html):
        if match[2].lower() in _SHALLOW:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > MAX_DEPTH:
            return re.sub(r"<[^<>]*>?", " ", html).replace("<", " ")
    return html
