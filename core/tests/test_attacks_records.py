"""Attacks on records, imports, exports and files, named by what they try. Injection into lists is in
``test_hostile_requests``, servers that somebody types are in ``test_attacks_reach``.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.customers.models import Customer
from patron.digest import digest_of
from patron.files.sniffing import sniff
from patron.records import table
from patron.testing.faces import app_client, make_customer, make_user, signed_in, token_for, working
from sqlalchemy import event, select

Client = TestClient[Litestar]
HOME, THEIRS = 1, 2


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    make_customer(assembly, "Ours", team=None)
    make_customer(assembly, "Theirs")
    with app_client(assembly) as made:
        made.headers["Accept"] = "application/json"
        yield made


def digest(client: Client) -> Mapping[str, Any]:
    with working(client.app.state.assembly) as ctx:
        return digest_of(ctx)


def test_injected_sorts_and_filters_never_reach_the_database(client: Client) -> None:
    """C1, C2: the payload is in no statement that is sent, neither in its text nor among its values."""
    signed_in(client)
    sent: list[str] = []
    engine = client.app.state.assembly.database.engine

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        sent.append(f"{statement} {values}")

    event.listen(engine, "before_cursor_execute", note)
    try:
        for name in ("sort", "fields", "filter", "cursor", "limit"):
            for payload in ("name;canary--", "(CASE WHEN 1=1 THEN canary END)", '{"canary": 1}'):
                assert client.get("/api/v1/customers", params={name: payload}).status_code in (400, 422)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert sent
    assert not [text for text in sent if "canary" in text]


SMALL_ACTIONS = (
    ("/customers/1/roles", {"role": "supplier"}),
    ("/customers/1/names", {"kind": "former", "name": "Old"}),
    ("/customers/1/preferences", {"channel": "phone", "language": "de"}),
    ("/customers/1/log", {"channel": "note", "subject": "x", "text": "y"}),
    ("/customers/1/relationships", {"other": "2", "kind": "works_at"}),
    ("/customers/1/team", {"user": "1"}),
    ("/customers/1/merge", {"other": "2"}),
    ("/customers/1/erase", {"confirm": "Ours"}),
    ("/customers/trash", {"ids": "1"}),
    ("/customers/bulk/apply", {"ids": "1", "field": "note", "note": "x"}),
    ("/customers/1/edit", {"name": "Mine", "kind": "person"}),
)


def test_a_reader_s_small_actions_are_refused_before_they_are_done(client: Client) -> None:
    """C3: every action beside a record, by somebody who may only read it: 403, and the row is as it was."""
    signed_in(client, "reader")
    assert client.get("/customers/1").status_code in (200, 404)
    before = digest(client)
    for url, form in SMALL_ACTIONS:
        assert client.post(url, data=form).status_code == 403, url
        assert digest(client) == before, url


def test_linking_needs_the_right_at_both_ends(client: Client, assembly: Assembly) -> None:
    """C4: somebody who may edit their own customer cannot tie another team's to it, by any of the three ways."""
    user_id = make_user(assembly, "user", "South")
    other = make_user(assembly, "user", "North")
    mine = make_customer(assembly, "Mine", owner=str(user_id))
    theirs = make_customer(assembly, "Hidden Canary", owner=str(other))
    signed_in(client, user_id=user_id)
    before = digest(client)
    for url, form in (
        (f"/customers/{mine}/relationships", {"other": theirs, "to": theirs, "kind": "works_at"}),
        (f"/customers/{mine}/merge", {"other": theirs}),
        (f"/customers/{theirs}/merge", {"other": mine}),
        (f"/customers/{theirs}/relationships", {"other": mine, "kind": "works_at"}),
    ):
        answer = client.post(url, data=form)
        assert answer.status_code in (403, 404, 422), url
        assert "Canary" not in answer.text, url
        assert digest(client) == before, url
    assert client.post(f"/customers/{theirs}/log", data={"channel": "note"}).status_code in (403, 404)
    assert digest(client) == before


HIDDEN = ("name_key", "search_text", "sort_name", "version_secret", "password_hash", "merged_into_id")


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_shown_is_no_oracle_either(client: Client, name: str) -> None:
    """C5: a column that is no field can be neither filtered, sorted, selected nor exported."""
    signed_in(client)
    for parameters in (
        {"filter": f'{{"{name}": {{"gt": "a"}}}}'}, {"sort": name}, {"fields": f"id,{name}"},
    ):  # fmt: skip
        answer = client.get("/api/v1/customers", params=parameters)
        assert answer.status_code == 422, parameters
    assert client.get("/api/v1/customers", params={name: "a"}).status_code == 422


def test_a_search_finds_nothing_that_may_not_be_read(client: Client, assembly: Assembly) -> None:
    """C5: neither its text nor that there is a hit."""
    keeper = make_user(assembly, "user", "North")
    make_customer(assembly, "Secret Canary", owner=str(keeper))
    signed_in(client, "user", "South")
    for url in (
        "/search?q=canary",
        "/customers/lookup?q=canary",
        "/api/v1/customers?q=canary",
        "/palette?q=canary",
    ):
        answer = client.get(url)
        assert "Secret" not in answer.text, url
    assert client.get("/api/v1/customers?q=canary").json()["items"] == []


