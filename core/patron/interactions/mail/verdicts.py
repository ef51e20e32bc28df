"""Why a mail was not delivered, told from an RFC 3463 status code and what the server wrote.

The server's words go first: half of all 5.x.x codes are not about the address. Only a dead address is
permanent;
a full mailbox, a policy, a block or a size limit says nothing against writing to that person again.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources

PERMANENT = frozenset({"unknown_user", "unknown_host", "moved", "not_accepting"})


_DATA = tomllib.loads(resources.files(__package__).joinpath("bounce_phrases.toml").read_text("utf-8"))
_PHRASES = [(rule["reason"], re.compile("|".join(rule["phrases"]), re.IGNORECASE)) for rule in _DATA["rule"]]
_STATUS = {code: reason for reason, codes in _DATA["status"].items() for code in codes}
_REPLY = {code: reason for reason, codes in _DATA["reply"].items() for code in codes}

REASONS = frozenset({reason for reason, _ in _PHRASES} | {"unknown"})

STATUS_CODE = re.compile(r"(?<![\d.])([245])\.(\d)\.(\d{1,3})(?![\d.]|-\d)")
_REPLY_CODE = re.compile(r"(?<![\d.\w-])([45]\d\d)(?=[ \-#(])")
_MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """``status`` as the server gave it, or ``""``; the rest as in ``Bounce``."""

    status: str
    reason: str
    permanent: bool
    confidence: float
    rule: str


def judge(status: str, text: str) -> Verdict:
    """The reason for one recipient from its status code (may be ``""``) and the server's words (may be
    ``""``)."""
    text = " ".join(text[:_MAX_TEXT].split())
    status = _best_status(status, text)
    by_phrase = next((reason for reason, pattern in _PHRASES if pattern.search(text)), "")
    by_status = _STATUS.get(status[2:], "") if status else ""
    reply = _REPLY_CODE.search(text)
    if by_phrase and by_status:
        agree = by_phrase == by_status
        generic = by_phrase in ("filtered", "policy", "system", "network", "syntax", "expired")
        telling = generic and by_status in (
            "unknown_user",
            "unknown_host",
            "mailbox_full",
            "suspended",
            "moved",
        )
        reason, confidence = (by_status, 0.7) if telling else (by_phrase, 0.95 if agree else 0.85)
        rule = f"status {status}" if telling else f"words: {by_phrase}"
    elif by_phrase:
        reason, confidence, rule = by_phrase, 0.8, f"words: {by_phrase}"
    elif by_status:
        reason, confidence, rule = by_status, 0.8, f"status {status}"
    elif reply and reply[1] in _REPLY:
        reason, confidence, rule = _REPLY[reply[1]], 0.4, f"reply code {reply[1]}"
    else:
        reason, confidence, rule = "unknown", 0.3, "not understood"
    temporary = status.startswith("4") or (not status and reply is not None and reply[1].startswith("4"))
    return Verdict(
        status, reason, reason in PERMANENT and not temporary and confidence >= 0.6, confidence, rule
    )


def _best_status(status: str, text: str) -> str:
    """The most telling code: one in the server's words beats a general one of the report (5.0.0)."""
    given = STATUS_CODE.search(status)
    code = ".".join(given.groups()) if given else ""
    if code and not code.endswith(".0"):
        return code
    for found in STATUS_CODE.finditer(text):
        words = ".".join(found.groups())
        if not words.endswith(".0") and found[1] != "2":
            return words
        code = code or words
    return code
