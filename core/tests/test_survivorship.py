"""Where each value came from is shown; which of two stands goes by the same rules in imports, API, forms and merges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import merge_controllers, merging, splitting, survivorship
from patron.customers.models import Customer
from patron.customers.provenance import Provenance, provenance_of
from patron.customers.survivorship import Survivorship
from patron.imports.commands import run_import
from patron.permissions import Actor, Scope
from patron.resources import editing
from patron.testing.faces import app_client, make_customer, make_user, signed_in, token_for, working

AT = datetime(2026, 1, 1, tzinfo=UTC)
RANKS = ("import:erp", "person", "api", "import:*")


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Any]]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _of(source: str, days: int = 0) -> Provenance:
    return Provenance(source, AT + timedelta(days=days), "Kim")


def test_rank_comes_before_recency_and_equal_ranks_go_by_it() -> None:
    rules = Survivorship(RANKS, {"name": "rank", "website": "newest"})
    assert not rules.prefers("name", _of("import:erp"), _of("person", 9))
    assert rules.prefers("name", _of("person", 9), _of("import:erp"))
    assert rules.prefers("name", _of("import:old"), _of("import:list", 1))
    assert not rules.prefers("name", _of("import:old", 1), _of("import:list"))
    assert not rules.prefers("name", _of("import:list"), _of("job", 9))  # what is not named comes last
    assert rules.prefers("website", _of("import:erp"), _of("job", 1))
    assert not rules.prefers("website", _of("job", 1), _of("import:erp"))
    assert rules.prefers("language", _of("import:erp", 9), _of("job"))  # no rule: who writes is right
    assert rules.prefers("name", None, _of("job"))


def _acting(ctx: Context, source: str, days: int = 0) -> Context:
    """Work that is done for a source, on a day of its own."""
    actor = Actor("user", None, f"By {source}", grants={"*": Scope.ALL})
    address = source if source.startswith("import:") else ""
    return replace(ctx.acting_as(actor), address=address, now=AT + timedelta(days=days))


def _made(assembly: Assembly, source: str, days: int = 0, **values: Any) -> int:
    with working(assembly) as ctx:
        mine = _acting(ctx, source, days)
        return int(editing.create(mine, assembly.resource("customers"), {"kind": "person", **values}).key)


def _rules(client: TestClient[Any], **fields: str) -> None:
    form = {"ranks": "\n".join(RANKS), **fields}
    assert client.post("/customers/survivorship", data=form).status_code == 303


def test_where_it_comes_from_is_shown(client: TestClient[Any], assembly: Assembly) -> None:
    key = _made(assembly, "import:erp", name="Ada Berg", website="https://old.example")
    client.patch(f"/api/v1/customers/{key}", json={"website": "https://new.example"})
    with working(assembly) as ctx:
        known = provenance_of(ctx, [key])[key]
        assert (known["name"].source, known["website"].source) == ("import:erp", "person")
        assert (known["name"].at, known["name"].actor) == (AT, "By import:erp")
    _rules(client, name="rank")
    page = client.get(f"/customers/{key}/profile").text
    assert "Imported from erp · By import:erp · By rank of the source" in page
    assert "Typed by staff" in page


def test_forms_and_the_api_are_refused_where_a_better_source_speaks(
    client: TestClient[Any], assembly: Assembly
) -> None:
    key = _made(assembly, "import:erp", name="Ada Berg", website="https://erp.example")
    url = f"/api/v1/customers/{key}"
    assert client.patch(url, json={"name": "Ada Burg"}).status_code == 200  # no rules yet
    _rules(client, name="rank", website="rank")
    assert client.patch(url, json={"name": "Ada Bing"}).status_code == 200  # it is the person's now
    refused = client.patch(url, json={"website": "https://typed.example"})
    assert refused.status_code == 422
    assert "Imported from erp" in refused.text
    assert (
        client.patch(url, json={"note": "Asked for desks", "website": "https://erp.example"}).status_code
        == 200
    )
    token_for(client, make_user(assembly))
    assert client.patch(url, json={"family_name": "Boing"}).status_code == 422  # person before api
    assert client.get(url).json()["name"] == "Ada Bing"


def test_an_import_leaves_alone_what_a_better_source_has_set(
    client: TestClient[Any], assembly: Assembly, tmp_path: Path
) -> None:
    key = _made(assembly, "import:erp", name="Ada Berg", emails=["ada@example.com"], language="de")
    _rules(client, name="rank", language="newest")
    with working(assembly):
        pass  # as a new process would, it knows the settings of today
    for source, expected in (("list", "Ada Berg"), ("erp", "Ada Burg")):
        file = tmp_path / f"{source}.csv"
        file.write_text("Name,Email,Language\nAda Burg,ada@example.com,fr\n")
        run_import(assembly, "customers", file, source=source, match="email")
        found = client.get(f"/api/v1/customers/{key}").json()
        assert (found["name"], found["language"]) == (expected, "fr")


def test_a_merge_goes_by_the_rules_its_page_says_so_and_a_split_gives_back(
    client: TestClient[Any], assembly: Assembly
) -> None:
    born = "1970-02-03"
    mine = _made(assembly, "import:list", 5, name="Ada Burg", website="https://new.example", language="fr",
                 birth_date="1971-01-01")  # fmt: skip
    theirs = _made(assembly, "import:erp", name="Ada Berg", website="https://old.example", language="de",
                   birth_date=born)  # fmt: skip
    before = client.get(f"/api/v1/customers/{mine}").json()
    _rules(client, name="rank", website="newest", birth_date="rank")
    assert client.get(f"/customers/{mine}/merge?other={theirs}").status_code == 200
    with working(assembly) as ctx:
        both = [ctx.session.get_one(Customer, key) for key in (mine, theirs)]
        lines = {line["field"]: line["after"] for line in merge_controllers._both(ctx, *both)}
        said = {label: lines[label] for label in ("Name", "Website", "Language")}
        merge_id = merging.merge(ctx, mine, theirs)
    found = client.get(f"/api/v1/customers/{mine}").json()
    assert (found["name"], found["family_name"], found["birth_date"]) == ("Ada Berg", "Berg", born)
    assert (found["website"], found["language"]) == ("https://new.example", "fr")
    assert said == {"Name": "Ada Berg", "Website": "https://new.example", "Language": "fr"}
    with working(assembly) as ctx:
        assert provenance_of(ctx, [mine])[mine]["name"].source == "import:erp"
        splitting.split(ctx, merge_id)
    back = client.get(f"/api/v1/customers/{mine}").json()
    changing = {"version", "updated_at"}
    assert {k: v for k, v in back.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }


def test_rules_are_checked_and_kept_by_those_who_may(client: TestClient[Any], assembly: Assembly) -> None:
    assert client.post("/customers/survivorship", data={"ranks": "somebody"}).status_code == 422
    assert client.post("/customers/survivorship", data={"ranks": "person\nperson"}).status_code == 422
    assert (
        client.post("/customers/survivorship", data={"ranks": "person", "name": "sometimes"}).status_code
        == 422
    )
    _rules(client, name="rank")
    assert "import:erp" in client.get("/customers/survivorship").text
    with working(assembly) as ctx:
        assert survivorship.rules_in_force(ctx).ranks == RANKS
    signed_in(client, "user")
    assert client.get("/customers/survivorship").status_code == 403
    key = make_customer(assembly)
    assert key
