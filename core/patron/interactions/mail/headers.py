"""Header fields read leniently: addresses, message ids, dates, parameters, safe file names. Nothing here
raises."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from email.message import Message
from email.policy import compat32
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from pathlib import PurePosixPath

from patron.interactions.mail.decoding import decode_words, one_line, raw_text
from patron.interactions.mail.parsed import Address

MAX_ADDRESSES = 500
MAX_IDS = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MESSAGE_ID = re.compile(r"<([^<>\s\x00-\x1f]{1,500}@?[^<>\s\x00-\x1f]{0,500})>")
_BARE_ID = re.compile(r"[^<>\s,;\"()]{1,250}@[^<>\s,;\"()]{1,250}")
_EMAIL = re.compile(
    r"[^\s<>()\[\],;:\"@\\]{1,128}@[^\s<>()\",;:@\\]{1,253}|\"[^\"\s]{1,64}\"@[^\s<>()\",;:@\\]{1,253}"
)
_COMMENT = re.compile(r"\(([^()]*)\)")
_ZONE_WORD = re.compile(r"\s*\([^()]*\)\s*$")
_UNSAFE_IN_NAME = re.compile(r'[<>:"|?*\\/]')
_WINDOWS_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


class Headers:
    """The raw header fields of one part, looked up without regard to case."""

    def __init__(self, message: Message) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            self._fields.setdefault(str(name).lower(), []).append(str(value))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._fields

    def all(self, name: str) -> list[str]:
        """Raw values of a field, in the order of the mail."""
        return self._fields.get(name.lower(), [])

    def text(self, name: str) -> str:
        """The first value, decoded, on one line; ``""`` when absent."""
        values = self.all(name)
        return decode_words(values[0]) if values else ""

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Every mailbox of every field of that name, without repetition."""
        found = [address for value in self.all(name) for address in parse_addresses(value)]
        return tuple(dict.fromkeys(found))[:MAX_ADDRESSES]

    def ids(self, name: str) -> tuple[str, ...]:
        """Message ids with their angle brackets, without repetition, the last ``MAX_IDS`` of them."""
        return tuple(dict.fromkeys(i for value in self.all(name) for i in parse_ids(value)))[-MAX_IDS:]


_TO_FIELDS = ("to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to",
              "x-forwarded-to", "x-real-to", "apparently-to")  # fmt: skip
_RECEIVED_FOR = re.compile(r"\bfor\s+<?([^\s<>;]{1,320}@[^\s<>;]{1,253})>?")


def delivered_to(headers: Headers) -> tuple[str, ...]:
    """Every address that a head names as one the mail was for: also a blind copy, where a server noted it."""
    found = [address.email for name in _TO_FIELDS for address in headers.addresses(name)]
    found += [
        match[1] for value in headers.all("received")[:20] if (match := _RECEIVED_FOR.search(value[:2000]))
    ]
    return tuple(dict.fromkeys(found))[:MAX_ADDRESSES]


def parse_addresses(value: str) -> list[Address]:
    """Mailboxes of one raw address field. What holds no ``@`` is left out; group names are dropped."""
    found = []
    for chunk in _split_list(raw_text(value[:100_000]).replace("\r", "").replace("\n", " ")):
        address = _parse_mailbox(chunk)
        if address is not None:
            found.append(address)
        if len(found) >= MAX_ADDRESSES:
            break
    return found


def _split_list(value: str) -> list[str]:
    """Cuts at commas and semicolons that stand outside quotes, comments and angle brackets."""
    chunks, start, quoted, depth, angle, skip = [], 0, False, 0, False, False
    for index, char in enumerate(value):
        if skip:
            skip = False
        elif char == "\\" and (quoted or depth):
            skip = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif quoted:
            continue
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif char in "<>" and not depth:
            angle = char == "<"
        elif char in ",;" and not depth and not angle:
            chunks.append(value[start:index])
            start = index + 1
    chunks.append(value[start:])
    return chunks


