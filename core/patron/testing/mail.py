"""Real mail servers for tests, on loopback: an SMTP sink that misbehaves on demand, and an IMAP server."""

from __future__ import annotations

import asyncio
import base64
import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class SunkMail:
    """One mail that the sink has taken (or got before it hung up)."""

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass
class SmtpSink:
    """What the sink got, and its switches.

    ``refuse`` maps a recipient to the reply it gets ("550 5.1.1 unknown"); ``refuse_data`` is the reply
    after the
    data; ``drop_after_data`` hangs up instead of replying, once per set.
    """

    host: str = "127.0.0.1"
    port: int = 0
    messages: list[SunkMail] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    refuse_data: str = ""
    drop_after_data: bool = False
    connections: int = 0
    username: str = ""
    password: str = ""
    tokens: Collection[str] = ()

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        """Signs in who brings one of ``tokens``."""
        said = base64.b64decode(args[1]).decode()
        return AuthResult(
            success=any(f"auth=Bearer {token}\x01" in said for token in self.tokens), handled=False
        )

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Counts the connections."""
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes or refuses one recipient."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Records the mail, then answers as the switches say."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        self.messages.append(SunkMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        if self.drop_after_data:
            self.drop_after_data = False
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return self.refuse_data or "250 2.0.0 taken"


@contextmanager
def smtp_sink(
    *, username: str = "", password: str = "", tokens: Collection[str] | None = None
) -> Iterator[SmtpSink]:
    """A running SMTP server without TLS on a free port of 127.0.0.1. With ``username`` or ``tokens`` (for XOAUTH2) it
    asks for sign-in."""
    sink = SmtpSink(username=username, password=password, tokens=() if tokens is None else tokens)

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        fits = isinstance(data, LoginPassword) and (data.login, data.password) == (
            username.encode(),
            password.encode(),
        )
        return AuthResult(success=fits, handled=False)

    asks = bool(username) or tokens is not None
    controller = Controller(
        sink, hostname=sink.host, port=free_port(), auth_required=asks, auth_require_tls=False,
        authenticator=authenticate if username else None,
    )  # fmt: skip
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()


@dataclass(frozen=True)
class ImapServer:
    """A running IMAP server without TLS, with one user and an empty INBOX."""

    host: str
    port: int
    username: str
    password: str

    def make_folder(self, name: str) -> None:
        """Makes an empty folder beside INBOX."""
        client = imaplib.IMAP4(self.host, self.port, timeout=10)
        try:
            client.login(self.username, self.password)
            client.create(f'"{name}"')
        finally:
            client.logout()

    def append(self, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Puts one message into a folder, as one that came at that moment, or now."""
        client = imaplib.IMAP4(self.host, self.port, timeout=10)
        try:
            client.login(self.username, self.password)
            kind, answer = client.append(f'"{folder}"', "", imaplib.Time2Internaldate(at) if at else "", raw)
            if kind != "OK":
                raise RuntimeError(f"IMAP server did not take the message: {answer!r}")
        finally:
            client.logout()


@contextmanager
def imap_server(username: str = "inbox@example.test", password: str = "secret") -> Iterator[ImapServer]:  # noqa: S107
    """An IMAP server in a process of its own; it forgets everything at the end."""
    port = free_port()
    program = [sys.executable, "-c", "from pymap.main import main; main()"]
    listen = ["--host", "127.0.0.1", "--port", str(port), "--no-tls"]
    services = ["--no-service", "admin", "--no-service", "managesieve"]
    user = ["dict", "--demo-user", username, "--demo-password", password]
    process = subprocess.Popen(
        program + listen + services + user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_open(port, process)
        yield ImapServer("127.0.0.1", port, username, password)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(port: int, process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the IMAP server ended with {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the IMAP server did not start in time")
