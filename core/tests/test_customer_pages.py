"""What the customer's pages do beyond fields: merging, erasing, addresses, history in words, lists as asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.testing.faces import app_client, make_customer, signed_in


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def test_a_merge_shows_both_before_it_is_done_and_can_be_undone(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly, "Ada Lovelace", emails=["ada@example.com"])
    twin = make_customer(assembly, "A. Lovelace", emails=["countess@example.com"], source="Fair")
    page = client.get(f"/customers/{ada}/merge?other={twin}").text
    assert "ada@example.com; countess@example.com" in page
    assert "Fair" in page
    assert client.get(f"/customers/{ada}/merge?other={ada}").status_code == 422
    assert client.post(f"/customers/{ada}/merge", data={"other": ""}).status_code == 422
    done = client.post(f"/customers/{ada}/merge", data={"other": str(twin)})
    assert done.headers["location"] == f"/customers/{ada}"
    assert client.get(f"/customers/{twin}").headers["location"] == f"/customers/{ada}"


def test_erasing_asks_for_the_name(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    assert "Type the name: Ada Lovelace" in client.get(f"/customers/{ada}/erase").text
    refused = client.post(f"/customers/{ada}/erase", data={"confirm": "Ada"})
    assert refused.status_code == 422
    assert "exactly" in refused.text
    assert client.post(f"/customers/{ada}/erase", data={"confirm": "Ada Lovelace"}).status_code == 303
    left = client.get(f"/customers/{ada}").text
    assert "Erased customer" in left
    assert "Lovelace" not in left


def test_an_address_is_entered_changed_and_emptied_in_the_form(client: Any) -> None:
    sent = {"kind": "person", "name": "Bo Li", "addresses-sent": "1", "addresses-0-line1": "Kai 1",
            "addresses-0-city": "Bremen", "addresses-1-line1": ""}  # fmt: skip
    url = client.post("/customers/new", data=sent).headers["location"]
    assert "Kai 1" in client.get(f"{url}/edit").text
    client.post(
        f"{url}/edit",
        data={"addresses-sent": "1", "addresses-0-line1": "Kai 2", "addresses-0-city": "Bremen"},
    )
    assert "Kai 2" in client.get(url).text
    client.post(f"{url}/edit", data={"note": "Left the address out"})
    assert "Kai 2" in client.get(url).text
    client.post(f"{url}/edit", data={"addresses-sent": "1", "addresses-0-line1": "", "addresses-0-city": ""})
    assert "Kai 2" not in client.get(url).text


def test_the_history_says_labels_and_names(client: Any) -> None:
    sent = {"kind": "organisation", "name": "Kontor", "emails": "a@kontor.example\nb@kontor.example"}
    url = client.post("/customers/new", data=sent).headers["location"]
    page = client.get(f"{url}/history").text
    assert "Organisation" in page
    assert "a@kontor.example; b@kontor.example" in page


def test_a_list_shows_the_columns_that_were_chosen(client: Any, assembly: Assembly) -> None:
    make_customer(assembly, source="Fair 2026")
    assert "Fair 2026" not in client.get("/customers").text
    page = client.get("/customers?columns=name&columns=source&q=Ada").text
    assert "Fair 2026" in page
    assert 'name="columns" value="name,source"' in page  # the search keeps them
    assert client.get("/customers?columns=nothing").status_code == 422


def test_an_error_leads_back_to_the_page_before_it(client: Any) -> None:
    page = client.get("/nowhere", headers={"Referer": "https://testserver.local/customers?q=ada"}).text
    assert 'href="/customers?q=ada"' in page
    stranger = client.get("/nowhere", headers={"Referer": "https://elsewhere.example/customers"}).text
    assert "Go back" not in stranger
