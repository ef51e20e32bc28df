"""Look-ups where no script runs: what is typed becomes the record that is meant, or is asked back with nothing lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.testing.faces import app_client, make_customer, make_user, signed_in

WHERE = {"to-lookup": "/customers/lookup", "kind": "works_at", "role": "Buyer"}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def relate(client: Any, customer: int, to: str, **more: str) -> Any:
    return client.post(f"/customers/{customer}/relationships", data={**WHERE, "to": to, **more})


def radios(html: str) -> list[str]:
    return re.findall(r'name="to-chosen" value="(\d+)"', html)


def test_one_that_is_named_exactly_is_taken(client: Any, assembly: Assembly) -> None:
    firm = make_customer(assembly, "Kontor Nord", "organisation", emails=["hello@kontor.example"])
    make_customer(assembly, "Kontor Nord-Ost", "organisation")
    for typed in ("Kontor Nord", "kontor  nórd", "hello@kontor.example", f"{firm}", f"Whoever #{firm}"):
        ada = make_customer(assembly)
        assert relate(client, ada, typed).status_code == 303
        assert f'href="/customers/{firm}"' in client.get(f"/customers/{ada}").text


def test_namesakes_are_asked_back_and_all_else_is_kept(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    twins = [make_customer(assembly, "Kontor", "organisation") for _ in range(2)]
    asked = relate(client, ada, "Kontor")
    assert asked.status_code == 422
    assert sorted(radios(asked.text)) == sorted(map(str, twins))
    assert 'name="role" value="Buyer"' in asked.text
    assert f'action="/customers/{ada}/relationships"' in asked.text
    assert client.get(f"/api/v1/customers/{ada}").json()["version"] == 1
    chosen = relate(client, ada, "Kontor", **{"to-chosen": str(twins[1])})
    assert chosen.status_code == 303
    assert f'href="/customers/{twins[1]}"' in client.get(f"/customers/{ada}").text


def test_what_is_close_is_offered_and_what_is_not_there_is_said(client: Any, assembly: Assembly) -> None:
    ada, firm = make_customer(assembly), make_customer(assembly, "Kontor Nord", "organisation")
    assert radios(relate(client, ada, "Kontor").text) == [str(firm)]
    nothing = relate(client, ada, "Walküre")
    assert nothing.status_code == 422
    assert "There is no customer “Walküre”" in nothing.text
    assert 'value="Walküre"' in nothing.text


def test_an_address_is_asked_back_the_same_way(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    twin = make_customer(assembly, "A. Lovelace", emails=["countess@example.com"])
    where = "other-lookup=/customers/lookup"
    page = client.get(f"/customers/{ada}/merge?other=countess%40example.com&{where}")
    assert page.status_code == 200
    assert f'value="{twin}"' in page.text
    asked = client.get(f"/customers/{ada}/merge?other=Nobody&{where}")
    assert asked.status_code == 422
    assert 'method="get"' in asked.text


def test_nobody_finds_what_they_may_not_read(client: Any, assembly: Assembly) -> None:
    hidden = make_customer(assembly, "Secret Kontor", emails=["secret@kontor.example"])
    signed_in(client, user_id=make_user(assembly, "user", "South"))
    mine = client.post("/customers/new", data={"kind": "person", "name": "Mine"}).headers["location"]
    for typed in ("Secret Kontor", "secret@kontor.example", "Secret", str(hidden)):
        asked = relate(client, int(mine.rpartition("/")[2]), typed)
        assert asked.status_code == 422
        assert radios(asked.text) == []
