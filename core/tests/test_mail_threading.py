"""Who may add to a thread: references decide, and only for those who take part."""

from __future__ import annotations

from patron.interactions.mail.parsing import parse
from patron.interactions.mail.threading import (
    Decision,
    Joined,
    New,
    Quarantined,
    ThreadRef,
    base_subject,
    decide,
)

PARTIES = frozenset({"ann@customer.test", "carl@customer.test"})
KNOWN = {
    "<1@firm.test>": ThreadRef(7, PARTIES, "Offer"),
    "<2@firm.test>": ThreadRef(8, frozenset({"eve@other.test"}), "Secret"),
}


def decided(sender: str, extra: str, subject: str = "Re: Offer") -> Decision:
    return decide(parse(f"From: {sender}\nSubject: {subject}\n{extra}\n\nx".encode()), KNOWN)


def test_a_party_joins_by_either_field() -> None:
    known = decided("Ann <ANN@Customer.test>", "In-Reply-To: <1@firm.test>")
    assert isinstance(known, Joined)
    assert known.thread_id == 7
    late = decided("carl@customer.test", "References: <1@firm.test> <unknown@side.test>")
    assert isinstance(late, Joined)
    assert "carl@customer.test takes part" in late.reason


def test_a_stranger_is_held_back_whatever_is_forged() -> None:
    forged = "In-Reply-To: <1@firm.test>\nReferences: <1@firm.test> <2@firm.test>"
    decision = decided("mallory@evil.test", forged)
    assert isinstance(decision, Quarantined)
    assert "mallory@evil.test" in decision.reason
    assert "Offer" in decision.reason


def test_a_party_to_one_thread_does_not_enter_another() -> None:
    assert isinstance(decided("ann@customer.test", "In-Reply-To: <2@firm.test>"), Quarantined)
    both = decided("ann@customer.test", "In-Reply-To: <2@firm.test>\nReferences: <1@firm.test> <2@firm.test>")
    assert isinstance(both, Joined)
    assert both.thread_id == 7


def test_reply_to_sender_and_names_make_nobody_a_party() -> None:
    extra = "Reply-To: ann@customer.test\nSender: ann@customer.test\nIn-Reply-To: <1@firm.test>"
    assert isinstance(decided('"ann@customer.test" <mallory@evil.test>', extra), Quarantined)


def test_several_senders_are_held_back() -> None:
    assert isinstance(
        decided("ann@customer.test, mallory@evil.test", "In-Reply-To: <1@firm.test>"), Quarantined
    )


def test_a_subject_alone_joins_nothing() -> None:
    assert isinstance(decided("ann@customer.test", "X: y"), New)


def test_prefixes_of_many_languages_are_no_part_of_the_subject() -> None:
    assert base_subject("AW: Re[2]: WG: RV: Offer: the second") == "Offer: the second"
