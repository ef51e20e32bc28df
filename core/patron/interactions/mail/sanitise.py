"""HTML of mail made safe to show. The page it is shown on has its own route and its own, strict policy.

Three walls stand behind each other: an allow-list of tags and attributes, a policy that lets nothing load
or run,
and a sandbox that has no origin. Remote images are held back until the reader asks, since they tell the
sender
that, when and where a mail was opened.
"""

from __future__ import annotations

import html as html_escape
import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3

from patron.interactions.mail.nesting import bounded
from patron.interactions.mail.styles import safe_style

MAIL_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The policy of the route that serves ``document``; with remote images allowed use ``MAIL_CSP_REMOTE``."""

MAIL_CSP_REMOTE = MAIL_CSP.replace("img-src 'self' data:", "img-src 'self' data: https:")

PLACEHOLDER = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='24' height='24'%3E"
    "%3Crect width='23' height='23' x='.5' y='.5' fill='none' stroke='%23999' "
    "stroke-dasharray='3'/%3E%3C/svg%3E"
)

_TAGS = {
    "a",
    "abbr",
    "address",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
}
_DROPPED_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "head",
    "iframe",
    "object",
    "embed",
    "applet",
    "noscript",
    "noembed",
    "noframes",
    "frameset",
    "template",
    "svg",
    "math",
    "textarea",
    "select",
    "button",
    "audio",
    "video",
    "canvas",
    "xml",
}
_SIZE = {"width", "height", "align", "valign"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align"},
    "font": {"color", "face", "size"},
    "table": {"width", "align", "bgcolor", "border", "cellpadding", "cellspacing"},
    "tr": {"align", "valign", "bgcolor"},
    "td": {"colspan", "rowspan", "bgcolor", "nowrap", *_SIZE},
    "th": {"colspan", "rowspan", "bgcolor", "nowrap", *_SIZE},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "div": {"align"},
    "p": {"align"},
    "hr": {"width", "size", "color", "align"},
    **{f"h{n}": {"align"} for n in range(1, 7)},
}
_PLAIN = re.compile(r"[\w\s#%.,'\"+-]*")
_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_SAFE_IMAGE_TARGET = re.compile(r"/(?!/)[\w./~-]*|data:image/(?:png|gif|jpeg|webp);base64,[A-Za-z0-9+/=]*")


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """``html`` may be put into ``document``; ``blocked_images`` is how many remote images were held back."""

    html: str
    blocked_images: int


def sanitise(
    html: str, *, inline_images: Mapping[str, str] | None = None, allow_remote: bool = False
) -> SafeHtml:
    """Safe HTML for foreign ``html``.

    ``inline_images`` maps a Content-ID (without brackets) to the local path or the image ``data:``
    address that shows it; an image named by no such id is left empty. ``allow_remote`` lets
    ``https:`` images through.
    """
    images = _Images({key.lower(): value for key, value in (inline_images or {}).items()}, allow_remote)

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return safe_style(value) or None
        if name == "src":
            return images.source(value)
        if name == "href":
            return value if _LINK.match(value) else None
        if name in ("title", "alt", "lang", "dir"):
            return value
        return value if _PLAIN.fullmatch(value) and len(value) <= 200 else None

    clean = nh3.clean(
        bounded(html),
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="pass_through",  # the filter above lets no relative address through
        set_tag_attribute_values={
            "a": {"target": "_blank"},
            "img": {"referrerpolicy": "no-referrer", "loading": "lazy"},
        },
    )
    return SafeHtml(clean, images.blocked)


class _Images:
    """Where each image may come from, and how many may not come at all."""

    def __init__(self, local: Mapping[str, str], allow_remote: bool) -> None:
        self._local = local
        self._allow_remote = allow_remote
        self.blocked = 0

    def source(self, value: str) -> str | None:
        address = value.strip()
        if address.lower().startswith("cid:"):
            target = self._local.get(address[4:].strip("<> ").lower(), "")
            return target if _SAFE_IMAGE_TARGET.fullmatch(target) else None
        if not _REMOTE.match(address):
            return None
        if self._allow_remote and address.lower().startswith("https:"):
            return address
        self.blocked += 1
        return PLACEHOLDER


def document(html: str, *, dark: bool = False, language: str = "en") -> str:
    """A whole page round the answer of ``sanitise``; to be sent with ``MAIL_CSP`` from a route of its own."""
    scheme = "dark" if dark else "light"
    colours = "color:#e8e8e8;background:#1b1b1f" if dark else "color:#1b1b1f;background:#fff"
    link = "#8ab4f8" if dark else "#0b57d0"
    return (
        f'<!doctype html><html lang="{html_escape.escape(language, quote=True)}"><head><meta charset="utf-8">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Mail</title><style>:root{{color-scheme:{scheme}}}"
        f"body{{margin:0;padding:12px;font:15px/1.5 system-ui,sans-serif;{colours};overflow-wrap:anywhere}}"
        f"img{{max-width:100%;height:auto}}table{{max-width:100%}}a{{color:{link}}}"
        "blockquote{margin:8px 0;padding-inline-start:12px;"
        "border-inline-start:3px solid #8888}</style></head>"
        f"<body>{html}</body></html>"
    )


def text_as_html(text: str) -> str:
    """Plain text as safe HTML with its line breaks kept, for mails that carry no HTML."""
    return f'<div style="white-space: pre-wrap">{html_escape.escape(text)}</div>'
