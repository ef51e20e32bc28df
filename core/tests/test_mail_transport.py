"""Sending over SMTP against a real server: every recipient gets an honest answer."""

from __future__ import annotations

import pytest
from patron.interactions.mail.transport import Outcome, SmtpConnection, SmtpSettings, send
from patron.testing.mail import free_port, smtp_sink

RAW = b"Subject: x\r\n\r\n.a dot first\r\nand more\r\n"


def test_each_recipient_has_an_answer_of_its_own() -> None:
    with smtp_sink() as sink:
        sink.refuse = {"gone@x.test": "550 5.1.1 unknown", "later@x.test": "450 4.2.0 later"}
        to = ["a@x.test", "gone@x.test", "later@x.test"]
        result = send(SmtpSettings(sink.host, sink.port, "none"), "me@x.test", to, RAW)
    assert [result[address].outcome for address in to] == [
        Outcome.ACCEPTED,
        Outcome.REFUSED,
        Outcome.DEFERRED,
    ]
    assert result["gone@x.test"].code == 550
    assert [mail.recipients for mail in sink.messages] == [("a@x.test",)]
    assert sink.messages[0].raw == RAW


def test_no_data_goes_out_when_nobody_is_accepted() -> None:
    with smtp_sink() as sink:
        sink.refuse = {"a@x.test": "550 no"}
        result = send(SmtpSettings(sink.host, sink.port, "none"), "me@x.test", ["a@x.test"], RAW)
    assert result["a@x.test"].outcome is Outcome.REFUSED
    assert sink.messages == []


def test_a_connection_lost_after_the_data_leaves_the_mail_in_doubt_and_is_not_repeated() -> None:
    with smtp_sink() as sink, SmtpConnection(SmtpSettings(sink.host, sink.port, "none")) as connection:
        sink.drop_after_data = True
        first = connection.send("me@x.test", ["a@x.test"], RAW)
        assert first["a@x.test"].outcome is Outcome.IN_DOUBT
        assert len(sink.messages) == 1
        second = connection.send("me@x.test", ["b@x.test"], RAW)
        assert second["b@x.test"].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("reply", "outcome"), [("554 5.7.1 spam", Outcome.REFUSED), ("451 4.3.0 disk", Outcome.DEFERRED)]
)
def test_the_answer_after_the_data_counts(reply: str, outcome: Outcome) -> None:
    with smtp_sink() as sink:
        sink.refuse_data = reply
        result = send(SmtpSettings(sink.host, sink.port, "none"), "me@x.test", ["a@x.test"], RAW)
    assert result["a@x.test"].outcome is outcome


def test_one_connection_carries_many_mails() -> None:
    with smtp_sink() as sink, SmtpConnection(SmtpSettings(sink.host, sink.port, "none")) as connection:
        for _ in range(5):
            connection.send("me@x.test", ["a@x.test"], RAW)
        assert (len(sink.messages), sink.connections) == (5, 1)


def test_an_absent_server_defers() -> None:
    result = send(SmtpSettings("127.0.0.1", free_port(), "none", timeout=2), "me@x.test", ["a@x.test"], RAW)
    assert result["a@x.test"].outcome is Outcome.DEFERRED


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_sign_in_and_its_failure_show_no_secret() -> None:
    with smtp_sink(username="u", password="right") as sink:
        good = SmtpSettings(sink.host, sink.port, "none", "u", "right")
        bad = SmtpSettings(sink.host, sink.port, "none", "u", "hunter2-canary")
        assert SmtpConnection(good).test() == ""
        said = SmtpConnection(bad).test()
    assert "refused the sign-in" in said
    assert "hunter2-canary" not in said + repr(bad)


def test_starttls_is_not_silently_left_out() -> None:
    with smtp_sink() as sink:
        result = send(SmtpSettings(sink.host, sink.port, "starttls"), "me@x.test", ["a@x.test"], RAW)
    assert result["a@x.test"].outcome is Outcome.DEFERRED
    assert sink.messages == []
