"""Which thread an incoming mail belongs to: a pure decision that explains itself.

References decide, never the subject. Only someone who is already a party to a thread may add to it: a
forged or
forwarded reference does not let a stranger in.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from patron.interactions.mail.parsed import ParsedMail

_SUBJECT_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|sv|vs|ref|rif|res|fwd?|wg|wtr|tr|rv|enc)(?:\[\d+\]|\(\d+\))?\s*:\s*)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A known thread as one of its messages shows it. ``parties`` are normal addresses (see ``party``)."""

    thread_id: Hashable
    parties: frozenset[str]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """The mail continues ``thread_id``; ``reason`` is a sentence for the reader."""

    thread_id: Hashable
    reason: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The mail claims to continue ``thread_id``, but its sender is no party: a person decides."""

    thread_id: Hashable
    reason: str


@dataclass(frozen=True, slots=True)
class New:
    """The mail starts a thread."""

    reason: str


Decision = Joined | Quarantined | New


def party(email: str) -> str:
    """The form in which addresses are compared: case folded, white space gone."""
    return email.strip().casefold()


def parties_of(mail: ParsedMail) -> frozenset[str]:
    """Everyone whom a mail names in From, To and Cc; a reply from any of them may join. Bcc and Reply-To
    do not count."""
    return frozenset(party(a.email) for field in (mail.from_, mail.to, mail.cc) for a in field)


def base_subject(subject: str) -> str:
    """The subject without its reply and forward prefixes."""
    return _SUBJECT_PREFIX.sub("", subject, count=1).strip()


def decide(mail: ParsedMail, known: Mapping[str, ThreadRef]) -> Decision:
    """The thread of ``mail``, given the known messages by Message-ID (with angle brackets).

    Of several referenced threads the one named last counts, if the sender is a party to it; any shared
    reference is
    enough, so a late copy in a side branch lands in the same thread.
    """
    named = named_messages(mail)
    matches = [(message_id, known[message_id]) for message_id in named if message_id in known]
    if not matches:
        return New("It starts a new thread: it refers to no message that is known here.")
    if len(mail.from_) != 1:
        return Quarantined(
            matches[0][1].thread_id, "Held back: it names no single sender, but refers to a thread."
        )
    sender = mail.from_[0].email
    for message_id, thread in matches:
        if party(sender) in thread.parties:
            return Joined(thread.thread_id, _joined(mail, message_id, sender))
    thread = matches[0][1]
    about = f" “{thread.subject}”" if thread.subject else ""
    return Quarantined(
        thread.thread_id, f"Held back: {sender} refers to the thread{about} but takes no part in it."
    )


def named_messages(mail: ParsedMail) -> list[str]:
    """The messages that a mail refers to: In-Reply-To first, then References from the nearest to the oldest."""
    return list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))


def _joined(mail: ParsedMail, message_id: str, sender: str) -> str:
    if message_id in mail.in_reply_to:
        return f"It answers a message of this thread, and {sender} takes part in it."
    return f"It refers to a message of this thread, and {sender} takes part in it."
