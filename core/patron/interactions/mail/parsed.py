"""What a parsed mail is: frozen data, no behaviour, nothing that names a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. ``email`` keeps the writer's case in the local part and has a lower-case domain."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part that is not the body. ``name`` is safe to show and to offer for download; ``size`` is in
    bytes."""

    name: str
    content_type: str
    size: int
    content_id: str
    inline: bool
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AutoReply:
    """``automatic``: a program wrote this mail, so no program may answer it. ``rule`` says what showed it."""

    automatic: bool
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient who did not get a mail.

    ``status`` is an RFC 3463 code or ``""``; ``reason`` a word of ``bounces.REASONS``; ``permanent`` only
    where the
    address itself is dead; ``confidence`` from 0 to 1; ``rule`` names what decided.
    """

    recipient: str
    status: str
    reason: str
    permanent: bool
    confidence: float
    rule: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail as read from its bytes. All times are UTC, all text is free of NUL and lone surrogates."""

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    from_: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    subject: str
    date: datetime
    text: str
    html: str
    visible_text: str
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, str]
    auto_reply: AutoReply
    bounces: tuple[Bounce, ...]
    returned_message_id: str
    sha256: str
    defects: tuple[str, ...]
    delivered_to: tuple[str, ...] = ()  # every address that its head names as one it was for, as written
