"""Delivery reports without a machine's part, in the words of the servers that write them: the reason, whether the
address is dead, and the rule that said so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from patron.interactions.mail.parsing import parse
from patron.interactions.mail.verdicts import judge

BOB = "bob@customer.test"
COPY = (
    "\n\nReceived: from firm.test\nMessage-ID: <sent1@firm.test>\nSubject: Your quota is full, user unknown\n"
)
REPORTS = tomllib.loads(Path(__file__).with_name("mail_reports.toml").read_text("utf-8"))["report"]


@pytest.mark.parametrize("given", [pytest.param(given, id=given["server"]) for given in REPORTS])
def test_the_words_of_real_servers(given: dict[str, Any]) -> None:
    head = f"From: {given['sender']}\nTo: us@firm.test\nSubject: {given['subject']}\nReturn-Path: <>\n\n"
    mail = parse((head + given["words"].replace("{}", BOB) + COPY).encode())
    assert [bounce.recipient for bounce in mail.bounces] == [BOB]
    bounce = mail.bounces[0]
    assert given["reason"] in ("", bounce.reason)
    assert bounce.permanent is given["dead"], bounce
    assert bounce.rule
    assert 0 < bounce.confidence < 1
    assert mail.returned_message_id == "<sent1@firm.test>"
    assert mail.auto_reply.automatic


@pytest.mark.parametrize(
    "code", ["5.2.2", "5.7.1", "5.7.26", "5.3.4", "5.4.6", "4.1.1", "4.2.2", "5.2.1", "5.7.133"]
)
def test_a_code_that_says_nothing_of_the_address_kills_none(code: str) -> None:
    assert not judge(code, f"550 {code} refused").permanent


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.10", "5.1.6"])
def test_a_code_that_names_a_dead_address_does(code: str) -> None:
    assert judge(code, "").permanent
