"""Delivery reports: RFC 3464 first, then the free text of the servers that write none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message

from patron.interactions.mail.decoding import decode
from patron.interactions.mail.headers import Headers
from patron.interactions.mail.parsed import Bounce
from patron.interactions.mail.verdicts import REASONS, judge

__all__ = ["REASONS", "detect"]

MAX_BOUNCES = 200

_DAEMON = re.compile(
    r"(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon|mmdf|bounces?|noreply-dmarc|"
    r"mail-delivery|double-bounce)\b",
    re.I,
)
_SUBJECT = re.compile(
    r"undeliver(?:able|ed)|delivery (?:status )?(?:notification|failure|failed|has failed|problem|"
    r"error|report|incomplete|delayed)|"
    r"returned mail|return(?:ed)? to sender|failure notice|mail (?:delivery )?(?:failed|failure|"
    r"system error|error)|non[ -]?(?:delivery|remis|recapitable)|"
    r"delivery failed|could not be delivered|message (?:could not|not) (?:be )?delivered|"
    r"undelivered mail|unzustellbar|nicht zustellbar|"
    r"fehler bei der (?:nachrichten)?zustellung|zustellung fehlgeschlagen|"
    r"échec de (?:la )?(?:remise|distribution)|non remis|"
    r"no se (?:puede|pudo) entregar|error de entrega|mensaje no entregado|warning: (?:message|"
    r"could not send)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?\b([\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+)\b>?")
_RECIPIENT_LINE = re.compile(
    r"[\s*>\-]*(?:(?:To|Recipient|Address|Final-Recipient|RCPT TO|An|À|"
    r"Para)\s*:\s*)?(?:rfc822;\s*)?[<('\"]*(?:mailto:)?"
    r"([\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+)[>)'\"]*\s*(?:[:,(\[<]|$|\.\.\.|"
    r"on \d|-|am \d|le \d)",
    re.IGNORECASE,
)
_COPY_STARTS = re.compile(
    r"\s*[-=*_ ]*(?:below this line is a copy|(?:this is )?a copy of the (?:message|original)|"
    r"(?:the )?original message (?:follows|headers|was)|unsent message|"
    r"returned (?:message|mail) (?:follows|header)|message (?:text|header)s? follows?|"
    r"included is a copy|(?:undelivered|original|returned) message\b(?! details)|"
    r"message headers|transcript of message|the header(?:s)? of the original|forwarded message|"
    r"ursprüngliche nachricht|----- ?original message)|"
    r"(?:Received|Return-Path|X-Mailer|MIME-Version|DKIM-Signature): ",
    re.IGNORECASE,
)
_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,40}):[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_VACATION = re.compile(
    r"out of (?:the )?office|on vacation|abwesen|réponse automatique|respuesta autom|auto-?reply",
    re.IGNORECASE,
)


def detect(message: Message, headers: Headers, from_: str, text: str) -> tuple[Bounce, ...]:
    """Every recipient that a delivery report names as not reached; empty when the mail is no report."""
    reports = [_report_text(part) for part in message.walk() if _is_status(part)]
    if reports:
        return _unique(bounce for report in reports for bounce in _from_report(report, text))
    if not _is_free_report(headers, from_):
        return ()
    fields = text if "final-recipient:" in text.lower() else ""
    return _unique(_from_report(fields, text)) or _unique(_from_text(headers, from_, text))


def is_daemon(writer: str) -> bool:
    """Whether a mail comes from a mail system, by its address or its bare name."""
    return "daemon" in writer.lower() or "postmaster" in writer.lower()


def returned_message_id(message: Message, text: str) -> str:
    """The Message-ID of the mail that came back, so that the report can be tied to it; ``""`` when not
    told."""
    for part in message.walk():
        if part.get_content_type() in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global",
        ):
            payload = part.get_payload()
            source = payload[0] if isinstance(payload, list) and payload else part
            if isinstance(source, Message) and source is not part:
                return next(iter(Headers(source).ids("message-id")), "")
            text = f"{_report_text(part)}\n{text}"
    found = re.search(r"^\s*Message-ID:\s*(<[^<>\s]{3,500}>)", text, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


def _is_status(part: Message) -> bool:
    return part.get_content_type() in ("message/delivery-status", "message/global-delivery-status")


def _report_text(part: Message) -> str:
    """A report part as text. The parser splits delivery-status parts into messages, one a block of fields."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [_block(block) for block in payload if isinstance(block, Message)]
        return "\n\n".join(blocks)
    data = part.get_payload(decode=True)
    return decode(data, part.get_content_charset()) if isinstance(data, bytes) else ""


def _block(block: Message) -> str:
    fields = "\n".join(f"{name}: {value}" for name, value in block.raw_items())
    body = block.get_payload()
    return f"{fields}\n\n{body}" if isinstance(body, str) and body.strip() else fields


