"""What senders break in the frame of a mail, mended before it is parsed: the head, and boundaries that are not there.

Only what no correct mail contains is touched. The raw source is kept as it came; this works on a copy.
"""

from __future__ import annotations

import re

_LEADING = re.compile(rb"(?:\xef\xbb\xbf|[ \t]*\r?\n)+(?=(?:From |[A-Za-z][A-Za-z0-9-]{1,60}[ \t]*:))")
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|[ \t]|From |>From ")
_KNOWN = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|message-id|in-reply-to|references|mime-version|reply-to|received|"
    rb"content-(?:type|transfer-encoding|disposition|id)|return-path|x-[a-z0-9-]{2,60}|dkim-signature)[ \t]*:",
    re.IGNORECASE,
)
_HEAD_LIMIT = 200_000
# A line of dashes looks like a field too, so how many fields are passed over is bounded: a hostile body would
# otherwise be read once from each of its lines.
_OPENING = re.compile(
    r"^--(\S[^\n]{0,69}?)[ \t]*\n(?:[A-Za-z-]{2,60}:[^\n]*\n(?:[ \t][^\n]*\n){0,5}){0,15}?content-",
    re.M | re.I,
)


def mended(raw: bytes) -> bytes:
    """``raw`` without what stands before its head, and with lines that broke out of a field put back into it."""
    if found := _LEADING.match(raw):
        raw = raw[found.end() :]
    head, blank, body = _split_head(raw)
    lines = head.splitlines(keepends=True)
    if all(_FIELD.match(line) for line in lines):
        return raw
    last = max((place for place, line in enumerate(lines) if _KNOWN.match(line)), default=-1)
    out = [
        # A line without a name between named ones: its folding was lost on the way.
        b" " + line if 0 < place < last and not _FIELD.match(line) else line
        for place, line in enumerate(lines)
    ]
    return b"".join(out) + blank + body


def _split_head(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """The head, the blank line, the rest."""
    if found := re.search(rb"\r\n\r\n|\n\n|\r\r", raw[:_HEAD_LIMIT]):
        middle = found.end() - len(found[0]) // 2
        return raw[:middle], raw[middle : found.end()], raw[found.end() :]
    return raw[:_HEAD_LIMIT], b"", raw[_HEAD_LIMIT:]


def used_boundary(text: str) -> str:
    """The boundary that the body of a multipart really uses, where its head names another; empty when there is none."""
    found = _OPENING.search(text[:_HEAD_LIMIT].replace("\r\n", "\n"))
    return found[1] if found else ""
