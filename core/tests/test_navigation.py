"""The navigation: what everybody works with first, and groups as their reader left them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import NavItem
from patron.assembly import Assembly
from patron.hookspecs import hookimpl
from patron.testing.faces import app_client, signed_in

Client = TestClient[Litestar]


@hookimpl
def register_nav() -> list[NavItem]:
    return [NavItem(f"Page {n}", f"/many/{n}", "customers.read", "circle", "Many", 1) for n in range(20)]


@pytest.fixture(params=["few", "many"])
def plugins(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return {"many": SimpleNamespace(register_nav=register_nav)} if request.param == "many" else {}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Client]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def groups(client: Client, path: str) -> dict[str, bool]:
    """Each group of the navigation, in order, and whether it is open."""
    found = re.findall(r'data-nav-group="([^"]*)"( open)?', client.get(path).text)
    return {label: bool(opened) for label, opened in found}


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement differs
def test_groups_fold_where_they_do_not_fit(client: Client, request: pytest.FixtureRequest) -> None:
    shown = groups(client, "/customers")
    assert list(shown) == ["Customers", *(["Many"] if "Many" in shown else []), "Administration"]
    folded = "Many" in shown
    assert shown["Administration"] is not folded
    assert shown["Customers"] is True
    assert groups(client, "/admin/users")["Administration"] is True, "the group of the page is never folded"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_groups_stay_as_they_were_left(client: Client) -> None:
    client.cookies.set("nav-open", "Administration/Gone%20away", domain="testserver.local")
    shown = groups(client, "/account")
    assert (shown["Customers"], shown["Administration"]) == (False, True)


@pytest.mark.parametrize("plugins", ["few"], indirect=True)
def test_a_refusal_leaves_the_way_on_to_who_is_signed_in(assembly: Assembly) -> None:
    with app_client(assembly) as client:
        signed_in(client, "reader")
        for path, status in {"/customers/999": 404, "/admin/users": 403}.items():
            answer = client.get(path)
            assert answer.status_code == status
            assert 'data-nav-group="Customers"' in answer.text
            assert "/admin/users" not in re.findall(r'href="([^"]*)"', answer.text)
