"""Fetching from a real IMAP server in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from patron.interactions.mail import mailbox
from patron.interactions.mail.mailbox import ImapSettings, MailboxError, fetch
from patron.testing.mail import ImapServer, free_port, imap_server


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        for number in range(3):
            running.append(f"Subject: {number}\r\n\r\nbody {number}\r\n".encode())
        yield running


@pytest.fixture
def settings(server: ImapServer) -> ImapSettings:
    return ImapSettings(
        server.host, server.username, server.password, port=server.port, security="none", timeout=5
    )


def test_batches_follow_each_other_without_gap_or_repetition(settings: ImapSettings) -> None:
    first = fetch(settings, limit=2)
    second = fetch(settings, first.highest_uid, first.uidvalidity, limit=2)
    third = fetch(settings, second.highest_uid, second.uidvalidity)
    bodies = [raw for batch in (first, second, third) for _, raw in batch.messages]
    assert [raw[9:10] for raw in bodies] == [b"0", b"1", b"2"]
    assert (first.more, second.more, third.messages) == (True, False, ())
    assert third.highest_uid == second.highest_uid


def test_a_renumbered_folder_starts_again(settings: ImapSettings) -> None:
    whole = fetch(settings)
    again = fetch(settings, whole.highest_uid, whole.uidvalidity + 1)
    assert again.restarted
    assert again.messages == whole.messages


def test_fetching_marks_nothing_as_read(settings: ImapSettings) -> None:
    fetch(settings)
    with mailbox._signed_in(settings) as client:
        client.select("INBOX", readonly=True)
        assert client.uid("SEARCH", "SEEN")[1] == [b""]


def test_what_is_too_large_is_named_not_loaded(settings: ImapSettings) -> None:
    batch = fetch(replace(settings, max_message_bytes=5))
    assert batch.messages == ()
    assert len(batch.too_large) == 3


def test_the_connection_test_says_how_far_it_got(settings: ImapSettings) -> None:
    def step(**changes: Any) -> tuple[bool, str]:
        status = mailbox.test_connection(replace(settings, **changes))
        assert "canary-secret" not in status.detail
        return status.ok, status.step

    assert mailbox.test_connection(settings).messages == 3
    assert step() == (True, "folder")
    assert step(password="canary-secret") == (False, "sign_in")
    assert step(folder="No such") == (False, "folder")
    assert step(port=free_port()) == (False, "connect")
    assert step(security="tls") == (False, "secure")


def test_a_failed_sign_in_raises_and_secrets_stay_out_of_sight(settings: ImapSettings) -> None:
    wrong = replace(settings, password="canary-secret", access_token="canary-token")
    with pytest.raises(MailboxError) as caught:
        fetch(replace(wrong, access_token=""))
    assert caught.value.kind == "sign_in"
    assert "canary" not in f"{caught.value!r} {wrong!r}"
