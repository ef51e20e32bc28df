"""Every mail of the corpus is read as ``expected.json`` beside it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from patron.interactions.mail.parsing import ParsedMail, as_json, parse
from patron.interactions.mail.sanitise import sanitise
from patron.interactions.mail.threading import ThreadRef, decide

CORPUS = Path(__file__).parent / "mail_corpus"
EXPECTED: dict[str, dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text("utf-8"))
FIELDS = {"subject", "subject_has", "from_email", "from_name", "to_email", "text", "text_has", "defect"}
PARTIES = frozenset({"ann@customer.test", "carl@customer.test", "service@firm.test"})
KNOWN = {i: ThreadRef(12, PARTIES, "Offer") for i in ("<first@customer.test>", "<out1@firm.test>")}
# What can run, load, cover or submit, in the form in which it would be live in HTML.
LIVE = re.compile(
    r"<\s*(?:script|style|iframe|object|embed|form|input|button|base|meta|link|svg|math|video|template|noscript)\b"
    r"|<[^>]*\son\w+\s*=|(?:href|src)\s*=\s*[\"']?\s*(?:javascript|vbscript|data:(?!image/svg\+xml,%3Csvg))"
    r"|<[^>]*(?:url\s*\(|expression\s*\(|position\s*:|@import|srcset|background=)|=\s*[\"']?(?:https?:)?//[\w.]*evil",
    re.IGNORECASE,
)


def read(name: str) -> ParsedMail:
    return parse((CORPUS / f"{name}.eml").read_bytes())


def test_the_corpus_and_its_expectations_name_the_same_mails() -> None:
    assert {path.stem for path in CORPUS.glob("*.eml")} == set(EXPECTED)
    assert len(EXPECTED) >= 175


def cases(key: str) -> list[Any]:
    return [pytest.param(name, value[key], id=name) for name, value in EXPECTED.items() if key in value]


@pytest.mark.parametrize(("name", "visible"), cases("visible"))
def test_what_was_written_anew(name: str, visible: str) -> None:
    assert read(name).visible_text == visible


@pytest.mark.parametrize(("name", "parts"), cases("visible_has"))
def test_what_stays_visible(name: str, parts: list[str]) -> None:
    assert all(part in read(name).visible_text for part in parts)


@pytest.mark.parametrize(("name", "automatic"), cases("auto"))
def test_robots(name: str, automatic: bool) -> None:
    answer = read(name).auto_reply
    assert answer.automatic is automatic, answer.rule
    assert bool(answer.rule) is automatic


@pytest.mark.parametrize(("name", "wanted"), cases("bounces"))
def test_bounces(name: str, wanted: list[list[Any]]) -> None:
    mail = read(name)
    assert [[b.recipient, b.reason, b.permanent] for b in mail.bounces] == wanted, mail.bounces


@pytest.mark.parametrize(("name", "returned"), cases("returned"))
def test_a_report_names_the_mail_that_came_back(name: str, returned: str) -> None:
    assert read(name).returned_message_id == returned


@pytest.mark.parametrize(("name", "wanted"), cases("attachments"))
def test_attachments(name: str, wanted: list[list[Any]]) -> None:
    found = as_json(read(name))["attachments"]
    assert [(a["name"], a["type"]) for a in found] == [(w[0], w[1]) for w in wanted]
    assert all(w[2] is None or a["size"] == w[2] for a, w in zip(found, wanted, strict=True))


@pytest.mark.parametrize(("name", "decision"), cases("thread"))
def test_threading(name: str, decision: str) -> None:
    assert type(decide(read(name), KNOWN)).__name__.lower() == decision


@pytest.mark.parametrize(("name", "_"), cases("safe"))
def test_nothing_in_html_stays_alive(name: str, _: bool) -> None:
    mail = read(name)
    assert LIVE.search(mail.html)
    safe = sanitise(mail.html)
    assert not LIVE.search(safe.html), safe.html
    assert safe.blocked_images == EXPECTED[name].get("blocked", safe.blocked_images)


@pytest.mark.parametrize("name", [name for name, value in EXPECTED.items() if set(value) & FIELDS])
def test_fields(name: str) -> None:
    mail, wanted = read(name), EXPECTED[name]
    assert mail.subject == wanted.get("subject", mail.subject)
    assert wanted.get("subject_has", "") in mail.subject
    assert [a.email for a in mail.from_] == wanted.get("from_email", [a.email for a in mail.from_])
    assert [a.email for a in mail.to] == wanted.get("to_email", [a.email for a in mail.to])
    assert "from_name" not in wanted or [a.name for a in mail.from_] == [wanted["from_name"]]
    assert mail.text.strip() == wanted.get("text", mail.text.strip())
    assert all(part in mail.text for part in wanted.get("text_has", []))
    assert wanted.get("defect", "") in " ".join(mail.defects)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", "".join(a.name for a in mail.from_))
