"""Signing in, staying in and being put out, over HTTP on both engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import passwords, services
from patron.accounts.authentication import ABSOLUTE, IDLE, SEEN_EVERY
from patron.accounts.controllers import doors
from patron.accounts.models import Audit, AuditValue, SignIn, SignInLink, Token, User
from patron.accounts.services.people import person_of, set_password_hash
from patron.accounts.services.refusals import ACTION
from patron.assembly import Assembly, assemble
from patron.db import Database
from patron.records import table
from patron.testing.faces import (
    app_client,
    form_token,
    make_user,
    settings_for,
    signed_in,
    token_for,
    without_token,
    working,
)
from sqlalchemy import select, update

PASSWORD = "seven brown kettles"
Client = TestClient[Litestar]


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        yield made


@pytest.fixture
def ada(assembly: Assembly, password_hash: str) -> int:
    user_id = make_user(assembly, email="ada@example.com", name='Ada "><script>alert(1)</script>')
    with working(assembly) as ctx:
        set_password_hash(ctx, person_of(ctx.session, user_id=user_id), password_hash)
    return user_id


def knock(
    client: Client, email: str, password: str = PASSWORD, goal: str = "/account", **options: Any
) -> Any:
    token = form_token(client.get("/sign-in").text)
    form = {"_csrf_token": token, "email": email, "password": password, "next": goal}
    return client.post("/sign-in", data=form, **options)


def rows(assembly: Assembly, model: Any) -> list[Any]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(model)).order_by(table(model).c.id)).all())


def test_signing_in_gives_a_cookie_of_this_host_and_a_fresh_session(client: Client, ada: int) -> None:
    client.cookies.set("__Host-patron", "planted", domain="testserver.local")
    answer = knock(client, "Ada@Example.com")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("__Host-patron="))
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags
    assert not any(flag.startswith(("domain", "max-age", "expires")) for flag in flags)
    assert "planted" not in cookie
    page = client.get("/account")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_refused_sign_ins_are_noted_and_counted_for_known_addresses_alone(
    client: Client, assembly: Assembly, ada: int
) -> None:
    for email in ("ada@example.com", "ada@example.com", "eve@example.com"):
        assert knock(client, email, "wrong").status_code == 422
    noted = [row for row in rows(assembly, Audit) if row.action == ACTION]
    assert [(row.resource, row.record_id) for row in noted] == [
        ("users", ada),
        ("users", ada),
        ("users", None),
    ]
    assert all(row.address for row in noted)
    assert [row for row in rows(assembly, AuditValue) if row.audit_id in {item.id for item in noted}] == []
    signed_in(client)
    assert client.get("/admin/users").text.count("2 failed sign-ins") == 1
    assert "2 failed sign-ins in thirty days" in client.get(f"/admin/users/{ada}").text
    assert client.get("/admin/audit?action=sign-in+refused").text.count("testclient") == 3


def test_a_tokens_last_use_is_noted_at_most_every_five_minutes(client: Client, assembly: Assembly) -> None:
    user_id = make_user(assembly, "reader")
    token_for(client, user_id)
    assert rows(assembly, Token)[0].used_at is None
    assert client.get("/api/v1/customers").status_code == 200
    first = rows(assembly, Token)[0].used_at
    assert first is not None
    assert client.get("/api/v1/customers").status_code == 200
    assert rows(assembly, Token)[0].used_at == first
    long_ago = first - SEEN_EVERY - timedelta(seconds=1)
    with assembly.database.write() as session:
        session.execute(update(table(Token)).values(used_at=long_ago))
    assert client.get("/api/v1/customers").status_code == 200
    assert rows(assembly, Token)[0].used_at > long_ago


def test_wrong_password_and_unknown_address_answer_alike(client: Client, ada: int) -> None:
    wrong, unknown = knock(client, "ada@example.com", "seven brown pots"), knock(client, "eve@example.com")
    assert wrong.status_code == unknown.status_code == 422
    told = [without_token(answer.text) for answer in (wrong, unknown)]
    assert told[0].replace("ada@example.com", "@") == told[1].replace("eve@example.com", "@")
    assert client.get("/account").status_code == 303


def test_an_unknown_address_costs_a_hash_too(
    client: Client, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Counting:
        def verify(self, password: str, stored: str) -> bool:
            checked.append(stored)
            return False

    passwords._stand_in()
    monkeypatch.setattr(passwords, "_hasher", Counting())
    knock(client, "ada@example.com", "seven brown pots")
    knock(client, "eve@example.com", "seven brown pots")
    assert len(checked) == 2
    assert all(stored.startswith("$argon2") for stored in checked)


def test_a_password_is_never_hashed_while_the_writer_lock_is_held(
    client: Client, assembly: Assembly, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def verify(password: str, stored: str) -> bool:
        held.append(getattr(assembly.database._writing, "active", False))
        return True

    monkeypatch.setattr(doors, "verify_password", verify)
    assert knock(client, "ada@example.com").status_code == 303
    assert held == [False]


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "account",
    ],
)
def test_nobody_is_sent_to_another_site(client: Client, ada: int, goal: str) -> None:
    assert knock(client, "ada@example.com", goal=goal).headers["location"] == "/"


def test_guessing_ends_after_ten_tries_whatever_forwarded_for_says(
    client: Client, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "verify_password", lambda password, stored: password == PASSWORD)
    codes = []
    for number in range(12):
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
        codes.append(knock(client, "ada@example.com", "wrong", headers=forged).status_code)
    assert codes == [422] * 10 + [429] * 2
    right = knock(client, "ada@example.com")
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 60


def test_signing_in_starts_the_count_anew(client: Client, ada: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "verify_password", lambda password, stored: password == PASSWORD)
    for _ in range(2):
        for _ in range(9):
            assert knock(client, "ada@example.com", "wrong").status_code == 422
        assert knock(client, "ada@example.com").status_code == 303
        client.cookies.clear()


@pytest.mark.parametrize("trusted", [(), ("testclient",)])
def test_only_a_trusted_proxy_names_the_address(
    database: Database, assembly: Assembly, trusted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "PER_ADDRESS", 3)
    monkeypatch.setattr(doors, "verify_password", lambda password, stored: False)
    behind = assemble(settings_for(database, trusted_proxies=trusted))
    with app_client(behind) as client:
        codes = [
            knock(
                client, f"guess{number}@example.com", headers={"X-Forwarded-For": f"198.51.100.{number}"}
            ).status_code
            for number in range(5)
        ]
        same = [
            knock(client, f"more{number}@example.com", headers={"X-Forwarded-For": "203.0.113.9"}).status_code
            for number in range(4)
        ]
    assert codes == ([422] * 5 if trusted else [422] * 3 + [429] * 2)
    assert same == ([422] * 3 + [429] if trusted else [429] * 4)


def test_a_form_of_another_site_or_without_its_token_changes_nothing(
    client: Client, assembly: Assembly
) -> None:
    signed_in(client)
    token = client.headers.pop("x-csrftoken")
    before = (rows(assembly, User), rows(assembly, SignIn))
    form = {"email": "eve@example.com", "name": "Eve", "roles": "admin"}
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        (form, {}),
        ({**form, "_csrf_token": "wrong"}, {}),
        ({**form, "_csrf_token": token}, {"Sec-Fetch-Site": "cross-site"}),
        ({**form, "_csrf_token": token}, {"Sec-Fetch-Site": "same-site"}),
    ]
    for data, headers in tries:
        assert client.post("/admin/users/new", data=data, headers=headers).status_code == 403
    assert (rows(assembly, User), rows(assembly, SignIn)) == before
    answer = client.post(
        "/admin/users/new", data={**form, "_csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 200
    assert "/invitation/" in answer.text


def test_the_form_token_of_one_session_is_worthless_in_another(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    foreign = client.headers["x-csrftoken"]
    client.cookies.clear()
    signed_in(client)
    assert foreign != client.headers["x-csrftoken"]
    client.headers["x-csrftoken"] = foreign
    assert client.post("/admin/teams", data={"name": "North"}).status_code == 403


def test_a_poisoned_cookie_stays_text(client: Client) -> None:
    poison = '"><script>alert(1)</script>'
    for name in ("__Host-patron-pre", "__Host-patron", "theme", "nav", "__Host-patron-flash"):
        page = client.get("/sign-in", headers={"Cookie": f"{name}={poison}"})
        assert page.status_code == 200
        assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "aged",
    [{"seen_at": IDLE}, {"expires_at": timedelta(0), "seen_at": timedelta(0)}],
    ids=["idle", "absolute"],
)
def test_sessions_end(client: Client, assembly: Assembly, aged: dict[str, timedelta]) -> None:
    signed_in(client)
    assert client.get("/account").status_code == 200
    with working(assembly) as ctx:
        values = {name: ctx.now - age for name, age in aged.items()}
        ctx.session.execute(update(table(SignIn)).values(values))
    assert client.get("/account").headers["location"].startswith("/sign-in?next=%2Faccount")
    assert timedelta(days=1) <= ABSOLUTE <= timedelta(days=30)


def test_signing_out_ends_the_session_itself(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    secret = client.cookies["__Host-patron"]
    assert client.post("/sign-out").status_code == 303
    client.cookies.set("__Host-patron", secret, domain="testserver.local")
    assert client.get("/account").status_code == 303


def test_a_link_is_used_once_by_its_button_and_not_by_looking(client: Client, assembly: Assembly) -> None:
    user_id = make_user(assembly)
    with working(assembly) as ctx:
        url = services.make_link(ctx, person_of(ctx.session, user_id=user_id), "sign-in")
    path = url.removeprefix("https://testserver.local")
    before = (rows(assembly, SignInLink), rows(assembly, SignIn))
    for _ in range(3):
        page = client.get(path)
        assert page.status_code == 200
    assert (rows(assembly, SignInLink), rows(assembly, SignIn)) == before
    token = form_token(page.text)
    assert client.post(path, data={"_csrf_token": token}).status_code == 303
    assert client.get("/account").status_code == 200
    assert client.get(path).status_code == 404
    page = client.get("/account")
    assert client.post(path, data={"_csrf_token": form_token(page.text)}).status_code == 404


def test_an_invitation_names_the_configured_site_and_sets_a_password(
    client: Client, assembly: Assembly
) -> None:
    signed_in(client)
    form = {"email": "bo@example.com", "name": "Bo", "roles": "user"}
    answer = client.post(
        "/admin/users/new", data=form, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    )
    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    path = answer.text.split('value="https://testserver.local', 1)[1].split('"', 1)[0]
    with app_client(assembly) as other:
        token = form_token(other.get(path).text)
        weak = other.post(path, data={"_csrf_token": token, "password": "short", "again": "short"})
        assert weak.status_code == 422
        assert "at least 10" in weak.text
        mixed = other.post(path, data={"_csrf_token": token, "password": PASSWORD, "again": "something else"})
        assert mixed.status_code == 422
        good = {"_csrf_token": token, "password": PASSWORD, "again": PASSWORD}
        assert other.post(path, data=good).status_code == 303
        assert other.get("/account").status_code == 200
        other.cookies.clear()
        assert knock(other, "bo@example.com").status_code == 303
        assert other.get("/admin/users").status_code == 403


def test_a_token_only_takes_rights_away_and_opens_no_page(client: Client, assembly: Assembly) -> None:
    seller = make_user(assembly, "user")
    token_for(client, seller, ["customers.read"])
    assert client.get("/api/v1/customers").status_code == 200
    assert client.post("/api/v1/customers", json={"kind": "person", "name": "Bo"}).status_code == 403
    assert client.get("/account").status_code == 403
    reader = make_user(assembly, "reader")
    token_for(client, reader, ["*"])
    assert client.post("/api/v1/customers", json={"kind": "person", "name": "Bo"}).status_code == 403
    client.headers["Authorization"] = "Bearer patron_wrong"
    wrong = client.get("/api/v1/customers")
    assert wrong.status_code == 401
    assert wrong.headers["www-authenticate"] == "Bearer"


def test_one_s_own_token_is_shown_once_and_revoked(client: Client, assembly: Assembly) -> None:
    signed_in(client, "user")
    page = client.post("/account/tokens", data={"name": "till", "scopes": "customers.*", "days": "30"})
    secret = "patron_" + page.text.split('value="patron_', 1)[1].split('"', 1)[0]
    assert secret not in client.get("/account").text
    api = {"Authorization": f"Bearer {secret}"}
    with app_client(assembly) as program:
        assert program.get("/api/v1/customers", headers=api).status_code == 200
        assert client.post("/account/tokens/1/revoke").status_code == 303
        assert program.get("/api/v1/customers", headers=api).status_code == 401


@pytest.fixture
def elsewhere(database: Database, assembly: Assembly) -> Iterator[Client]:
    """Another process: an application of its own over the same database."""
    other = assemble(replace(settings_for(database)))
    with app_client(other) as client:
        yield client


def test_disabling_a_user_holds_in_the_other_process(
    client: Client, elsewhere: Client, assembly: Assembly
) -> None:
    signed_in(client)
    user_id = signed_in(elsewhere)
    with app_client(elsewhere.app.state.assembly) as program:
        token_for(program, user_id)
        assert elsewhere.get("/account").status_code == 200
        assert program.get("/api/v1/customers").status_code == 200
        assert client.post(f"/admin/users/{user_id}/disable").status_code == 303
        assert elsewhere.get("/account").status_code == 303
        assert program.get("/api/v1/customers").status_code == 401


def test_a_role_s_loss_holds_in_the_other_process(
    client: Client, elsewhere: Client, assembly: Assembly
) -> None:
    signed_in(client)
    user_id = signed_in(elsewhere, "reader")
    assert elsewhere.get("/customers").status_code == 200
    with working(assembly) as ctx:
        roles = {name: role_id for role_id, name, _ in services_roles(ctx)}
    assert (
        client.post(f"/admin/roles/{roles['reader']}", data={"grant:customers.read": ""}).status_code == 303
    )
    assert elsewhere.get("/customers").status_code == 403
    assert (
        client.post(
            f"/admin/users/{user_id}", data={"name": "R", "email": "r@example.com", "roles": "manager"}
        ).status_code
        == 303
    )
    assert elsewhere.get("/customers").status_code == 200


def test_what_has_no_scope_of_its_own_is_given_or_not(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    with working(assembly) as ctx:
        role_id = {name: key for key, name, _ in services_roles(ctx)}["user"]
    page = client.get(f"/admin/roles/{role_id}").text
    offered = {
        name: re.findall(rf'name="grant:{re.escape(name)}" value="(\w*)"', page)
        for name in ("customers.edit", "customers.merge")
    }
    assert offered == {"customers.edit": ["", "own", "team", "all"], "customers.merge": ["", "all"]}


def services_roles(ctx: Any) -> Any:
    from patron.accounts.services.roles import list_roles

    return list_roles(ctx)


def test_limits_hold_across_processes(
    client: Client, elsewhere: Client, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "verify_password", lambda password, stored: False)
    codes = [
        knock(where, "ada@example.com", "wrong").status_code
        for _ in range(6)
        for where in (client, elsewhere)
    ]
    assert codes == [422] * 10 + [429] * 2


def test_changing_the_password_ends_other_sessions(client: Client, elsewhere: Client, ada: int) -> None:
    signed_in(client, user_id=ada)
    signed_in(elsewhere, user_id=ada)
    wrong = client.post("/account/password", data={"current": "no", "password": "x" * 12, "again": "x" * 12})
    assert wrong.status_code == 422
    new = {"current": PASSWORD, "password": "four green lanterns", "again": "four green lanterns"}
    assert client.post("/account/password", data=new).status_code == 303
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


PAGES = [
    "/account", "/admin/users", "/admin/users/new", "/admin/users/1", "/admin/roles", "/admin/roles/1",
    "/admin/roles/2", "/admin/teams", "/admin/teams/1", "/admin/audit", "/admin/modules",
]  # fmt: skip


def test_every_page_of_administration_opens_for_an_administrator_alone(
    client: Client, assembly: Assembly
) -> None:
    signed_in(client, "admin", "North")
    for path in PAGES:
        assert client.get(path).status_code == 200, path
    client.cookies.clear()
    signed_in(client, "manager")
    for path in PAGES[1:]:
        assert client.get(path).status_code == 403, path
    client.cookies.clear()
    for path in PAGES:
        assert client.get(path).status_code == 303, path


def test_the_audit_goes_on_where_its_page_ended(client: Client, assembly: Assembly) -> None:
    signed_in(client)
    for number in range(60):
        with working(assembly) as ctx:
            services.add_team(ctx, f"Team {number:02}")
    first = client.get("/admin/audit?resource=teams")
    link = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    second = client.get(link)
    assert first.text.count("<tr id=") == 50
    assert second.text.count("<tr id=") == 10
