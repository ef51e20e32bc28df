"""The parts of a mail sorted into body text, body HTML and attachments. Nothing here raises on a broken
part."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from patron.interactions.mail.decoding import decode, decode_words
from patron.interactions.mail.headers import Headers, parameter, safe_file_name
from patron.interactions.mail.html_text import html_to_text
from patron.interactions.mail.parsed import Attachment
from patron.interactions.mail.repair import used_boundary
from patron.interactions.mail.sanitise import text_as_html
from patron.interactions.mail.transfer import decoded, without_uuencoded

MAX_PARTS = 1_000
MAX_TEXT = 2_000_000
MAX_REREAD = 10  # parts whose frame is mended: each costs reading what is left of the mail

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_AS_IT_CAME = compat32.clone(linesep="\r\n", mangle_from_=False, max_line_length=0)
_REPORT_PARTS = {"message/delivery-status", "message/global-delivery-status", "text/rfc822-headers"}


@dataclass
class Segment:
    """One stretch of the body, as text, as HTML, or as both where the sender offers a choice."""

    text: str = ""
    html: str = ""


@dataclass
class Body:
    """What the walk has gathered so far. ``within`` is the segment whose alternatives are being read."""

    segments: list[Segment] = field(default_factory=list)
    within: Segment | None = None
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    parts: int = 0
    reread: int = 0


def collect(message: Message) -> Body:
    """Every part of ``message``, in order. Forwarded messages are attachments, not body."""
    body = Body()
    _walk(message, body)
    return body


def text_of(segments: Sequence[Segment]) -> str:
    """The body as text: where a stretch has none of its own, that of its HTML."""
    texts = [part.text if part.text.strip() else html_to_text(part.html) for part in segments]
    return "\n".join(text for text in texts if text.strip())


def html_of(segments: Sequence[Segment]) -> str:
    """The body as HTML, with stretches that are text alone between; empty when no stretch is HTML."""
    if not any(part.html for part in segments):
        return ""
    return "\n".join(
        part.html or text_as_html(part.text) for part in segments if part.html or part.text.strip()
    )


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
        _walk_children(kind, payload, body)
    elif (
        kind.startswith("multipart/") and isinstance(payload, str) and (again := _reread(part, payload, body))
    ):
        _walk(again, body)
    elif kind in _REPORT_PARTS:
        return
    elif _is_body(part, kind):
        _add_text(part, kind, body)
    else:
        _add_attachment(part, kind, body)


def _walk_children(kind: str, children: Sequence[object], body: Body) -> None:
    around = body.within
    if kind == "multipart/alternative" and around is None:
        body.within = Segment()
        body.segments.append(body.within)
    for child in children:
        if isinstance(child, Message):
            _walk(child, body)
    body.within = around


def _reread(part: Message, payload: str, body: Body) -> Message | None:
    """A multipart whose head names a boundary that its body does not use, read by the one that it does use."""
    boundary = used_boundary(payload) if body.reread < MAX_REREAD else ""
    if not boundary:
        return None
    body.reread += 1
    body.defects.append("the boundary in the head is not the one in use")
    source = payload.encode("utf-8", "surrogateescape")
    named = boundary.encode("utf-8", "surrogateescape").replace(b"\\", b"").replace(b'"', b"")
    head = b'Content-Type: %s; boundary="%s"\n\n' % (part.get_content_type().encode(), named)
    again = BytesParser(policy=compat32).parsebytes(head + source)
    return again if again.is_multipart() else None


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
    text = decode(decoded(part), _charset(part))[:MAX_TEXT]
    segment = body.within
    if segment is None:
        segment = Segment()
        body.segments.append(segment)
    if kind == "text/html":
        segment.html = f"{segment.html}\n{text}" if segment.html else text
    elif kind not in ("text/amp", "text/x-amp-html"):
        if parameter(part, "format").lower() == "flowed":
            text = unflow(text, parameter(part, "delsp").lower() == "yes")
        text, files = without_uuencoded(text)
        segment.text = f"{segment.text}\n{text}" if segment.text else text
        body.attachments.extend(_uuencoded(body, name, content) for name, content in files)


def _uuencoded(body: Body, name: str, content: bytes) -> Attachment:
    safe = safe_file_name(name, f"attachment-{len(body.attachments) + 1}.bin")
    kind = mimetypes.guess_type(safe)[0] or "application/octet-stream"
    return Attachment(safe, kind, len(content), "", False, content)


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _add_attachment(part: Message, kind: str, body: Body) -> None:
    content = _message_bytes(part) if kind.startswith("message/") else decoded(part)
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
        return decoded(part)
    packed = str(part.get("content-transfer-encoding", "")).strip().lower()
    if packed in ("base64", "quoted-printable") and not inner[0].keys():
        wrapped = Message(policy=compat32)  # a message may not be encoded, but some senders do
        wrapped["content-transfer-encoding"] = packed
        wrapped.set_payload(inner[0].get_payload())
        return decoded(wrapped)
    try:
        return inner[0].as_bytes(policy=_AS_IT_CAME)
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
