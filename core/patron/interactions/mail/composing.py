"""Outgoing mail as bytes: correct MIME, ids that can be made again, no header injection."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from patron.errors import Invalid
from patron.interactions.mail.headers import safe_file_name
from patron.interactions.mail.parsed import Address, Attachment
from patron.interactions.mail.threading import base_subject

MAX_REFERENCES = 20
MAX_REFERENCES_LENGTH = 900

_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
_ID = re.compile(r"<[^<>\s@]{1,250}@[^<>\s@]{1,250}>")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s<>()\[\],;:\"@\\]{1,64}@[a-z0-9](?:[\w.-]{0,251}\w)?", re.IGNORECASE)
_RESERVED = {
    "from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "sender",
    "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "return-path",
}  # fmt: skip


def make_message_id(seed: str, domain: str) -> str:
    """The Message-ID of ``seed`` (for example ``"reply:42"``) at ``domain``: the same every time, so a
    repeated send is seen."""
    if not _DOMAIN.fullmatch(domain):
        raise Invalid.field("domain", "The domain for message ids is not a host name.")
    digest = hashlib.sha256(f"{domain}\n{seed}".encode()).hexdigest()
    return f"<{digest[:40]}@{domain.lower()}>"


def reply_subject(subject: str) -> str:
    """``subject`` with exactly one "Re:" in front, however many prefixes it had in whatever language."""
    return f"Re: {base_subject(' '.join(subject.split()))}".strip()


def reply_references(references: Sequence[str], answered: str) -> tuple[str, ...]:
    """The References of an answer to ``answered``: the oldest id and the newest, bounded in number and
    length."""
    chain = list(dict.fromkeys([*(r for r in references if r != answered), answered]))
    if len(chain) > MAX_REFERENCES:
        chain = [chain[0], *chain[-(MAX_REFERENCES - 1) :]]
    while len(chain) > 2 and sum(map(len, chain)) + len(chain) > MAX_REFERENCES_LENGTH:
        del chain[1]
    return tuple(chain)


def quote(answer: str, original: str, attribution: str) -> str:
    """``answer`` with ``original`` quoted under it, introduced by ``attribution`` ("On …, Ann wrote:")."""
    quoted = "\n".join(
        f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in original.strip().split("\n")
    )
    return f"{answer.rstrip()}\n\n{attribution}\n{quoted}\n"


def compose(
    from_: Address,
    to: Sequence[Address],
    *,
    message_id: str,
    subject: str,
    text: str,
    cc: Sequence[Address] = (),
    html: str | None = None,
    in_reply_to: str = "",
    references: Sequence[str] = (),
    attachments: Iterable[Attachment] = (),
    headers: Mapping[str, str] | None = None,
    date: datetime | None = None,
) -> bytes:
    """The mail as bytes with CRLF line ends. Blind copies belong to the envelope, so there is no ``bcc``.

    ``date`` is aware, default now. Raises ``errors.Invalid`` for anything that would break out of its
    header field.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = _checked_id("message_id", message_id)
    message["Date"] = format_datetime((date or datetime.now(UTC)).astimezone(UTC))
    try:
        message["From"] = _header_address("from", from_)
        for name, addresses in (("To", to), ("Cc", cc)):
            if addresses:
                message[name] = tuple(_header_address(name.lower(), address) for address in addresses)
        message["Subject"] = _checked("subject", subject)
        if in_reply_to:
            message["In-Reply-To"] = _checked_id("in_reply_to", in_reply_to)
        if references:
            message["References"] = " ".join(_checked_id("references", reference) for reference in references)
        for name, value in (headers or {}).items():
            message[_checked_name(name)] = _checked(name, value)
    except (ValueError, MessageError, IndexError) as error:
        raise Invalid("A header field of this mail cannot be written.") from error
    _add_content(message, text, html, attachments)
    return message.as_bytes()


def _add_content(
    message: EmailMessage, text: str, html: str | None, attachments: Iterable[Attachment]
) -> None:
    message.set_content(_body(text), cte="quoted-printable")
    files = list(attachments)
    if html is not None:
        message.add_alternative(_body(html), subtype="html", cte="quoted-printable")
        alternative = message.get_body(("html",))
        for file in (f for f in files if f.inline and f.content_id):
            maintype, _, subtype = _checked_type(file.content_type)
            assert isinstance(alternative, EmailMessage)
            alternative.add_related(
                file.payload, maintype, subtype, cid=f"<{_checked('content_id', file.content_id)}>",
                filename=safe_file_name(file.name, "image"), disposition="inline",
            )  # fmt: skip
    for file in files:
        if html is None or not (file.inline and file.content_id):
            maintype, _, subtype = _checked_type(file.content_type)
            message.add_attachment(
                file.payload,
                maintype=maintype,
                subtype=subtype,
                filename=safe_file_name(file.name, "attachment"),
            )


def _body(text: str) -> str:
    return re.sub(r"[\x00\ud800-\udfff]", "", text.replace("\r\n", "\n").replace("\r", "\n"))


def _checked_type(content_type: str) -> tuple[str, str, str]:
    maintype, slash, subtype = content_type.lower().partition("/")
    part = r"[a-z0-9!#$&^_.+-]{1,100}"
    if (
        not re.fullmatch(part, maintype)
        or not re.fullmatch(part, subtype)
        or maintype in ("multipart", "message")
    ):
        return "application", "/", "octet-stream"
    return maintype, slash, subtype


def _checked(field: str, value: str) -> str:
    if _BREAKS.search(value):
        raise Invalid.field(field, "Line breaks and control characters are not allowed here.")
    return value


def _checked_id(field: str, value: str) -> str:
    if not _ID.fullmatch(value) or _BREAKS.search(value):
        raise Invalid.field(field, "This is not a message id.")
    return value


def _checked_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise Invalid.field(name[:40], "This header field may not be set.")
    return name


def _header_address(field: str, address: Address) -> HeaderAddress:
    _checked(field, address.name)
    _checked(field, address.email)
    if not _EMAIL.fullmatch(address.email):
        raise Invalid.field(field, "This is not a mail address.")
    return HeaderAddress(display_name=address.name, addr_spec=address.email)