@pytest.mark.parametrize(
    "name", ["role", "roles", "is_superuser", "tenant_id", "created_by", "grants", "user.access[all]"]
)
def test_one_s_own_settings_give_no_rights(client: Client, assembly: Assembly, name: str) -> None:
    """C6: what is not a field of the form is not taken from it."""
    user_id = signed_in(client, "reader")
    form = {"name": "Me", "theme": "dark", "locale": "en", "time_zone": "UTC", name: "admin"}
    assert client.post("/account", data=form).status_code in (303, 422)
    assert client.get("/admin/users").status_code == 403
    token_for(client, user_id, ("*",))
    assert client.post("/api/v1/customers", json={"name": "x"}).status_code == 403


def upload(client: Client, content: bytes, name: str = "people.csv") -> str:
    answer = client.post("/customers/import", files={"file": (name, content, "text/csv")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_an_import_and_its_rejects_are_its_owner_s_alone(client: Client) -> None:
    """C7: another's import does not exist: not its page, not its rejects, not its steps."""
    signed_in(client)
    place = upload(client, b"Name;E-Mail\nAda Lovelace;ada@example.com\n").split("?")[0]
    base = place.rsplit("/", 1)[0] if not place.rsplit("/", 1)[1].isdigit() else place
    signed_in(client, "manager")
    before = digest(client)
    for tail in ("", "/map", "/preview", "/rejects", "/result"):
        assert client.get(f"{base}{tail}").status_code in (404, 405), tail
    for tail in ("/map", "/apply", "/resume", "/cancel"):
        assert client.post(f"{base}{tail}").status_code == 404, tail
    assert digest(client) == before


def test_a_column_of_an_import_sets_only_fields_of_the_form(client: Client, assembly: Assembly) -> None:
    """C8: ``role``, ``is_superuser`` and ``id`` are columns like any unknown one."""
    signed_in(client)
    place = upload(client, b"Name;role;is_superuser;id;version\nMallory Canary;admin;true;1;99\n").split("?")[
        0
    ]
    page = client.get(place, headers={"Accept": "text/html"}).text
    for name in ("is_superuser", "created_by", "version"):
        assert f'value="{name}"' not in page
    t = table(Customer)
    with assembly.database.read() as session:
        assert session.execute(select(t.c.name).where(t.c.id == 1)).scalar_one() == "Ours"


FORMULAS = (
    '=HYPERLINK("http://evil.example")', "+1+1", "-2+3|cmd", "@SUM(A1)", "\uff1d1+1", "\uff0b1", "\uff0d1+1",
    "\uff20SUM(1)",
    "\u00a0=1+1", " =1+1", "\t=1+1", "-1-1",
)  # fmt: skip


def test_no_cell_of_an_export_begins_a_formula(client: Client, assembly: Assembly) -> None:
    """C9: whatever leads up to it; what is only a number stays one."""
    signed_in(client)
    for text in FORMULAS:
        made = client.post("/api/v1/customers", json={"name": f"Name {text}", "kind": "person", "note": text})
        assert made.status_code == 201, text
    assert client.post("/api/v1/customers", json={"name": "Number", "note": "-25"}).status_code == 201
    rows = list(csv.DictReader(io.StringIO(client.get("/customers/export").content.decode("utf-8-sig"))))
    notes = {row["name"]: row["note"] for row in rows}
    assert notes["Number"] == "-25"
    assert len(notes) == len(FORMULAS) + 3
    for cell in (cell for row in rows for name, cell in row.items() if name != "id" and cell):
        begins = cell.lstrip("\t \u00a0\r\n")[:1]
        assert begins not in "=+-@\uff1d\uff0b\uff0d\uff20" or cell == "-25", cell


def png(side: int) -> bytes:
    """A small file that says to be an enormous picture."""
    head = b"IHDR" + side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + head + zlib.crc32(head).to_bytes(4, "big")


UPLOADS = (
    ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>canary()</script></svg>'),
    ("x.html", b"<!doctype html><script>canary()</script>"),
    ("polyglot.png", b"\x89PNG\r\n\x1a\n<html><script>canary()</script>"),
    ("polyglot.gif", b"GIF89a/*<script>canary()</script>*/"),
    ("a.pHaR", b"<?php canary(); ?>"),
    ("..%2f..%2f..%2fetc%2fpasswd", b"x"),
    ("../../../etc/passwd", b"x"),
    ("..\\..\\boot.ini", b"x"),
    ("flood.png", png(50_000)),
    ('a"\r\nX-Canary: 1\r\n.txt', b"x"),
    ("\u202egpj.exe", b"MZ"),
)


@pytest.mark.parametrize(("name", "content"), UPLOADS, ids=[repr(name) for name, _ in UPLOADS])
def test_an_uploaded_file_does_nothing_but_come_back(
    client: Client, assembly: Assembly, name: str, content: bytes, tmp_path: Any
) -> None:
    """C11: kept under a name of ours, given back as an attachment that no browser runs. Nothing decodes it."""
    signed_in(client)
    answer = client.post("/customers/1/files", files={"file": (name, content, "text/html")})
    assert answer.status_code in (303, 422), answer.text
    if answer.status_code == 422:
        return
    given = client.get("/files/1")
    assert given.status_code == 200
    assert given.content == content
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.headers["x-content-type-options"] == "nosniff"
    kind = given.headers["content-type"]
    assert not any(word in kind for word in ("html", "svg", "xml", "script")), kind
    assert kind == sniff(content)
    assert "x-canary" not in given.headers
    for bad in ("%", "/", "\\", "\u202e", "\n"):
        assert (
            bad
            not in given.headers["content-disposition"]
            .split("filename", 1)[1]
            .replace("%2F", "/")
            .split(";")[0]
        )
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == content]
    assert [len(path.name) for path in kept] == [64], "its name is the hash of what it holds"
