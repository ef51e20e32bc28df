"""Answers are packed for who can unpack them, and pages show no secret twice alike."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.testing.faces import app_client, form_token, make_customer, signed_in
from patron.ui import CSRF_FIELD, CSRF_HEADER

Client = TestClient[Litestar]


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    for number in range(12):
        make_customer(assembly, f"Customer {number}")
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def raw(client: Client, path: str, accepted: str) -> tuple[Any, bytes]:
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", ["/customers", "/api/v1/customers"])
def test_what_is_long_is_packed_for_who_takes_it(client: Client, path: str) -> None:
    packed, body = raw(client, path, "br;q=1.0, gzip;q=0.8")
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert int(packed.headers["content-length"]) == len(body)
    for refused in ("identity", "gzip;q=0", "br"):
        plain, whole = raw(client, path, refused)
        assert "content-encoding" not in plain.headers
        assert "Accept-Encoding" in plain.headers["vary"]
        assert abs(len(gzip.decompress(body)) - len(whole)) < 200
        assert len(whole) > 2 * len(body)


def test_what_is_short_is_sent_as_it_is(client: Client) -> None:
    answer, _ = raw(client, "/api/v1/customers?limit=1&fields=name", "gzip")
    assert "content-encoding" not in answer.headers


def test_static_files_are_packed_and_kept(client: Client) -> None:
    page = client.get("/customers").text
    style = "/static/build/style-" + page.split("/static/build/style-", 1)[1].split('"', 1)[0]
    answer, body = raw(client, style, "gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert b"--" in gzip.decompress(body)
    assert "immutable" in answer.headers["cache-control"]


def test_the_token_of_forms_never_looks_the_same_and_always_fits(client: Client) -> None:
    tokens = {form_token(client.get("/customers/new").text) for _ in range(3)}
    assert len(tokens) == 3
    halves = [half for token in tokens for half in (token[:64], token[64:])]
    assert len(set(halves)) == 6
    client.headers.pop(CSRF_HEADER)
    for token in tokens:
        made = client.post("/customers/new", data={CSRF_FIELD: token, "kind": "person", "name": "New"})
        assert made.status_code == 303, made.text
    for wrong in ("", "00", "0" * 128, "x" * 128, next(iter(tokens))[64:]):
        data = {CSRF_FIELD: wrong, "kind": "person", "name": "New"}
        assert client.post("/customers/new", data=data).status_code == 403
