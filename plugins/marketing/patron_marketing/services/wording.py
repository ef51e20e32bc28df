"""The text of a campaign: plain words with merge fields ``{customer.given_name|there}`` and links.

A grammar of our own, read once: a field is looked up by its whole name in a fixed table, so nothing is walked, called
or evaluated. ``{{`` and ``}}`` are braces. ``[label](https://…)`` and bare addresses are links; what a merge field
brings in is never one, and is always escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from patron import Invalid

FIELDS: Mapping[str, str] = {
    "customer.name": "Full name",
    "customer.given_name": "Given name",
    "customer.family_name": "Family name",
    "customer.title": "Title",
    "customer.salutation": "Preferred salutation",
    "customer.city": "City",
    "customer.email": "E-mail address",
    "brand.name": "Our brand",
    "unsubscribe_url": "Link to unsubscribe and to preferences",
}
MAX_LENGTH = 50_000
_PIECES = re.compile(
    r"\[(?P<label>[^\[\]{}\n]{1,200})\]\((?P<target>https?://[^\s<>(){}\"]+)\)"
    r"|(?P<url>https?://[^\s<>(){}\[\]\"]+)"
    r"|\{\{|\}\}|\{(?P<slot>[^{}]*)\}|[{}]"
)


@dataclass(frozen=True)
class Slot:
    """A merge field, and what stands there where the customer has no such thing."""

    name: str
    default: str


@dataclass(frozen=True)
class LinkTo:
    """A link of the text; ``label`` is empty for a bare address."""

    url: str
    label: str


Piece = str | Slot | LinkTo
Pieces = Sequence[Piece]


def parse(text: str, field: str = "body") -> Pieces:
    """The pieces of a text. Invalid for an unknown merge field, a lone brace, or a link that cannot be one."""
    if len(text) > MAX_LENGTH:
        raise Invalid.field(field, f"At most {MAX_LENGTH} characters.")
    pieces: list[Piece] = []
    at = 0
    for found in _PIECES.finditer(text):
        pieces.append(text[at : found.start()])
        pieces.extend(_piece(found, field))
        at = found.end()
    pieces.append(text[at:])
    kept = [piece for piece in pieces if piece != ""]
    for before, after in pairwise(kept):
        if isinstance(before, LinkTo) and not before.label and isinstance(after, Slot):
            raise Invalid.field(
                field, "A link cannot hold a merge field: it must lead everybody to one place."
            )
    return kept


def _piece(found: re.Match[str], field: str) -> Iterator[Piece]:
    if found["target"]:
        yield LinkTo(_checked(found["target"], field), found["label"])
    elif found["url"]:
        url = found["url"].rstrip(".,;:!?'")
        yield LinkTo(_checked(url, field), "")
        yield found["url"][len(url) :]
    elif found[0] in ("{{", "}}"):
        yield found[0][0]
    elif found["slot"] is None:
        raise Invalid.field(
            field, f"A single “{found[0]}” stands for nothing: write {found[0] * 2} for a brace."
        )
    else:
        name, _, default = found["slot"].partition("|")
        if name.strip() not in FIELDS:
            raise Invalid.field(
                field, f"There is no merge field “{name.strip()}”. There are: {', '.join(FIELDS)}."
            )
        yield Slot(name.strip(), default.strip())


def _checked(url: str, field: str) -> str:
    try:
        parts = urlsplit(url)
        fits = bool(parts.hostname) and "@" not in parts.netloc and len(url) <= 2000
    except ValueError:
        fits = False
    if not fits:
        raise Invalid.field(field, f"“{url[:80]}” is no address to link to.")
    return url


def links(pieces: Pieces) -> list[str]:
    """Where the text links to, each once."""
    return list(dict.fromkeys(piece.url for piece in pieces if isinstance(piece, LinkTo)))


def line(pieces: Pieces, values: Mapping[str, str]) -> str:
    """The text in one line, for a subject."""
    return " ".join("".join(_plain(piece, values, lambda url: url) for piece in pieces).split())


def plain(pieces: Pieces, values: Mapping[str, str], to: Callable[[str], str]) -> str:
    """The text for a mail without markup. ``to`` says where a link leads for this recipient."""
    return "".join(_plain(piece, values, to) for piece in pieces)


def _plain(piece: Piece, values: Mapping[str, str], to: Callable[[str], str]) -> str:
    if isinstance(piece, Slot):
        return _value(piece, values)
    if isinstance(piece, LinkTo):
        return f"{piece.label} ({to(piece.url)})" if piece.label else to(piece.url)
    return piece


def _value(slot: Slot, values: Mapping[str, str]) -> str:
    return " ".join((values.get(slot.name) or slot.default).split())


def markup(pieces: Pieces, values: Mapping[str, str], to: Callable[[str], str]) -> str:
    """The text as paragraphs of HTML, everything escaped."""
    whole = "".join(_markup(piece, values, to) for piece in pieces).replace("\r\n", "\n")
    paragraphs = [part.strip("\n").replace("\n", "<br>") for part in re.split(r"\n[ \t]*\n", whole)]
    return "".join(f"<p>{part}</p>" for part in paragraphs if part)


def _markup(piece: Piece, values: Mapping[str, str], to: Callable[[str], str]) -> str:
    if isinstance(piece, Slot):
        if piece.name == "unsubscribe_url":
            return _anchor(values.get(piece.name, ""), piece.default or "Unsubscribe")
        return escape(_value(piece, values))
    if isinstance(piece, LinkTo):
        return _anchor(to(piece.url), piece.label or piece.url)
    return escape(piece)


def _anchor(url: str, label: str) -> str:
    return f'<a href="{escape(url)}">{escape(label)}</a>'