def _parse_mailbox(chunk: str) -> Address | None:
    head, bracket, tail = _outside_quotes_rpartition(chunk)
    if bracket:
        match = _EMAIL.search(decode_words(tail.partition(">")[0]))
        name = head
    else:
        match = _EMAIL.search(_COMMENT.sub(" ", chunk))
        comment = _COMMENT.search(chunk)
        name = comment[1] if comment else ""
    if match is None:
        return None
    # The name is decoded only now, so that an encoded word cannot smuggle in an address.
    name = _COMMENT.sub(" ", name) if bracket else name
    return Address(display_name(name), normal_email(match[0]))


def _outside_quotes_rpartition(chunk: str) -> tuple[str, str, str]:
    quoted, position = False, -1
    for index, char in enumerate(chunk):
        if char == '"' and chunk[index - 1 : index] != "\\":
            quoted = not quoted
        elif char == "<" and not quoted:
            position = index
    if position < 0:
        return chunk, "", ""
    return chunk[:position], "<", chunk[position + 1 :]


def display_name(raw: str) -> str:
    """A display name without its quotes, group label, bidirectional controls; at most 200 characters."""
    name = raw.strip()
    if not name.startswith('"') and ":" in name:
        name = name.rpartition(":")[2].strip()
    name = decode_words(re.sub(r"\\(.)", r"\1", name.replace('"', "") if '"' in name else name))
    return without_format_characters(name).strip(" '\"")[:200]


def normal_email(email: str) -> str:
    """The address with a lower-case domain and no trailing dot."""
    local, _, domain = email.rpartition("@")
    return f"{local}@{domain.rstrip('.').lower()}"


def parse_ids(value: str) -> list[str]:
    """Message ids of one raw field, each as ``<left@right>``; bare ones get their brackets."""
    text = raw_text(value[:200_000])
    found = [match[1] for match in _MESSAGE_ID.finditer(text)]
    if not found:
        found = _BARE_ID.findall(text)
    return [f"<{i}>" for i in found]


def parse_date(headers: Headers) -> datetime | None:
    """The time of the mail in UTC by Date, else by the topmost Received; ``None`` when neither can be
    read."""
    candidates = headers.all("date")[:1] + [v.rpartition(";")[2] for v in headers.all("received")[:1]]
    for candidate in candidates:
        try:
            moment = parsedate_to_datetime(_ZONE_WORD.sub("", one_line(raw_text(candidate[:200]))))
            aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
            continue
        if 1970 <= aware.year < 2200:
            return aware
    return None


def parameter(part: Message, name: str, header: str = "content-type") -> str:
    """A MIME parameter, RFC 2231 and RFC 2047 undone; ``""`` when absent or unreadable."""
    try:
        value = _readable(part, header).get_param(name, "", header)
        return decode_words(collapse_rfc2231_value(value)) if value else ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _readable(part: Message, header: str) -> Message:
    """The part, or where raw 8-bit bytes stand in the field, a stand-in with them made text."""
    given = next((str(value) for name, value in part.raw_items() if name.lower() == header), "")
    if given.isascii():
        return part
    plain = Message(policy=compat32)
    plain[header] = raw_text(given).replace("\r", "").replace("\n", " ")
    return plain


def without_format_characters(text: str) -> str:
    """``text`` without bidirectional overrides, zero-width and other invisible format characters."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Zl", "Zp"))


def safe_file_name(raw: str, fallback: str) -> str:
    """The last path part of ``raw``, made harmless: no controls, separators, leading dots, device names.

    At most 120 characters and 240 bytes, the extension kept. ``fallback`` is answered when nothing is left.
    """
    name = unicodedata.normalize("NFC", without_format_characters(raw).replace("\\", "/"))
    name = _UNSAFE_IN_NAME.sub("_", name.rstrip("/").rpartition("/")[2])
    name = " ".join(name.split()).strip(". ")
    if not name:
        return fallback
    path = PurePosixPath(name)
    suffix = path.suffix[:20]
    stem = (path.stem if suffix else name)[: 120 - len(suffix)]
    if stem.lower().partition(".")[0].strip() in _WINDOWS_DEVICES:
        stem = f"_{stem}"
    while len((stem + suffix).encode()) > 240:
        stem = stem[:-1]
    return f"{stem}{suffix}"