def _from_report(report: str, text: str) -> list[Bounce]:
    bounces = []
    for block in re.split(r"\n[ \t]*\n", report.replace("\r", ""))[: MAX_BOUNCES + 1]:
        fields: dict[str, str] = {}
        for name, value in _FIELD.findall(block):
            fields.setdefault(name.lower(), value)
        recipient = _address(fields.get("final-recipient", "")) or _address(
            fields.get("original-recipient", "")
        )
        if recipient and (bounce := _judge_block(recipient, fields, text)):
            bounces.append(bounce)
    return bounces


def _judge_block(recipient: str, fields: dict[str, str], text: str) -> Bounce | None:
    action = fields.get("action", "failed").strip().lower()
    if action.startswith(("delivered", "relayed", "expanded")):
        return None
    diagnostic = re.sub(
        r"^\s*(?:smtp|x-[\w-]+|unknown)\s*;", "", fields.get("diagnostic-code", ""), flags=re.IGNORECASE
    )
    verdict = judge(fields.get("status", ""), diagnostic)
    if verdict.reason == "unknown" or verdict.confidence < 0.75:
        wider = judge(fields.get("status", ""), f"{diagnostic} {_segment_of(recipient, text)}")
        verdict = wider if wider.reason != "unknown" else verdict
    original = _address(fields.get("original-recipient", ""))
    delayed = action.startswith("delayed")
    return Bounce(
        recipient=original or recipient,
        status=verdict.status,
        reason=verdict.reason,
        permanent=verdict.permanent and not delayed,
        confidence=verdict.confidence,
        rule=f"RFC 3464 {'delayed' if delayed else 'failed'}; {verdict.rule}",
    )


def _is_free_report(headers: Headers, from_: str) -> bool:
    """Whether a mail without a status part is a report at all: two marks, or one that only reports carry."""
    if "x-failed-recipients" in headers:
        return True
    subject = headers.text("subject")
    if _VACATION.search(subject):
        return False
    empty_return = any(value.strip() == "<>" for value in headers.all("return-path"))
    report = "multipart/report" in headers.text("content-type").lower()
    marks = [_DAEMON.match(from_), _SUBJECT.search(subject), empty_return, report]
    return sum(1 for mark in marks if mark) >= 2


def _from_text(headers: Headers, from_: str, text: str) -> list[Bounce]:
    body = _without_copy(text)
    named = [a for v in headers.all("x-failed-recipients") for a in _ADDRESS.findall(v)]
    segments = _segments(body, from_)
    if not segments and not named:
        own = {from_.lower(), *(a.email.lower() for a in headers.addresses("to"))}
        found = [address for address in _ADDRESS.findall(body) if address.lower() not in own]
        segments = {found[0]: body} if found else {}
    for address in named:
        segments.setdefault(address, body)
    if named:
        wanted = {address.lower() for address in named}
        segments = {address: part for address, part in segments.items() if address.lower() in wanted}
    bounces = []
    for address, segment in segments.items():
        verdict = judge("", segment)
        if verdict.reason == "unknown":
            verdict = judge("", body)
        confidence = round(verdict.confidence - 0.1, 2)
        rule = f"free text; {verdict.rule}"
        bounces.append(Bounce(address, verdict.status, verdict.reason, verdict.permanent, confidence, rule))
    return bounces


def _without_copy(text: str) -> str:
    """The report without the mail that it returns."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if index > 1 and _COPY_STARTS.match(line):
            return "\n".join(lines[:index])
    return text


def _segments(body: str, from_: str) -> dict[str, str]:
    """The text that follows each line which starts with an address, up to the next such line."""
    segments: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in body.split("\n"):
        match = _RECIPIENT_LINE.match(line)
        if match and match[1].lower() != from_.lower():
            current = segments.setdefault(match[1], [])
        if current is not None:
            current.append(line)
    return {address: "\n".join(lines) for address, lines in segments.items()}


def _segment_of(recipient: str, text: str) -> str:
    body = _without_copy(text)
    at = body.lower().find(recipient.lower())
    return body[at : at + 1_500] if at >= 0 else body[:1_500]


def _address(value: str) -> str:
    found = _ADDRESS.search(value.partition(";")[2] or value)
    return found[1] if found else ""


def _unique(bounces: Iterable[Bounce]) -> tuple[Bounce, ...]:
    """One bounce a recipient; of two the surer one."""
    best: dict[str, Bounce] = {}
    for bounce in bounces:
        key = bounce.recipient.lower()
        if key not in best or bounce.confidence > best[key].confidence:
            best[key] = bounce
    return tuple(best.values())[:MAX_BOUNCES]
