"""Outgoing mail reads back as it was meant, and nothing breaks out of its field."""

from __future__ import annotations

from typing import Any

import pytest
from patron.errors import Invalid
from patron.interactions.mail.composing import (
    MAX_REFERENCES,
    compose,
    make_message_id,
    quote,
    reply_references,
    reply_subject,
)
from patron.interactions.mail.parsed import Address, Attachment
from patron.interactions.mail.parsing import parse

ANN = Address("Ann, Größe", "ann@customer.test")
BOB = Address("Bob", "bob@firm.test")
ID = make_message_id("reply:1", "firm.test")


def composed(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "from_": BOB,
        "to": [ANN],
        "message_id": ID,
        "subject": "Offer",
        "text": "Hello\n",
    }
    return compose(**(values | changes))


def test_everything_reads_back() -> None:
    files = [Attachment("Größe 1.pdf", "application/pdf", 3, "", False, b"%PD"),
             Attachment("l.png", "image/png", 3, "logo@x", True, b"img")]  # fmt: skip
    raw = composed(cc=[BOB], subject="Ä" * 120, html='<p>Hi <img src="cid:logo@x"></p>', attachments=files,
                   in_reply_to="<1@x.test>", references=("<0@x.test>", "<1@x.test>"),
                   headers={"Auto-Submitted": "auto-replied"})  # fmt: skip
    mail = parse(raw)
    assert (mail.from_, mail.to, mail.cc, mail.message_id) == ((BOB,), (ANN,), (BOB,), ID)
    assert (mail.subject, mail.text.strip()) == ("Ä" * 120, "Hello")
    assert "cid:logo@x" in mail.html
    assert [(a.name, a.payload, a.inline) for a in mail.attachments] == [
        ("l.png", b"img", True), ("Größe 1.pdf", b"%PD", False)
    ]  # fmt: skip
    assert (mail.in_reply_to, mail.references) == (("<1@x.test>",), ("<0@x.test>", "<1@x.test>"))
    assert mail.auto_reply.automatic
    assert mail.defects == ()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x\r\nBcc: all@x.test"},
        {"subject": "x\nBcc: all@x.test"},
        {"subject": "x\u2028y"},
        {"from_": Address("A\r\nBcc: b@x.test", "a@x.test")},
        {"to": [Address("A", "a@x.test\r\nBcc: b@x.test")]},
        {"to": [Address("A", "a@x.test, b@x.test")]},
        {"to": [Address("A", "no address")]},
        {"in_reply_to": "<1@x.test>\r\nX: y"},
        {"references": ("<1@x.test> <2@x.test>",)},
        {"message_id": "<a b@x.test>"},
        {"headers": {"X-A": "1\r\nBcc: b@x.test"}},
        {"headers": {"X-A: 1\r\nBcc": "b@x.test"}},
        {"headers": {"Bcc": "b@x.test"}},
        {"headers": {"From": "b@x.test"}},
    ],
)
def test_header_injection_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        composed(**changes)
    assert caught.value.errors, "the refusal names the field"


def test_message_ids_are_the_same_for_the_same_seed() -> None:
    assert ID == make_message_id("reply:1", "firm.test") != make_message_id("reply:2", "firm.test")
    with pytest.raises(Invalid):
        make_message_id("x", "firm.test>\r\nX: y")


def test_reply_subject_has_one_prefix() -> None:
    assert reply_subject("AW: Re: Re[2]: Offer") == "Re: Offer"


def test_the_chain_of_references_is_bounded_and_keeps_its_ends() -> None:
    chain = tuple(f"<{n}@x.test>" for n in range(100))
    bounded = reply_references(chain, "<last@x.test>")
    assert len(bounded) == MAX_REFERENCES
    assert (bounded[0], bounded[-1]) == ("<0@x.test>", "<last@x.test>")
    long = reply_references([f"<{'x' * 240}{n}@x.test>" for n in range(10)], "<last@x.test>")
    assert sum(map(len, long)) < 1_000


def test_the_quote_is_folded_away_again() -> None:
    text = quote("Yes.", "Shall we?\n> older", "On 3 June 2025, Ann <ann@customer.test> wrote:")
    mail = parse(composed(text=text))
    assert mail.visible_text == "Yes."
    assert "> Shall we?" in mail.text
