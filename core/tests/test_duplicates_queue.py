"""The queue of duplicates: found, shown to those who may change both, merged, kept apart, and told by the command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly
from patron.customers.models import MergeJournal
from patron.duplicates import deciding
from patron.duplicates.models import Duplicate
from patron.duplicates.scanning import keep, scan, scan_and_keep
from patron.records import table
from patron.resources import editing
from patron.testing.faces import app_client, form_token, signed_in, working
from patron.ui import CSRF_HEADER
from sqlalchemy import select

Client = TestClient[Litestar]
QUEUE = "/customers/duplicates"


def customer(assembly: Assembly, **values: Any) -> int:
    with working(assembly) as ctx:
        return int(editing.create(ctx, assembly.resource("customers"), values).key)


@pytest.fixture
def two(assembly: Assembly) -> tuple[int, int]:
    """One person written down twice; a namesake and a firm stand beside them."""
    address = {"line1": "12 Mill Lane", "postcode": "8001", "city": "Zurich", "country": "CH"}
    phone = "+41 44 668 18 00"
    first = customer(assembly, given_name="Katharina", family_name="Zwahlen", birth_date="1971-05-02",
                     addresses=[address], phones=[phone])  # fmt: skip
    customer(assembly, given_name="Katharina", family_name="Meier", birth_date="1980-01-31")
    customer(assembly, kind="organisation", name="Mill Lane Traders", addresses=[address])
    address = {**address, "line1": "Mill Lane 12"}
    second = customer(assembly, given_name="Katarina", family_name="Zwahlen", birth_date="1971-05-02",
                      addresses=[address])  # fmt: skip
    return first, second


@pytest.fixture
def client(assembly: Assembly, two: tuple[int, int]) -> Iterator[Client]:
    scan_and_keep(assembly)
    with app_client(assembly) as made:
        signed_in(made, "manager")
        yield made


def token(client: Client) -> dict[str, str]:
    return {CSRF_HEADER: form_token(client.get(QUEUE).text)}


def states(assembly: Assembly) -> dict[tuple[int, int], str]:
    t = table(Duplicate)
    with assembly.database.read() as session:
        return {(row.first_id, row.second_id): row.state for row in session.execute(select(t))}


def test_a_scan_finds_the_pair_and_says_why(assembly: Assembly, two: tuple[int, int]) -> None:
    (pair,) = scan(assembly)
    assert (pair.a, pair.b) == two
    assert pair.score > 0.9
    assert ["birth", "same"] in pair.reasons
    assert ["given", "slip"] in pair.reasons


def test_the_queue_is_worked_off(client: Client, assembly: Assembly, two: tuple[int, int]) -> None:
    first, second = two
    shown = client.get(QUEUE).text
    assert "given name one letter apart" in shown
    assert f"/customers/{first}/merge?other={second}" in shown
    assert "Perhaps the same customer" in client.get(f"/customers/{second}").text
    (pair,) = queue_of(assembly)
    answer = client.post(f"/duplicates/{pair}/dismiss", headers=token(client), follow_redirects=False)
    assert answer.headers["location"] == QUEUE
    assert "No duplicates to look at" in client.get(QUEUE).text
    scan_and_keep(assembly)
    assert states(assembly) == {two: "dismissed"}, "what was decided is not proposed again"
    assert "Katarina Zwahlen" in client.get(f"{QUEUE}?state=dismissed").text
    client.post(f"/duplicates/{pair}/reopen", headers=token(client))
    assert states(assembly) == {two: "open"}


def queue_of(assembly: Assembly) -> list[int]:
    with working(assembly) as ctx:
        return [pair.id for pair in deciding.queue(ctx)]


def test_a_merged_pair_leaves_the_queue_and_comes_back_by_the_split(
    client: Client, assembly: Assembly, two: tuple[int, int]
) -> None:
    first, second = two
    url = f"/customers/{first}/merge"
    client.post(url, data={"other": str(second)}, headers=token(client))
    assert queue_of(assembly) == []
    scan_and_keep(assembly)
    with working(assembly) as ctx:
        merge = ctx.session.execute(select(table(MergeJournal).c.id)).scalar_one()
    client.post(f"/merges/{merge}/split", headers=token(client))
    scan_and_keep(assembly)
    assert states(assembly) == {two: "open"}


def test_open_pairs_that_are_no_longer_alike_go(assembly: Assembly, two: tuple[int, int]) -> None:
    scan_and_keep(assembly)
    with working(assembly) as ctx:
        changed = {"given_name": "Otto", "birth_date": "1990-12-24", "addresses": []}
        editing.change(ctx, assembly.resource("customers"), two[1], changed)
    scan_and_keep(assembly)
    assert states(assembly) == {}


def test_what_speaks_for_a_pair_is_kept_up(assembly: Assembly, two: tuple[int, int]) -> None:
    t = table(Duplicate)
    scan_and_keep(assembly)
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource("customers"), two[1], {"given_name": "Katharina"})
    scan_and_keep(assembly)
    with assembly.database.read() as session:
        (reasons,) = session.execute(select(t.c.reasons)).scalars()
    assert ["given", "same"] in reasons
    assert ["given", "slip"] not in reasons


def test_a_scan_that_tells_only_some_removes_none(assembly: Assembly, two: tuple[int, int]) -> None:
    scan_and_keep(assembly)
    keep(assembly, [], complete=False)
    assert states(assembly) == {two: "open"}


def test_who_may_not_change_both_sees_no_pair(assembly: Assembly, two: tuple[int, int]) -> None:
    scan_and_keep(assembly)
    with app_client(assembly) as client:
        signed_in(client, "user", team="North")
        assert client.get(QUEUE).status_code == 403
        assert "Perhaps the same customer" not in client.get(f"/customers/{two[0]}").text
