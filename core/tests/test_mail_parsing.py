"""``parse`` never raises and never gives text that a database or a page would choke on."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patron.interactions.mail.decoding import decode
from patron.interactions.mail.headers import parse_addresses, safe_file_name
from patron.interactions.mail.parsing import ParsedMail, as_json, parse

HOSTILE = (
    "On " + "a " * 5_000,
    "<" * 50_000,
    "a@" * 20_000,
    "> " * 30_000,
    "=?" * 20_000,
    "a" * 90_000,
    "0.0.0." * 9_000,
)
NAMES = ("From", "To", "Subject", "Date", "Message-ID", "Content-Type", "References")
SEEDS = [path.read_bytes() for path in sorted((Path(__file__).parent / "mail_corpus").glob("*.eml"))]


def check(mail: ParsedMail) -> None:
    plain = json.dumps(as_json(mail), ensure_ascii=False)
    plain.encode("utf-8")
    assert "\\u0000" not in plain
    assert mail.message_id.startswith("<")
    assert mail.date.utcoffset() is not None
    assert "\n" not in mail.subject
    for attachment in mail.attachments:
        assert attachment.name not in ("", ".", "..")
        assert not set(attachment.name) & set('/\\\0\n\r"<>:\u202e')


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes(raw: bytes) -> None:
    check(parse(raw))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_mails(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        length = data.draw(st.integers(0, 40))
        raw[at : at + length] = data.draw(
            st.binary(max_size=20) | st.just(bytes(raw[-30:])) | st.just(b"\n--BB\n")
        )
    check(parse(bytes(raw)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES),
                          st.text(max_size=80)), max_size=8))  # fmt: skip
def test_headers_of_any_text(fields: list[tuple[str, str]]) -> None:
    raw = "".join(f"{name}: {value}\n" for name, value in fields) + "\nbody"
    check(parse(raw.encode("utf-8", "surrogatepass")))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_charset_name(data: bytes, charset: str) -> None:
    decode(data, charset).encode("utf-8")


def test_deep_nesting_is_survived() -> None:
    depth = 3_000
    parts = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    mail = parse(parts.encode() + b"Content-Type: text/plain\n\ndeep\n")
    assert mail.defects


@pytest.mark.parametrize("line", HOSTILE)
def test_hostile_lines_are_read_in_good_time(line: str) -> None:
    started = time.perf_counter()
    parse(f"From: {line}\nSubject: {line}\nReturn-Path: <>\n\n{line}\n{line}\n".encode())
    assert time.perf_counter() - started < 2


def test_a_large_attachment_is_read_in_good_time() -> None:
    content = bytes(range(256)) * 16_000  # 4 MB
    head = b"From: a@x.test\nContent-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n\n"
    raw = head + base64.encodebytes(content)
    began = time.process_time()
    assert parse(raw).attachments[0].payload == content
    assert time.process_time() - began < 4


def test_a_missing_message_id_is_made_the_same_each_time() -> None:
    raw = b"Subject: x\n\nbody"
    assert parse(raw).message_id == parse(raw).message_id != parse(raw + b"!").message_id


def test_addresses_with_commas_comments_and_groups() -> None:
    found = parse_addresses('"B, C" <b@X.Test>, a@x.test (A (nested)), Team: d@x.test, <e@x.test>;')
    assert found[0].name == "B, C"
    assert [a.email for a in found] == ["b@x.test", "a@x.test", "d@x.test", "e@x.test"]


def test_an_encoded_name_smuggles_in_no_address() -> None:
    found = parse_addresses("=?utf-8?q?ann=40customer.test=2C_x?= <mallory@evil.test>")
    assert [a.email for a in found] == ["mallory@evil.test"]


@pytest.mark.parametrize(
    ("raw", "safe"),
    [("a/b/c.txt", "c.txt"), ("..\\..\\x", "x"), (".htaccess", "htaccess"), ("", "f"), ("LPT1", "_LPT1"),
     ("x" * 300 + ".pdf", "x" * 116 + ".pdf"), ("a\x00b\u202ecod.exe", "abcod.exe")],
)  # fmt: skip
def test_file_names(raw: str, safe: str) -> None:
    assert safe_file_name(raw, "f") == safe


@pytest.mark.parametrize(
    "lines",
    [
        [b"--a:\n"] * 8_000,
        [b"--b%d\nContent-Type: multipart/mixed; boundary=z\n\n" % n + b"x\n" * 600 for n in range(300)],
    ],
    ids=["fields", "parts within parts"],
)
def test_boundaries_that_fit_nothing_are_read_in_time(lines: list[bytes]) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=other\n\n" + b"".join(lines)
    started = time.process_time()
    parse(raw)
    assert time.process_time() - started < 2
