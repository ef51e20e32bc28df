"""Fetching from an IMAP mailbox by UID, without changing anything in it.

The standard library's client is enough for the five commands used here; it is wrapped so that every
failure becomes
one error class and every wait has an end.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from patron.errors import PatronError
from patron.interactions.mail import reach

MAX_LINE = 10_000_000
_BROKEN = (imaplib.IMAP4.error, OSError, ValueError)
_SIZE = re.compile(rb"UID (\d+)[^)]*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+)[^)]*?UID (\d+)")
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)  # RFC 3501, in English
_UID = re.compile(rb"UID (\d+)")
_FOLDER = re.compile(rb'\(([^)]*)\) (?:"[^"]*"|NIL) (.+)$')
# As servers keep them: names beyond ASCII are in modified UTF-7.
_SENT = re.compile(
    r"(?:^|[/.])(?:sent(?: (?:items|messages|mail))?|gesendet(?:e (?:elemente|objekte|mails?))?|"
    r"(?:messages|&AMk-l&AOk-ments) envoy&AOk-s|enviados|elementos enviados)$",
    re.IGNORECASE,
)


class MailboxError(PatronError):
    """The mailbox could not be read. ``kind`` says at which step; the detail is fit to be shown and holds
    no secret."""

    status = 502
    title = "The mailbox cannot be read"

    def __init__(
        self, detail: str, kind: Literal["connect", "secure", "sign_in", "folder", "protocol"]
    ) -> None:
        super().__init__(detail)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where to fetch. ``password`` or, for XOAUTH2, ``access_token``; ``timeout`` in seconds for each
    step."""

    host: str
    username: str
    password: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    port: int = 993
    security: Literal["none", "starttls", "tls"] = "tls"
    folder: str = "INBOX"
    timeout: float = 30.0
    verify_certificate: bool = True
    ca_file: str = ""
    max_message_bytes: int = 40_000_000
    private: bool = True  # whether the server may be of a private network


