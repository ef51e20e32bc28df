"""Markdown to safe HTML, and words to search with."""

from __future__ import annotations

import difflib
import re

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup
from patron import normalise

SLUG = 80
STEM = 6
"""Letters of a word that are searched for when somebody writes freely: "returning" then finds "returns"."""
STEMS = 8
_COMMON = (
    "about after again also been before because cannot could does doing from have having hello help into just know "
    "like more need only other please question should some that thank thanks their them then there they this very "
    "want were what when where which will with without would your yours aber auch bitte dass diese einen einer eine "
    "haben hallo ihre kann mein meine nicht oder sein sind über wenn werden wird"
)
_COMMON_WORDS = frozenset(_COMMON.split())
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_LINK = re.compile(r"(?:https?://|mailto:|tel:|/(?!/)|#)", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def to_html(markdown: str) -> Markup:
    """The HTML of a text in Markdown: no HTML of the writer's own, no pictures, headings from the second level on."""
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    html = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=_attribute,
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto", "tel"},
    )
    return Markup(clean)  # noqa: S704 - what nh3 lets through, and nothing else


def _attribute(tag: str, name: str, value: str) -> str | None:
    return None if name == "href" and not _LINK.match(value) else value


def slug_of(text: str) -> str:
    """A piece of an address made of a title; empty where nothing of it is left."""
    return re.sub(r"[^a-z0-9]+", "-", normalise.fold(text)).strip("-")[:SLUG].strip("-")


def stems(text: str) -> list[str]:
    """The beginnings of the telling words of a text, each once, at most eight."""
    words = re.findall(r"\w{4,}", normalise.fold(text[:2000]))
    return list(dict.fromkeys(word[:STEM] for word in words if word not in _COMMON_WORDS))[:STEMS]


def weight(stem_list: list[str], title: str, summary: str) -> tuple[int, int]:
    """How well title and summary answer to the stems: words in the title, then words in the summary."""
    titled, said = normalise.fold(title), normalise.fold(summary)
    return sum(stem in titled for stem in stem_list), sum(stem in said for stem in stem_list)


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """What became of a text, line by line: (sign, line), the sign ``-`` taken out, ``+`` put in, or blank."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [(line[0].strip(), line[2:]) for line in lines if line[0] != "?"]
