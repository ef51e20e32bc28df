"""``parse``: the bytes of a mail, whatever they are, to a ``ParsedMail``. It never raises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import islice
from types import MappingProxyType
from typing import Any

from patron.interactions.mail import bodies, bounces, robots
from patron.interactions.mail.decoding import clean, decode
from patron.interactions.mail.headers import (
    Headers,
    delivered_to,
    parameter,
    parse_date,
    without_format_characters,
)
from patron.interactions.mail.parsed import Address, Attachment, AutoReply, Bounce, ParsedMail
from patron.interactions.mail.quoting import visible_text
from patron.interactions.mail.repair import mended

__all__ = ["Address", "Attachment", "AutoReply", "Bounce", "ParsedMail", "as_json", "parse"]

KEPT_HEADERS = (
    "auto-submitted",
    "precedence",
    "list-id",
    "list-unsubscribe",
    "return-path",
    "delivered-to",
    "x-original-to",
    "x-auto-response-suppress",
    "x-failed-recipients",
    "x-mailer",
    "user-agent",
    "importance",
    "x-priority",
    "thread-topic",
    "thread-index",
    "content-language",
    "authentication-results",
    "disposition-notification-to",
)
_UNREADABLE = (
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    MessageError,
)


def parse(raw: bytes, *, received_at: datetime | None = None) -> ParsedMail:
    """Reads one mail. ``received_at`` (aware, default now) stands in for a date that is missing or
    unreadable."""
    digest = hashlib.sha256(raw).hexdigest()
    # The lenient policy: the modern one raises on header fields that are broken in ways still being found.
    try:
        message: Message = BytesParser(policy=compat32).parsebytes(mended(raw))
        return _read(message, digest, received_at)
    except _UNREADABLE as error:
        plain = Message(policy=compat32)
        plain.set_payload("")
        return _read(
            plain, digest, received_at, decode(raw, None), f"structure not readable: {type(error).__name__}"
        )


def _read(
    message: Message, digest: str, received_at: datetime | None, fallback: str = "", defect: str = ""
) -> ParsedMail:
    headers = Headers(message)
    body = bodies.collect(message)
    html = bodies.html_of(body.segments)
    text = clean(bodies.text_of(body.segments) or fallback)
    defects = [*dict.fromkeys(body.defects), *([defect] if defect else [])]
    ids = headers.ids("message-id")
    if not ids:
        defects.append("no usable Message-ID")
    date = parse_date(headers)
    if date is None:
        defects.append("no usable Date")
    from_ = headers.addresses("from") or headers.addresses("sender")
    # A report may come from "MAILER-DAEMON <>": then the bare name stands for the writer.
    writer = from_[0].email if from_ else headers.text("from").split("<")[0].strip()
    found = bounces.detect(message, headers, writer, text)
    reports = bool(found) or message.get_content_type() == "multipart/report" or bounces.is_daemon(writer)
    return ParsedMail(
        message_id=ids[0] if ids else f"<{digest[:40]}@no-message-id.invalid>",
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        from_=from_,
        reply_to=headers.addresses("reply-to"),
        sender=headers.addresses("sender"),
        to=headers.addresses("to"),
        cc=headers.addresses("cc"),
        bcc=headers.addresses("bcc"),
        subject=without_format_characters(headers.text("subject"))[:998],
        date=date or received_at or datetime.now(UTC),
        text=text,
        html=html,
        visible_text=visible_text(text),
        attachments=tuple(body.attachments),
        headers=MappingProxyType({name: headers.text(name) for name in KEPT_HEADERS if name in headers}),
        auto_reply=robots.detect(headers, writer),
        bounces=found,
        returned_message_id=bounces.returned_message_id(message, text) if reports else "",
        sha256=digest,
        defects=tuple(defects),
        delivered_to=delivered_to(headers),
    )


def outline(raw: bytes) -> list[dict[str, Any]]:
    """The parts that a mail is made of, as they are declared: type, charset, encoding, file name, bytes as sent."""
    try:
        message: Message = BytesParser(policy=compat32).parsebytes(mended(raw))
        return [_part(part) for part in islice(_walk(message), bodies.MAX_PARTS)]
    except _UNREADABLE:
        return []


def _walk(part: Message) -> Iterator[Message]:
    yield part
    inside = part.get_payload()
    # A delivery report is text: that the parser makes messages of its blocks is nobody's business.
    if isinstance(inside, list) and not part.get_content_type().endswith("delivery-status"):
        for child in inside:
            if isinstance(child, Message):
                yield from _walk(child)


def _part(part: Message) -> dict[str, Any]:
    payload = part.get_payload()
    return {
        "type": part.get_content_type(),
        "charset": parameter(part, "charset"),
        "encoding": Headers(part).text("content-transfer-encoding"),
        "name": parameter(part, "filename", "content-disposition") or parameter(part, "name"),
        "size": len(payload) if isinstance(payload, str) else 0,
    }


def as_json(mail: ParsedMail) -> dict[str, Any]:
    """The mail as plain data, in the form that ``patron mail parse --json`` prints."""
    return {
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "from": [_address(a) for a in mail.from_],
        "to": [_address(a) for a in mail.to],
        "cc": [_address(a) for a in mail.cc],
        "subject": mail.subject,
        "date": mail.date.isoformat(),
        "text": mail.text,
        "visible_text": mail.visible_text,
        "auto_reply": {"is": mail.auto_reply.automatic, "rule": mail.auto_reply.rule},
        "bounces": [
            {"recipient": b.recipient, "status": b.status, "reason": b.reason, "permanent": b.permanent,
             "confidence": b.confidence, "rule": b.rule}
            for b in mail.bounces
        ],
        "attachments": [{"name": a.name, "type": a.content_type, "size": a.size} for a in mail.attachments],
        "defects": list(mail.defects),
    }  # fmt: skip


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "email": address.email}