@dataclass(frozen=True, slots=True)
class FetchBatch:
    """``messages`` are (uid, bytes) by rising uid. Store ``uidvalidity`` and ``highest_uid`` for the next
    call.

    ``restarted``: the server has renumbered the folder, so the batch begins from the first message and the
    caller
    must leave out what it already has. ``too_large`` are the uids left on the server for their size.
    ``more`` says
    that further messages wait.
    """

    messages: tuple[tuple[int, bytes], ...] = field(repr=False)
    uidvalidity: int
    highest_uid: int
    restarted: bool = False
    too_large: tuple[int, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """The answer of a connection test: ``ok`` with the number of messages, or the step that failed and
    why."""

    ok: bool
    step: str
    detail: str
    messages: int = 0


def fetch(
    settings: ImapSettings, since_uid: int = 0, uidvalidity: int = 0, limit: int = 100, *, begin: date | None = None
) -> FetchBatch:  # fmt: skip
    """Messages with a uid above ``since_uid``, oldest first, at most ``limit``; nothing is marked as read.

    ``uidvalidity`` is that of the last batch, 0 for the first. What came before the day ``begin`` is left out, also
    when the folder begins anew. Raises ``MailboxError``.
    """
    with _signed_in(settings) as client:
        current = _select(client, settings.folder)
        restarted = bool(uidvalidity) and current != uidvalidity
        since = 0 if restarted else since_uid
        if begin is not None and not since:
            since = _before(client, begin)
        sizes = _sizes(client, since)
        chosen = sorted(sizes)[:limit]
        too_large = tuple(uid for uid in chosen if sizes[uid] > settings.max_message_bytes)
        messages = []
        for uid in chosen:
            raw = None if uid in too_large else _body(client, uid)
            if raw is not None:
                messages.append((uid, raw))
        return FetchBatch(
            messages=tuple(messages),
            uidvalidity=current,
            highest_uid=chosen[-1] if chosen else since,
            restarted=restarted,
            too_large=too_large,
            more=len(sizes) > len(chosen),
        )


def sent_folder(settings: ImapSettings) -> str:
    """The folder that the server marks as that of sent mail (RFC 6154), else one that is called so; empty for none."""
    with _signed_in(settings) as client:
        kind, lines = client.list()
        if kind != "OK":
            raise MailboxError("The server did not list its folders.", "protocol")
    found = [match for line in lines if isinstance(line, bytes) and (match := _FOLDER.match(line))]
    folders = [
        (match[1].decode().lower(), _folder_name(match[2].decode("ascii", "replace"))) for match in found
    ]
    marked = [name for flags, name in folders if "\\sent" in flags.split()]
    called = [name for _, name in folders if _SENT.search(name)]
    return next(iter((*marked, *called)), "")


def _folder_name(listed: str) -> str:
    if listed.startswith('"') and listed.endswith('"'):
        return re.sub(r"\\(.)", r"\1", listed[1:-1])
    return listed


def newest(settings: ImapSettings) -> tuple[int, int]:
    """The folder's uidvalidity and the highest uid that it has given: what is above came later. MailboxError."""
    with _signed_in(settings) as client:
        return _select(client, settings.folder), _next_uid(client) - 1


def _before(client: imaplib.IMAP4, begin: date) -> int:
    """The highest uid before the first message of that day or later, by when the server got it."""
    day = f"{begin.day:02}-{_MONTHS[begin.month - 1]}-{begin.year}"
    kind, answer = client.uid("SEARCH", "SINCE", day)
    if kind != "OK":
        raise MailboxError("The server did not say which messages came since that day.", "protocol")
    found = [int(uid) for uid in (answer[0] or b"").split()]
    return min(found) - 1 if found else _next_uid(client) - 1


def _next_uid(client: imaplib.IMAP4) -> int:
    """The uid that the next message will get."""
    value = client.response("UIDNEXT")[1]
    if value and value[0]:
        return int(value[0])
    return max(_sizes(client, 0), default=0) + 1


def test_connection(settings: ImapSettings) -> MailboxStatus:
    """Connects, signs in and opens the folder, and says how far it got. Never raises."""
    try:
        with _signed_in(settings) as client:
            _select(client, settings.folder)
            messages = int((client.response("EXISTS")[1] or [b"0"])[-1] or 0)
    except MailboxError as error:
        return MailboxStatus(False, error.kind, error.detail)
    return MailboxStatus(True, "folder", f"Signed in; {settings.folder} holds {messages} messages.", messages)


@contextmanager
def _signed_in(settings: ImapSettings) -> Iterator[imaplib.IMAP4]:
    client = _connect(settings)
    try:
        _sign_in(client, settings)
        yield client
    except _BROKEN as error:
        raise MailboxError(_describe(error, settings), "protocol") from error
    finally:
        with suppress(*_BROKEN):
            client.logout()
        with suppress(*_BROKEN):
            client.shutdown()


def _connect(settings: ImapSettings) -> imaplib.IMAP4:
    try:
        client = _greeted(settings)
        if settings.security == "starttls":
            client.starttls(_tls_context(settings))
    except ssl.SSLError as error:
        raise MailboxError(f"No secure connection: {error.reason or error}", "secure") from error
    except _BROKEN as error:
        raise MailboxError(_describe(error, settings), "connect") from error
    return client


def _greeted(settings: ImapSettings) -> imaplib.IMAP4:
    place = (settings.host, settings.port, settings.timeout, settings.private)
    try:
        return (
            reach.ImapTls(*place, _tls_context(settings))
            if settings.security == "tls"
            else reach.Imap(*place)
        )
    except OSError:
        raise
    except _BROKEN:
        # What it said is not repeated: it may be any service that somebody named.
        raise MailboxError("What answers there does not speak IMAP.", "connect") from None


def _sign_in(client: imaplib.IMAP4, settings: ImapSettings) -> None:
    try:
        if settings.access_token:
            answer = f"user={settings.username}\x01auth=Bearer {settings.access_token}\x01\x01".encode()
            client.authenticate("XOAUTH2", lambda _challenge: answer)
        else:
            client.login(settings.username, settings.password)
    except imaplib.IMAP4.abort as error:
        raise MailboxError(_describe(error, settings), "connect") from error
    except imaplib.IMAP4.error:
        # From None: the client's own message may repeat what was sent.
        raise MailboxError(f"The server refused the sign-in of {settings.username}.", "sign_in") from None


def _select(client: imaplib.IMAP4, folder: str) -> int:
    quoted = '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
    try:
        kind, _ = client.select(quoted, readonly=True)
    except imaplib.IMAP4.readonly:
        kind = "OK"
    if kind != "OK":
        raise MailboxError(f"The folder {folder} cannot be opened.", "folder")
    value = client.response("UIDVALIDITY")[1]
    return int(value[0]) if value and value[0] else 0


def _sizes(client: imaplib.IMAP4, since: int) -> dict[int, int]:
    """Sizes in bytes by uid above ``since``. "n:*" always names the last message too, so it is filtered."""
    kind, lines = client.uid("FETCH", f"{since + 1}:*", "(UID RFC822.SIZE)")
    if kind != "OK":
        raise MailboxError("The server did not list its messages.", "protocol")
    sizes: dict[int, int] = {}
    for line in lines:
        data = line[0] if isinstance(line, tuple) else line
        if match := _SIZE.search(data or b""):
            uid, size = (match[1], match[2]) if match[1] else (match[4], match[3])
            sizes[int(uid)] = int(size)
    return {uid: size for uid, size in sizes.items() if uid > since}


def _body(client: imaplib.IMAP4, uid: int) -> bytes | None:
    """The bytes of one message; ``None`` when it has been deleted meanwhile."""
    kind, lines = client.uid("FETCH", str(uid), "(UID BODY.PEEK[])")
    if kind != "OK":
        raise MailboxError(f"The server did not give message {uid}.", "protocol")
    for index, line in enumerate(lines):
        if not isinstance(line, tuple):
            continue
        after = lines[index + 1] if index + 1 < len(lines) else b""
        named = _UID.search(line[0]) or (_UID.search(after) if isinstance(after, bytes) else None)
        if named and int(named[1]) == uid:
            return bytes(line[1])
    return None


def _tls_context(settings: ImapSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _describe(error: BaseException, settings: ImapSettings) -> str:
    text = (
        "The server did not answer in time." if isinstance(error, TimeoutError) else f"No connection: {error}"
    )
    for secret in filter(None, (settings.password, settings.access_token)):
        text = text.replace(secret, "…")
    return " ".join(text.split())[:300]
