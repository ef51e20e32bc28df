"""Sending over SMTP, with an honest answer for each recipient.

Between the end of the data and the server's reply nobody can know whether the mail was taken. Such a send is
``IN_DOUBT``: this module never repeats it; the ledger's owner decides.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Literal, Self

from patron.interactions.mail import reach

_BROKEN = (smtplib.SMTPException, OSError, ValueError)


class Outcome(StrEnum):
    """What became of one recipient. ``DEFERRED`` may be tried again, ``REFUSED`` not, ``IN_DOUBT`` not by
    itself."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """``code`` is the SMTP reply code, 0 when no reply came; ``text`` the server's words or ours, one
    line."""

    outcome: Outcome
    code: int = 0
    text: str = ""


SendResult = dict[str, RecipientResult]
"""By recipient, as given; every recipient is in it."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how to send. ``timeout`` in seconds for each network step; secrets are never shown."""

    host: str
    port: int = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)  # for XOAUTH2, instead of a password
    timeout: float = 30.0
    local_hostname: str = ""
    verify_certificate: bool = True
    ca_file: str = ""
    private: bool = True  # whether the server may be of a private network


class SmtpConnection:
    """One connection, opened when first needed, used for many mails, opened anew when the server has
    dropped it."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._client: smtplib.SMTP | None = None
        self._fresh = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Says goodbye if the server still listens; never raises."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(*_BROKEN):
                client.quit()
            with suppress(*_BROKEN):
                client.close()

    def test(self) -> str:
        """Connects and signs in; ``""`` when that works, else what went wrong in one line without secrets."""
        try:
            self._ready().noop()
        except _BROKEN as error:
            self._drop()
            return describe(error, self._settings)
        return ""

    def send(self, envelope_from: str, recipients: Sequence[str], raw: bytes) -> SendResult:
        """Hands ``raw`` to the server for ``recipients``. Never raises for what a server or network does."""
        wanted = list(dict.fromkeys(recipients))
        if not wanted:
            return {}
        try:
            client = self._ready()
            results = self._envelope(client, envelope_from, wanted)
        except _BROKEN as error:
            self._drop()
            # Nothing of the data has gone out, so a later try cannot make a second copy.
            return dict.fromkeys(wanted, _failed_before_data(error, self._settings))
        taken = [address for address in wanted if address not in results]
        if taken:
            results |= dict.fromkeys(taken, self._data(client, raw))
        else:
            self._reset(client)
        return {address: results[address] for address in wanted}

    def _envelope(self, client: smtplib.SMTP, envelope_from: str, wanted: list[str]) -> SendResult:
        options = ["SMTPUTF8"] if client.has_extn("smtputf8") and not _ascii(envelope_from, *wanted) else []
        code, text = client.mail(envelope_from, options)
        if code != 250:
            self._reset(client)
            return dict.fromkeys(wanted, _refusal(code, text))
        results: SendResult = {}
        for address in wanted:
            code, text = client.rcpt(address)
            if code not in (250, 251):
                results[address] = _refusal(code, text)
            if code == 421:
                raise smtplib.SMTPServerDisconnected("the server is closing the connection")
        return results

    def _data(self, client: smtplib.SMTP, raw: bytes) -> RecipientResult:
        try:
            code, text = client.docmd("DATA")
        except _BROKEN as error:
            self._drop()
            return _failed_before_data(error, self._settings)
        if code != 354:
            self._reset(client)
            return _refusal(code, text)
        try:
            client.send(_stuffed(raw))
            code, text = client.getreply()
        except _BROKEN:
            self._drop()
            return RecipientResult(
                Outcome.IN_DOUBT, 0, "The connection broke before the server said whether it took the mail."
            )
        if code != 250:
            self._reset(client)
            return _refusal(code, text)
        return RecipientResult(Outcome.ACCEPTED, code, _line(text))

    def _ready(self) -> smtplib.SMTP:
        """A signed-in client; a kept one is asked first whether it still lives, since servers hang up idle
        ones."""
        if self._client is not None:
            try:
                if self._client.noop()[0] == 250:
                    return self._client
            except _BROKEN:
                pass
            self._drop()
        self._client = _connect(self._settings)
        return self._client

    def _reset(self, client: smtplib.SMTP) -> None:
        try:
            client.rset()
        except _BROKEN:
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(*_BROKEN):
                client.close()


def send(settings: SmtpSettings, envelope_from: str, recipients: Sequence[str], raw: bytes) -> SendResult:
    """One mail over a connection of its own; see ``SmtpConnection.send``."""
    with SmtpConnection(settings) as connection:
        return connection.send(envelope_from, recipients, raw)


def _connect(settings: SmtpSettings) -> smtplib.SMTP:
    name = settings.local_hostname or socket.gethostname() or "localhost"
    place = (settings.host, settings.port, name, settings.timeout, settings.private)
    if settings.security == "tls":
        client: smtplib.SMTP = reach.SmtpTls(*place, tls_context(settings))
    else:
        client = reach.Smtp(*place)
    try:
        client.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            client.starttls(context=tls_context(settings))
            client.ehlo()
        if settings.access_token:
            _sign_in_by_token(client, settings)
        elif settings.username:
            client.login(settings.username, settings.password)
    except _BROKEN:
        client.close()
        raise
    return client


def _sign_in_by_token(client: smtplib.SMTP, settings: SmtpSettings) -> None:
    answer = f"user={settings.username}\x01auth=Bearer {settings.access_token}\x01\x01"

    def answered(challenge: bytes | None = None) -> str:
        return "" if challenge else answer  # a challenge is the refusal in detail: it wants an empty answer

    client.auth("XOAUTH2", answered)


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """A verifying context; verification is left out only where the settings say so in so many words."""
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def describe(error: BaseException, settings: SmtpSettings) -> str:
    """What went wrong in one line, without the password, the token or a base64 form of it."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The server refused the sign-in ({error.smtp_code})."
    if isinstance(error, smtplib.SMTPResponseException) and not 200 <= error.smtp_code <= 599:
        # What it said is not repeated: it may be any service that somebody named.
        return "What answers there does not speak SMTP."
    if isinstance(error, smtplib.SMTPResponseException):
        text = f"The server answered {error.smtp_code} {_line(error.smtp_error)}"
    elif isinstance(error, ssl.SSLError):
        text = f"No secure connection: {error.reason or error}"
    elif isinstance(error, TimeoutError):
        text = "The server did not answer in time."
    else:
        text = f"No connection: {error}"
    for secret in filter(None, (settings.password, settings.access_token)):
        text = text.replace(secret, "…")
    return " ".join(text.split())[:300]


def _failed_before_data(error: BaseException, settings: SmtpSettings) -> RecipientResult:
    code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
    return RecipientResult(Outcome.DEFERRED, max(code, 0), describe(error, settings))


def _refusal(code: int, text: bytes | str) -> RecipientResult:
    return RecipientResult(Outcome.REFUSED if 500 <= code < 600 else Outcome.DEFERRED, code, _line(text))


def _line(text: bytes | str) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(plain.split())[:500]


def _stuffed(raw: bytes) -> bytes:
    """CRLF line ends, dots stuffed, the final dot (RFC 5321, section 4.5.2)."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return (
        b"".join(b"." + line + b"\r\n" if line.startswith(b".") else line + b"\r\n" for line in lines)
        + b".\r\n"
    )


def _ascii(*addresses: str) -> bool:
    return all(address.isascii() for address in addresses)
