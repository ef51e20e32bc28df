"""The parts of a mail sorted into body text, body HTML and attachments. Nothing here raises on a broken
part."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass, field
from email.message import Message

from patron.interactions.mail.decoding import decode, decode_words
from patron.interactions.mail.headers import Headers, parameter, safe_file_name
from patron.interactions.mail.parsed import Attachment

MAX_PARTS = 1_000
MAX_TEXT = 2_000_000

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_REPORT_PARTS = {"message/delivery-status", "message/global-delivery-status", "text/rfc822-headers"}


@dataclass
class Body:
    """What the walk has gathered so far."""

    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    parts: int = 0


def collect(message: Message) -> Body:
    """Every part of ``message``, in order. Forwarded messages are attachments, not body."""
    body = Body()
    _walk(message, body)
    return body


def _walk(part: Message, body: Body) -> None:
    body.parts += 1
    if body.parts > MAX_PARTS:
        if body.parts == MAX_PARTS + 1:
            body.defects.append("more parts than are read")
        return
    body.defects.extend(type(defect).__name__ for defect in part.defects[:20])
    kind = part.get_content_type()
    payload = part.get_payload()
    if part.is_multipart() and kind.startswith("multipart/") and isinstance(payload, list):
        for child in payload:
            if isinstance(child, Message):
                _walk(child, body)
    elif kind in _REPORT_PARTS:
        return
    elif _is_body(part, kind):
        _add_text(part, kind, body)
    else:
        _add_attachment(part, kind, body)


def _is_body(part: Message, kind: str) -> bool:
    if (
        kind not in ("text/plain", "text/html", "text/enriched", "text/amp", "text/x-amp-html")
        and kind.partition("/")[0] != "multipart"
    ):
        return False
    disposition = Headers(part).text("content-disposition").lower()
    named = parameter(part, "filename", "content-disposition") or parameter(part, "name")
    return not disposition.startswith("attachment") and not named


def _add_text(part: Message, kind: str, body: Body) -> None:
    text = decode(_bytes(part), _charset(part))[:MAX_TEXT]
    if kind == "text/html":
        body.html.append(text)
    elif kind not in ("text/amp", "text/x-amp-html"):
        flowed = parameter(part, "format").lower() == "flowed"
        body.text.append(unflow(text, parameter(part, "delsp").lower() == "yes") if flowed else text)


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _bytes(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError):
        data = None
    if isinstance(data, bytes):
        return data
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _add_attachment(part: Message, kind: str, body: Body) -> None:
    content = _message_bytes(part) if kind.startswith("message/") else _bytes(part)
    kind = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    content_id = Headers(part).text("content-id").strip("<> ")[:200]
    disposition = Headers(part).text("content-disposition").lower()
    body.attachments.append(
        Attachment(
            name=_name(part, kind, len(body.attachments) + 1),
            content_type=kind,
            size=len(content),
            content_id=content_id,
            inline=bool(content_id) and not disposition.startswith("attachment"),
            payload=content,
        )
    )


def _name(part: Message, kind: str, number: int) -> str:
    raw = parameter(part, "filename", "content-disposition") or parameter(part, "name")
    if not raw and kind.startswith("message/"):
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            subject = next(iter(Headers(inner[0]).all("subject")), "")
            raw = f"{decode_words(subject)[:80]}.eml" if subject else ""
    extension = ".eml" if kind.startswith("message/") else mimetypes.guess_extension(kind) or ".bin"
    return safe_file_name(raw, f"attachment-{number}{extension}")


def _message_bytes(part: Message) -> bytes:
    inner = part.get_payload()
    if not (isinstance(inner, list) and inner and isinstance(inner[0], Message)):
        return _bytes(part)
    try:
        return inner[0].as_bytes()
    except (ValueError, LookupError, TypeError, KeyError, AttributeError):
        return inner[0].as_string().encode("utf-8", "surrogateescape")


def unflow(text: str, delete_space: bool) -> str:
    """Undoes format=flowed (RFC 3676): soft line breaks joined within one depth of quoting, stuffing
    removed."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        content = line[marks:].removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        content = content[:-1] if soft and delete_space else content
        if open_depth == marks and out and content != "-- ":
            out[-1] += content
        else:
            out.append(f"{'>' * marks} {content}" if marks else content)
        open_depth = marks if soft else -1
    return "\n".join(out)
