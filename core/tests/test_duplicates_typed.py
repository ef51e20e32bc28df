"""Whom a new customer looks like is said while the form is filled in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.testing.faces import app_client, make_customer, signed_in

AT = "/customers/alike"
HOME = {"line1": "Mill Lane 12", "postcode": "8001", "city": "Zurich", "country": "CH"}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


def test_a_name_and_city_or_an_address_are_enough(client: TestClient[Litestar], assembly: Assembly) -> None:
    known = make_customer(
        assembly, "Katharina Zwahlen", emails=["kz@example.com"], addresses=[HOME], birth_date="1971-05-02"
    )
    signed_in(client, "admin")
    form = client.get("/customers/new").text
    assert f'hx-post="{AT}"' in form
    typed = {"kind": "person", "name": "Katarina Zwahlen", "birth_date": "1971-05-02"}
    told = client.post(AT, data=typed).text
    assert f"/customers/{known}" in told
    assert "one letter" in told
    by_mail = {"kind": "person", "name": "Katharina Zwahlen", "emails": "KZ@example.com"}
    assert f"/customers/{known}" in client.post(AT, data=by_mail).text


def test_what_is_half_typed_or_unlike_says_nothing(client: TestClient[Litestar], assembly: Assembly) -> None:
    make_customer(assembly, "Katharina Zwahlen", emails=["kz@example.com"])
    signed_in(client, "admin")
    for typed in (
        {},
        {"kind": "person", "name": "Otto Meier"},
        {"kind": "person", "name": "K", "emails": "kz@", "birth_date": "19"},
    ):
        answer = client.post(AT, data=typed)
        assert (answer.status_code, answer.text.strip()) == (200, "")


def test_nobody_learns_of_whom_they_may_not_see(client: TestClient[Litestar], assembly: Assembly) -> None:
    make_customer(assembly, "Katharina Zwahlen", emails=["kz@example.com"])
    signed_in(client, "user", team="Elsewhere")
    typed = {"kind": "person", "name": "Katharina Zwahlen", "emails": "kz@example.com"}
    assert client.post(AT, data=typed).text.strip() == ""
