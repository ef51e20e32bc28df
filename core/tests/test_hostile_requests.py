"""Requests that no browser of ours sends: refused shortly and plainly, noted once, and nothing of the inside shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.digest import digest_of
from patron.testing.faces import app_client, form_token, make_customer, signed_in, working
from patron.testing.loops import run_apart
from patron.ui import CSRF_HEADER

Client = TestClient[Litestar]
INSIDE = ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "/patron/", "site-packages")
DEEP = "[" * 500 + "]" * 500
HOSTILE_LISTS = (
    {"sort": "(CASE WHEN 1=1 THEN name ELSE id END)"},
    {"sort": "name;SELECT pg_sleep(5)--"},
    {"sort": "1 UNION SELECT"},
    {"filter": json.dumps({"owner": ["1') AND (SELECT SLEEP(10)) AND ('1"]})},
    {"filter": json.dumps({"name": {"sounds like": "x"}})},
    {"filter": json.dumps({"password_hash": "x"})},
    {"filter": DEEP},
    {"filter": '{"not":' * 500 + '{"kind":"person"}' + "}" * 500},
    {"filter": "x" * 30_000},
    {"fields": "id,password_hash"},
    {"cursor": "AAAA"},
    {"limit": "-1; DROP TABLE core_customer"},
)


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    make_customer(assembly)
    with app_client(assembly) as made:
        made.headers["Accept"] = "application/json"
        yield made


def digest(client: Client) -> Any:
    with working(client.app.state.assembly) as ctx:
        return digest_of(ctx)


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "patron.security"]


def plain(answer: Any) -> bool:
    """Nothing of the inside is in the answer."""
    return not any(word in answer.text for word in INSIDE)


def test_a_list_takes_nothing_but_what_it_declares(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    signed_in(client)
    before = digest(client)
    for parameters in HOSTILE_LISTS:
        caplog.clear()
        answer = client.get("/api/v1/customers", params=parameters)
        assert answer.status_code in (400, 422), (parameters, answer.text)
        assert plain(answer), parameters
        assert len(refusals(caplog)) == 1
        assert answer.elapsed.total_seconds() < 2, parameters
    assert digest(client) == before


def test_a_field_that_is_not_offered_cannot_be_set(client: Client) -> None:
    signed_in(client)
    before = digest(client)
    for name, value in (
        ("role", "admin"),
        ("is_superuser", True),
        ("created_by", 1),
        ("version", 9),
        ("id", "1"),
    ):
        for method, url in (("POST", "/api/v1/customers"), ("PATCH", "/api/v1/customers/1")):
            answer = client.request(method, url, json={"name": "x", name: value})
            assert answer.status_code == 422, name
            assert name in answer.text
    assert digest(client) == before


ADDRESSES = (
    "/customers/99999999999999999999",
    "/api/v1/customers/99999999999999999999",
    "/api/v1/customers/-99999999999999999999",
    "/search?q=%00",
    "/customers?q=%00&name=%00",
    "/customers/lookup?q=%00",
    "/admin/users?q=%00",
    "/admin/users?after=99999999999999999999",
    "/admin/audit?resource=%00",
    "/static/build/..%2f..%2f..%2f..%2fetc/passwd",
    "/static/build/%2e%2e/%2e%2e/settings.py",
)


def test_no_address_crashes(client: Client) -> None:
    signed_in(client)
    for url in ADDRESSES:
        answer = client.get(url)
        assert answer.status_code < 500, (url, answer.text)
        assert plain(answer), url
        assert "root:" not in answer.text


def test_no_form_crashes(client: Client) -> None:
    """A NUL is nothing that PostgreSQL stores; a stranger must not be able to make an error of it."""
    token = form_token(client.get("/sign-in", headers={"Accept": "text/html"}).text)
    form = {"_csrf_token": token, "email": "a\x00@example.com", "password": "x\x00y"}
    assert client.post("/sign-in", data=form).status_code < 500
    signed_in(client)
    for url in ("/customers/1/log", "/customers/1/roles", "/admin/teams", "/customers/views"):
        answer = client.post(url, data={"subject": "a\x00b", "role": "a\x00b", "name": "a\x00b"})
        assert answer.status_code < 500, url
        assert plain(answer)


def test_a_body_that_is_too_large_is_not_read(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    signed_in(client)
    caplog.clear()
    assert client.post("/admin/teams", data={"name": "x" * 1_100_000}).status_code == 413
    assert client.post("/api/v1/customers", content=b"[" * 5_100_000).status_code == 413
    assert len(refusals(caplog)) == 2


def test_a_body_of_unknown_length_is_cut_off(client: Client) -> None:
    """Sent in chunks without a length, as a form with a file: it is not taken in whole to be found too large."""
    taken, statuses = 0, []
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {
            "type": "http.request",
            "body": head if taken == 1 else b"y" * 100_000,
            "more_body": taken < 60,
        }

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/admin/teams", "raw_path": b"/admin/teams", "query_string": b"",
        "root_path": "", "scheme": "https", "http_version": "1.1", "server": ("testserver.local", 443),
        "client": ("127.0.0.1", 1), "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
        "asgi": {"version": "3.0", "spec_version": "2.3"}, "extensions": {},
    }  # fmt: skip
    run_apart(cast(Any, client.app)(scope, receive, send))
    assert statuses == [413]
    assert taken < 15, "of 6 MB, hardly more than the megabyte that is allowed"


def test_every_answer_carries_the_headers_that_protect(client: Client) -> None:
    signed_in(client)
    for url in ("/", "/customers", "/customers/1", "/nothing-here", "/api/v1/customers", "/customers/export"):
        answer = client.get(url, headers={"Accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy, url
        assert answer.headers["content-type"].count("charset") <= 1, url
        assert answer.headers["x-content-type-options"] == "nosniff", url
        assert answer.headers["cache-control"] == "no-store", url
        assert answer.headers["referrer-policy"] == "same-origin", url
        assert "max-age" in answer.headers["strict-transport-security"], url


def test_another_site_cannot_act_for_a_user(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    signed_in(client)
    before = digest(client)
    caplog.clear()
    across = client.post("/customers/1/roles", data={"role": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    client.headers.pop(CSRF_HEADER)
    without = client.post("/customers/1/roles", data={"role": "x", "_csrf_token": '"><script>'})
    assert [across.status_code, without.status_code] == [403, 403]
    assert len(refusals(caplog)) == 2
    assert digest(client) == before


def test_what_crashes_says_only_its_number(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from patron.resources import list_page

    def crash(*_: Any) -> None:
        raise RuntimeError("the password is swordfish")

    signed_in(client)
    monkeypatch.setattr(list_page, "listing_of", crash)
    caplog.set_level(logging.ERROR)
    answer = client.get("/customers")
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert plain(answer)
    assert "swordfish" in caplog.text


def test_an_address_says_which_methods_it_takes(client: Client) -> None:
    asked = client.options("/customers/1")
    assert asked.status_code == 204
    assert asked.headers["allow"] == "GET, OPTIONS"
    assert client.put("/customers/1").status_code == 405


@pytest.mark.parametrize("number", ["²", "٣", "--5", "9" * 5000, "1" * 19, "-", "1e3"])
def test_what_is_no_number_is_refused_not_tried(client: Client, number: str) -> None:
    signed_in(client)
    asked = {"owner": number, "city": number, "number": number}
    pages = [
        client.get("/customers", params=asked),
        client.get("/customers/new", params=asked),
        client.get("/admin/users", params={"after": number[:2000]}),
        client.post("/customers/1/edit", data={"name": "Ada", "version": number}),
        client.post("/customers/1/relationships", data={"to": number, "kind": "works_at"}),
        client.post("/customers/1/team", data={"user": number, "team": number}),
        client.post("/customers/bulk/apply", data={"ids": number, "field": "note", "note": "x"}),
        client.post("/customers/restore", data={"ids": number}),
        client.post("/api/v1/customers/bulk", json={"records": [{"id": number, "name": "Ada"}]}),
    ]
    assert [page.status_code for page in pages if page.status_code >= 500] == []
