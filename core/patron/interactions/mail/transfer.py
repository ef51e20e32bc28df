"""Content transfer encodings undone leniently: what can be read is read, whatever surrounds it. Nothing here raises."""

from __future__ import annotations

import binascii
import re
from email.message import Message

_UU_BLOCK = re.compile(
    r"^begin(?:-base64)? [0-7]{3,4} ([^\n]{1,200})\n((?:[ -`]{1,90}\n)*?)(?:`\n|[ \t]*\n)?end[ \t]*(?:\n|$)",
    re.M,
)
_STRANGE = re.compile(rb"[^A-Za-z0-9+/=]")


def decoded(part: Message) -> bytes:
    """The bytes of a part that is no multipart."""
    if str(part.get("content-transfer-encoding", "")).strip(" \t\r\n\"';").lower() == "base64":
        raw = part.get_payload()
        if isinstance(raw, str):
            return _base64(raw.encode("ascii", "ignore"))
    try:
        data = _tidied(part).get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError):
        data = None
    if isinstance(data, bytes):
        return data
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _tidied(part: Message) -> Message:
    """The part with its transfer encoding as the standard library wants it: without blanks or quotes round the word."""
    given = str(part.get("content-transfer-encoding", ""))
    word = given.strip(" \t\r\n\"';").lower()
    if word != given.lower() and not part.is_multipart():
        del part["content-transfer-encoding"]
        part["content-transfer-encoding"] = word
    return part


def _base64(data: bytes) -> bytes:
    """Block by block up to each padding, strange characters left out.

    A line with strange characters after the end (padding, or a line shorter than the first) is no data: lists put
    their footers there.
    """
    out: list[bytes] = []
    block: list[bytes] = []
    first, ended = 0, False
    for line in data.splitlines():
        kept = _STRANGE.sub(b"", line)
        if ended and kept != line.strip():
            break
        first = first or len(kept)
        block.append(kept)
        ended = bool(kept) and (kept.endswith(b"=") or len(kept) < first)
        if kept.endswith(b"="):
            out.append(_block(b"".join(block)))
            block = []
    return b"".join((*out, _block(b"".join(block))))


def _block(block: bytes) -> bytes:
    bare = block.replace(b"=", b"")
    usable = len(bare) - (len(bare) % 4 == 1)
    try:
        return binascii.a2b_base64(bare[:usable] + b"=" * (-usable % 4))
    except (binascii.Error, ValueError):
        return b""


def without_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A text without the files that old clients wrote into it, and those files as (name, bytes)."""
    if "\nbegin" not in f"\n{text}":
        return text, []
    files: list[tuple[str, bytes]] = []

    def taken(found: re.Match[str]) -> str:
        content = _uudecoded(found[2])
        if content is None:
            return found[0]
        files.append((found[1].strip(), content))
        return ""

    return _UU_BLOCK.sub(taken, text), files


def _uudecoded(lines: str) -> bytes | None:
    """The bytes of the lines of a file; None when they are none."""
    out = []
    for line in lines.splitlines():
        try:
            out.append(binascii.a2b_uu(line))
        except (binascii.Error, ValueError):
            try:  # written with a wrong count at the end of the line
                out.append(binascii.a2b_uu(line[: (((ord(line[0]) - 32) & 63) * 4 + 5) // 3 + 1]))
            except (binascii.Error, ValueError):
                return None
    return b"".join(out)
