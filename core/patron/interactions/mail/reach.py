"""Which servers mail may reach: a host that a person typed is looked up once, vetted, and that address is connected to.

Private networks and this machine are where many a firm's mail server is, so they are allowed unless the installation
says otherwise. Addresses where no mail server can be are never tried, among them a cloud's metadata service.
"""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

METADATA = frozenset({"169.254.169.254", "100.100.100.200", "fd00:ec2::254"})
TRANSLATED = IPv6Network("64:ff9b::/96")  # where a network with IPv6 alone reaches IPv4 addresses


class Unreachable(OSError):
    """The host is one that mail may not reach, or is none."""


def refusal(address: str, private: bool) -> str:
    """Why mail may not reach the address; empty when it may. ``private``: whether not only public ones may."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in TRANSLATED:
            embedded = IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded:
            return refusal(str(embedded), private)
    if str(ip) in METADATA or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return "Mail does not go to such an address."
    if ip.is_loopback:  # before what is reserved, since IPv6 calls its own that as well
        return "" if private else "Mail servers of private networks are switched off here."
    if ip.is_reserved:
        return "Mail does not go to such an address."
    return "" if private or ip.is_global else "Mail servers of private networks are switched off here."


def connect(host: str, port: int, timeout: float, private: bool) -> socket.socket:
    """A connection to the host, at an address that was vetted. Unreachable, OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("There is no such host.") from error
    for *_, place in found:
        if reason := refusal(str(place[0]), private):
            raise Unreachable(reason)
    problem: OSError = Unreachable("There is no such host.")
    for *_, place in found:
        try:
            return socket.create_connection((str(place[0]), port), timeout)
        except OSError as error:
            problem = error
    raise problem


class Imap(imaplib.IMAP4):
    """IMAP, unencrypted at first, to vetted addresses."""

    def __init__(self, host: str, port: int, timeout: float, private: bool) -> None:
        self._private = private
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return connect(self.host, self.port, timeout or 30.0, self._private)


class ImapTls(imaplib.IMAP4_SSL):
    """IMAP over TLS to vetted addresses; the certificate must be the host's."""

    def __init__(self, host: str, port: int, timeout: float, private: bool, context: ssl.SSLContext) -> None:
        self._private, self._context = private, context
        super().__init__(host, port, ssl_context=context, timeout=timeout)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = connect(self.host, self.port, timeout or 30.0, self._private)
        return self._context.wrap_socket(plain, server_hostname=self.host)


class Smtp(smtplib.SMTP):
    """SMTP, unencrypted at first, to vetted addresses."""

    def __init__(self, host: str, port: int, name: str, timeout: float, private: bool) -> None:
        self._private = private
        super().__init__(host, port, name, timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, timeout, self._private)


class SmtpTls(smtplib.SMTP_SSL):
    """SMTP over TLS to vetted addresses; the certificate must be the host's."""

    def __init__(
        self, host: str, port: int, name: str, timeout: float, private: bool, context: ssl.SSLContext
    ) -> None:
        self._private = private
        super().__init__(host, port, name, timeout=timeout, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:
        plain = connect(host, port, timeout, self._private)
        return self.context.wrap_socket(plain, server_hostname=host)
