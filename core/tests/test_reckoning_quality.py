"""Is the data good enough? Complete, valid, fresh, unique: of each customer and of the base, kept; what to do first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from patron.assembly import Assembly
from patron.customers.models import ContactPoint, Customer
from patron.duplicates.models import Duplicate
from patron.reckoning import quality, working
from patron.reckoning.models import CustomerQuality
from patron.reckoning.scoring import FIXES, score_of
from patron.records import table
from patron.statements import statement_count
from patron.testing.faces import app_client, make_customer, make_user, signed_in
from patron.testing.faces import working as at_work
from sqlalchemy import insert, select, update

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WHERE = {"line1": "Kai 1", "postcode": "28195", "city": "Bremen", "country": "DE"}


def _row(**values: Any) -> dict[str, Any]:
    plain = {
        "kind": "person",
        "name": "Ada Berg",
        "given_name": "Ada",
        "family_name": "Berg",
        "website": "",
        "owner_id": 1,
        "team_id": None,
        "birth_date": None,
        "updated_at": NOW,
        "last_contact_at": None,
    }
    return {**plain, **values}


def _point(kind: str, value: str, **values: Any) -> dict[str, Any]:
    plain = {"kind": kind, "value": value, "parts": {}, "deliverability": "good", "verified_at": None}
    return {**plain, **values}


GOOD = (_point("email", "a@x.example"), _point("phone", "+49301"), _point("postal", "kai", parts=WHERE))


@pytest.mark.parametrize(
    ("row", "points", "likeness", "part", "fix"),
    [
        ({"given_name": ""}, GOOD, 0, "completeness", "name"),
        ({}, GOOD[1:], 0, "completeness", "email"),
        ({}, GOOD[::2], 0, "completeness", "phone"),
        ({}, GOOD[:2], 0, "completeness", "address"),
        ({"owner_id": None}, GOOD, 0, "completeness", "owner"),
        ({"kind": "organisation"}, GOOD, 0, "completeness", "website"),
        ({}, (_point("email", "a@x.example", deliverability="dead"), *GOOD[1:]), 0, "validity", "dead_email"),
        ({}, (GOOD[0], _point("phone", "030"), GOOD[2]), 0, "validity", "odd_phone"),
        ({}, (*GOOD[:2], _point("postal", "kai", parts={"city": "Bremen"})), 0, "validity", "thin_address"),
        ({"name": "ada@x.example"}, GOOD, 0, "validity", "odd_name"),
        ({"birth_date": NOW.date() + timedelta(days=1)}, GOOD, 0, "validity", "odd_birthday"),
        ({"updated_at": NOW - timedelta(days=500)}, GOOD, 0, "freshness", "stale"),
        ({}, GOOD, 900, "uniqueness", "duplicate"),
    ],
)
def test_each_fault_costs_its_part_alone_and_is_named_first(
    row: dict[str, Any], points: tuple[Any, ...], likeness: int, part: str, fix: str
) -> None:
    best = score_of(_row(), GOOD, 0, NOW)
    assert (best.score, best.fixes) == (100, ())
    said = score_of(_row(**row), points, likeness, NOW)
    assert said.fixes == (fix,)
    assert fix in FIXES
    assert said.score < 100
    worse = {n for n in ("completeness", "validity", "freshness", "uniqueness") if getattr(said, n) < 100}
    assert worse == {part}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _kept(assembly: Assembly) -> dict[int, dict[str, Any]]:
    t = table(CustomerQuality)
    with assembly.database.read() as session:
        return {row["customer_id"]: dict(row) for row in session.execute(select(t)).mappings()}


def test_scores_are_kept_followed_and_shown(client: Any, assembly: Assembly) -> None:
    owner = make_user(assembly)
    good = make_customer(assembly, "Ada Berg", emails=["ada@example.com"], phones=["+493012345678"],
                         addresses=[WHERE], owner=owner, source="fair")  # fmt: skip
    poor = make_customer(assembly, "Bo", source="list")
    dead = make_customer(assembly, "Cy Old", life_state="deceased")
    working.reckon_all(assembly)
    kept = _kept(assembly)
    assert kept[good]["score"] == 100
    assert kept[poor]["fixes"].split(",")[0] == "email"
    assert dead not in kept
    page = client.get(f"/customers/{poor}").text
    assert "Find an e-mail address" in page
    client.patch(f"/api/v1/customers/{poor}", json={"emails": ["bo@example.com"]})
    working.reckon_recent(assembly)
    assert _kept(assembly)[poor]["first_fix"] != "email"
    assert _kept(assembly)[poor]["score"] > kept[poor]["score"]
    with at_work(assembly) as ctx:
        p = table(ContactPoint)
        ctx.session.execute(update(p).where(p.c.value == "ada@example.com").values(deliverability="dead"))
        pair = {"first_id": good, "second_id": poor, "score": 900, "reasons": [], "state": "open", "found_at": ctx.now,
                "decided_by": ""}  # fmt: skip
        ctx.session.execute(insert(table(Duplicate)).values(pair))
        quality.reckon(ctx, [good])
    assert _kept(assembly)[good]["fixes"].split(",") == ["duplicate", "dead_email"]
    where = quote(json.dumps({"first_fix": "duplicate"}))
    assert [i["id"] for i in client.get(f"/api/v1/customers?filter={where}").json()["items"]] == [str(good)]


def test_the_base_by_source_is_kept_and_not_counted_for_a_view(client: Any, assembly: Assembly) -> None:
    assert "Nothing reckoned yet" in client.get("/customers/quality").text
    for number in range(3):
        make_customer(assembly, f"List {number}", source="list")
    make_customer(assembly, "Ada Berg", source="fair", emails=["ada@example.com"])
    working.reckon_all(assembly)
    working.reckon_all(assembly)  # the same day again: one line each
    found = client.get("/api/v1/customers/quality").json()
    assert found["whole"]["customers"] == 4
    by_source = {row["source"]: row for row in found["sources"]}
    assert {name: row["customers"] for name, row in by_source.items()} == {"list": 3, "fair": 1}
    assert by_source["fair"]["score"] > by_source["list"]["score"]
    assert by_source["list"]["fixes"] == {"email": 3}
    kept = _kept(assembly).values()
    assert found["whole"]["score"] == round(sum(row["score"] for row in kept) / 4)
    page = client.get("/customers/quality").text
    assert "Find an e-mail address" in page
    with at_work(assembly) as ctx:
        ctx.session.execute(update(table(Customer)).values(source="elsewhere"))
        with statement_count() as count:
            assert quality.base(ctx)["whole"]["customers"] == 4
        assert count.total == 2
    assert client.get("/api/v1/customers/quality").json()["sources"] == found["sources"]


def test_as_many_statements_for_forty_as_for_two(assembly: Assembly) -> None:
    keys = [make_customer(assembly, f"Ada {n}", emails=[f"a{n}@example.com"]) for n in range(12)]
    counts = []
    for some in (keys[:2], keys[2:]):
        with at_work(assembly) as ctx, statement_count() as count:
            quality.reckon(ctx, some)
        counts.append(count.total)
    assert counts[0] == counts[1] <= 7
