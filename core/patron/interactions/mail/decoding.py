"""Bytes to text, whatever a mail claims about them. Nothing here raises."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re

from charset_normalizer import from_bytes

_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "x-sjis": "cp932",
}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_GAP_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,40}\?[bBqQ]\?)")
_GUESS_FROM = 20_000
_MAX_HEADER = 50_000


def clean(text: str) -> str:
    """``text`` with unified line ends and without control characters or lone surrogates."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """``text`` on a single line, runs of white space collapsed."""
    return " ".join(clean(text).split())


def decode(data: bytes, charset: str | None) -> str:
    """``data`` as clean text: by its declared charset where that works, else by UTF-8, else by guess."""
    name = _codec(charset)
    if name in (None, "cp1252", "utf-8"):
        # Mail that declares a western charset and holds valid UTF-8 beyond ASCII is UTF-8 that lies.
        attempts = ["utf-8"] if name != "cp1252" or _is_multibyte_utf8(data) else ["cp1252"]
    else:
        attempts = [name, "utf-8"] if name else ["utf-8"]
    for attempt in attempts:
        try:
            # U+0A0D is no character: it is a line end in ASCII behind text of two-byte units.
            return clean(data.decode(attempt).removeprefix("\ufeff").removesuffix("\u0a0d"))
        except (UnicodeError, ValueError, LookupError):
            continue
    return clean(_guess(data, name))


def decode_words(value: str) -> str:
    """A raw header value with its RFC 2047 words and raw 8-bit bytes made text, on one line."""
    text = raw_text(value[:_MAX_HEADER])
    if "=?" not in text:
        return one_line(text)
    return one_line(_replace_words(_GAP_BETWEEN_WORDS.sub(r"\1", text.replace("\r", "").replace("\n", " "))))


def raw_text(value: str) -> str:
    """A header value as the parser gave it (bytes as surrogates) turned into text."""
    if value.isascii():
        return value
    return decode(value.encode("utf-8", "surrogateescape"), None)


def _replace_words(text: str) -> str:
    out: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for match in _ENCODED_WORD.finditer(text):
        charset, data = match[1].lower(), _word_bytes(match[2], match[3])
        if pending and (match.start() != position or charset != pending_charset):
            out.append(decode(pending, pending_charset))
            pending = b""
        out.append(text[position : match.start()])
        pending, pending_charset, position = pending + data, charset, match.end()
    if pending:
        out.append(decode(pending, pending_charset))
    out.append(text[position:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(data, header=True)
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return data


def _codec(charset: str | None) -> str | None:
    name = (charset or "").strip().strip("\"'").lower()
    if not name:
        return None
    name = _ALIASES.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    is_text: bool = getattr(info, "_is_text_encoding", True)
    if not is_text or info.name in {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}:
        return None
    return info.name


def _is_multibyte_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(data: bytes, declared: str | None) -> str:
    if declared and declared not in ("cp1252", "utf-8"):
        return data.decode(declared, "replace")
    if declared == "cp1252" or len(data) < 40:
        return data.decode("cp1252", "replace")
    best = from_bytes(data[:_GUESS_FROM]).best()
    try:
        return data.decode(best.encoding if best else "cp1252", "replace")
    except (LookupError, ValueError, UnicodeError):
        return data.decode("cp1252", "replace")
