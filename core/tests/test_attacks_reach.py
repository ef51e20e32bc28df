"""C10: a mail server that somebody typed leads nowhere it should not, and what answers there is never repeated."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.interactions.mail import mailbox, reach
from patron.interactions.mail.mailbox import ImapSettings
from patron.interactions.mail.transport import SmtpConnection, SmtpSettings
from patron.testing.faces import app_client, settings_for, signed_in

NEVER = ("169.254.169.254", "[::ffff:a9fe:a9fe]", "0xa9fea9fe", "2852039166", "0.0.0.0", "224.0.0.1", "fd00:ec2::254",
         "fe80::1", "::", "255.255.255.255", "64:ff9b::a9fe:a9fe")  # fmt: skip
HERE = ("127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "[::ffff:7f00:1]", "::1", "10.0.0.5",
        "192.168.1.1", "fd12:3456::1")  # fmt: skip
ANSWERS = (
    b"SSH-2.0-Canary_9.6\r\n",
    b"HTTP/1.1 400 Canary\r\n\r\n",
    b"-ERR canary\r\n",
    b"\xff\xfecanary\r\n",
)


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # nothing here asks the database


@contextmanager
def saying(words: bytes) -> Iterator[tuple[int, list[str]]]:
    """A server that says this to whoever connects: its port, and who did."""
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    client, (address, _) = listener.accept()
                except OSError:
                    return
                seen.append(address)
                with client:
                    client.sendall(words)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def tried(host: str, port: int, private: bool, security: Any = "none") -> list[str]:
    """What both connection tests say of the place."""
    fetching = ImapSettings(host, "u", "secret", port=port, security=security, timeout=5, private=private)
    sending = SmtpSettings(host, port, security, "u", "secret", timeout=5, private=private)
    with SmtpConnection(sending) as connection:
        return [mailbox.test_connection(fetching).detail, connection.test()]


@pytest.mark.parametrize("host", NEVER)
@pytest.mark.parametrize("security", ["none", "tls"])
def test_addresses_of_no_mail_server_are_never_tried(host: str, security: str) -> None:
    """C10: link-local (a cloud's metadata), multicast and unspecified addresses, in every spelling."""
    for said in tried(host.strip("[]"), 25, True, security):
        assert "Mail does not go to such an address." in said


@pytest.mark.parametrize("host", HERE)
def test_private_networks_are_reached_only_where_the_installation_allows_it(host: str) -> None:
    """C10: switched off, nobody's own network is scanned by way of a mailbox."""
    with saying(b"* OK\r\n") as (port, seen):
        for said in tried(host.strip("[]"), port, False):
            assert "private networks are switched off" in said
        assert seen == []


def test_the_address_that_was_vetted_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """C10: a name that means something else the second time it is looked up (DNS rebinding) gains nothing."""
    lookups: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *rest, **more)
        lookups.append(host)
        address = "192.0.2.1" if len(lookups) > 1 else "127.0.0.1"
        return real(address, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with saying(b"* OK\r\n") as (port, seen):
        reach.connect("rebinding.example", port, 5, True).close()
        assert (len(lookups), len(seen) <= 1) == (1, True)


def test_one_forbidden_address_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """C10: a name with a public and a private address is not tried at all."""
    places = [(2, 1, 6, "", ("192.88.99.7", 25)), (2, 1, 6, "", ("127.0.0.1", 25))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    with pytest.raises(reach.Unreachable, match="switched off"):
        reach.connect("both.example", 25, 5, False)


@pytest.mark.parametrize("words", ANSWERS)
def test_what_answers_is_never_repeated(words: bytes) -> None:
    """C10: the banner of another service, which would tell what runs in the firm's network."""
    with saying(words) as (port, seen):
        for security in ("none", "tls"):
            for said in tried("127.0.0.1", port, True, security):
                assert said
                assert "canary" not in said.lower()
        assert seen


@pytest.fixture
def client(database: Database, tmp_path: Any) -> Iterator[TestClient[Litestar]]:
    made: Assembly = assemble(settings_for(database, folder=str(tmp_path), mail_private_hosts=False))
    after_migration(made)
    with app_client(made) as client:
        yield client
    made.database.dispose()


def test_the_setting_holds_for_a_mailbox_of_the_installation(client: TestClient[Litestar]) -> None:
    """C10: in the form, and only for an administrator."""
    with saying(b"SSH-2.0-Canary\r\n") as (port, seen):
        form = {
            "name": "Support", "address": "s@firm.example", "active": "true", "module": "core",
            "imap_host": "127.1", "imap_port": str(port), "imap_security": "none",
            "smtp_host": "127.1", "smtp_port": str(port), "smtp_security": "none",
        }  # fmt: skip
        signed_in(client, "manager")
        assert client.post("/admin/mailboxes/new", data=form).status_code == 403
        signed_in(client, "admin")
        place = client.post("/admin/mailboxes/new", data=form).headers["location"]
        page = client.post(f"{place}/test")
        assert page.text.count("private networks are switched off") == 2
        assert "Canary" not in page.text
        assert seen == []
        signed_in(client, "manager")
        assert client.post(f"{place}/test").status_code == 403
