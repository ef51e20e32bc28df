"""HTML mail as plain text: for search, for the visible text of mails that carry no text, for plain
notifications."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from patron.interactions.mail.nesting import bounded

_BLOCKS = {
    "p",
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
    "hr",
    "center",
}
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}
_TAGS = _BLOCKS | {"br", "a", "img", "td", "th"}
_MAX_QUOTE_DEPTH = 20


def html_to_text(html: str) -> str:
    """The readable text of ``html``; what is in ``blockquote`` gets ``>`` before each line."""
    safe = nh3.clean(
        bounded(html),
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "head"} - _TAGS,
        attributes={"img": {"alt"}},
        link_rel=None,
    )
    writer = _Writer()
    writer.feed(safe)
    writer.close()
    return writer.text()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._depths: list[int] = [0]
        self._depth = 0
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._break(1)
        if tag == "br":
            self._open()
        elif tag == "blockquote":
            self._depth += 1
            self._open()
        elif tag == "pre":
            self._pre += 1
        elif tag == "li":
            self._lines[-1] += "- "
        elif tag == "hr":
            self._lines[-1] += "_" * 32
            self._open()
        elif tag == "img":
            self._lines[-1] += dict(attrs).get("alt") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self._depth = max(0, self._depth - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag in ("td", "th"):
            self._lines[-1] += " "
        if tag in _BLOCKS:
            self._break(2 if tag in _PARAGRAPHS else 1)

    def handle_data(self, data: str) -> None:
        if self._pre:
            first, *rest = data.split("\n")
            self._lines[-1] += first
            for line in rest:
                self._open()
                self._lines[-1] += line
            return
        collapsed = re.sub(r"[ \t\r\n\f]+", " ", data)
        self._lines[-1] += collapsed.lstrip() if self._lines[-1][-1:] in ("", " ") else collapsed

    def text(self) -> str:
        lines = []
        for line, depth in zip(self._lines, self._depths, strict=True):
            content = line.replace("\xa0", " ").strip() if not self._pre else line.rstrip()
            marks = ">" * min(depth, _MAX_QUOTE_DEPTH)
            lines.append(f"{marks} {content}".rstrip() if marks else content)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def _open(self) -> None:
        self._lines.append("")
        self._depths.append(self._depth)

    def _break(self, wanted: int) -> None:
        if self._lines[-1].strip():
            self._open()
            if wanted == 2:
                self._open()
        self._depths[-1] = self._depth
