"""Active, lapsed, lost, prospect: by the firm's own versions, counted everywhere alike, and since when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from patron.assembly import Assembly
from patron.customers.models import Customer
from patron.interactions import services as interactions
from patron.interactions.services import Party
from patron.metrics.measuring import total
from patron.reckoning import stages, working
from patron.reckoning.models import CustomerStage, StageDefinition
from patron.records import table
from patron.statements import statement_count
from patron.testing.faces import app_client, make_customer, signed_in
from patron.testing.faces import working as at_work
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from sqlalchemy import delete, insert, select, update


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _touched(assembly: Assembly, name: str, days_ago: int | None) -> int:
    key = make_customer(assembly, name)
    if days_ago is not None:
        with at_work(assembly) as ctx:
            t = table(Customer)
            at = ctx.now - timedelta(days=days_ago)
            ctx.session.execute(update(t).where(t.c.id == key).values(last_contact_at=at))
    return key


def _kept(assembly: Assembly) -> dict[int, dict[str, Any]]:
    t = table(CustomerStage)
    with assembly.database.read() as session:
        return {row["customer_id"]: dict(row) for row in session.execute(select(t)).mappings()}


def test_each_customer_is_in_one_stage_and_every_count_says_the_same(client: Any, assembly: Assembly) -> None:
    ages = {"active": 10, "lapsed": 500, "lost": 2000, "prospect": None}
    keys = {stage: _touched(assembly, stage, days) for stage, days in ages.items()}
    dead = make_customer(assembly, "Gone", life_state="deceased")
    working.reckon_all(assembly)
    kept = _kept(assembly)
    assert {stage: kept[key]["stage"] for stage, key in keys.items()} == {stage: stage for stage in ages}
    assert kept[dead]["stage"] == "lost"
    with at_work(assembly) as ctx:
        counted = stages.counts(ctx)
        assert counted == {"active": 1, "lapsed": 1, "lost": 2, "prospect": 1, "": 0}
        assert stages.counts_by(ctx, stages.in_force(ctx).rules) == counted
        for name in stages.STAGES:
            assert total(ctx, assembly.metrics[f"core.customers_{name}"].of)[""] == counted[name]
    for name in stages.STAGES:
        where = quote(json.dumps({"stage": name}))
        found = client.get(f"/api/v1/customers?filter={where}").json()["items"]
        assert len(found) == counted[name]
    page = client.get(f"/customers/{keys['lapsed']}").text
    assert "Lapsed" in page
    assert "since" in page


def test_a_new_version_counts_anew_and_the_old_one_stays_on_record(client: Any, assembly: Assembly) -> None:
    key = _touched(assembly, "Ada", 100)
    working.reckon_all(assembly)
    before = _kept(assembly)[key]
    assert before["stage"] == "active"
    form = {"basis": "last_contact_at", "active_days": "30", "lapsed_days": "60", "note": "Agreed with sales"}
    counted = client.post("/customers/stages", data={**form, "preview": "1"})
    assert "Nothing is changed yet" in counted.text
    assert _kept(assembly)[key] == before
    assert client.post("/customers/stages", data=form).status_code == 303
    assert client.post("/customers/stages", data=form).status_code == 422  # nothing new in it
    working.reckon_all(assembly)
    after = _kept(assembly)[key]
    assert (after["stage"], after["definition"]) == ("lost", 1)
    assert after["since"] > before["since"]
    working.reckon_all(assembly)
    assert _kept(assembly)[key] == after  # since when it is, not when it was looked at last
    page = client.get("/customers/stages").text
    assert "Version 1" in page
    assert "Agreed with sales" in page
    wrong = {**form, "active_days": "60", "lapsed_days": "30"}
    assert client.post("/customers/stages", data=wrong).status_code == 422
    assert client.post("/customers/stages", data={**form, "active": '{"shoe_size": 42}'}).status_code == 422


def test_what_happens_is_followed_by_the_worker(assembly: Assembly) -> None:
    key = _touched(assembly, "Ada", None)
    with statement_count() as count:
        working.reckon_recent(assembly)
        working.reckon_recent(assembly)  # what has been looked at is not looked at for ever
    assert count.total < 40
    assert _kept(assembly)[key]["stage"] == "prospect"
    with at_work(assembly) as ctx:
        interactions.log(ctx, "phone", [Party("caller", key)], body="Asks for desks")
    Drain(assembly, Watch(lambda ids: None, 20)).run()
    assert _kept(assembly)[key]["stage"] == "active"


def test_a_definition_that_names_what_is_gone_changes_nothing_and_says_so(
    client: Any, assembly: Assembly
) -> None:
    key = _touched(assembly, "Ada", 10)
    working.reckon_all(assembly)
    rules = {"active": {"loyalty.tier": "gold"}, "lapsed": {}, "lost": {}, "prospect": {}}
    with at_work(assembly) as ctx:
        ctx.session.execute(insert(table(StageDefinition)).values(rules=rules, note="", at=ctx.now, by="Kim"))
    working.reckon_all(assembly)
    assert _kept(assembly)[key]["stage"] == "active"
    assert "cannot be read any more" in client.get("/customers/stages").text
    with at_work(assembly) as ctx:
        said = [check.run(ctx) for check in assembly.health_checks.values() if check.name.endswith("stages")]
    assert any("loyalty.tier" in (sentence or "") for sentence in said)


def test_whoever_may_not_define_does_not(assembly: Assembly) -> None:
    with app_client(assembly) as client:
        signed_in(client, "user")
        assert client.get("/customers/stages").status_code == 403
        assert (
            client.post("/customers/stages", data={"active_days": "1", "lapsed_days": "2"}).status_code == 403
        )


def test_recent_changes_are_found_once_a_page_at_a_time(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "PAGE", 2)
    keys = [make_customer(assembly, f"Ada {number}") for number in range(5)]
    working.reckon_recent(assembly)
    assert set(_kept(assembly)) == set(keys)
    with at_work(assembly) as ctx:
        long_ago = ctx.now - timedelta(days=1)
        ctx.session.execute(update(table(Customer)).values(updated_at=long_ago))
        ctx.session.execute(delete(table(CustomerStage)))
    working.reckon_recent(assembly)
    assert _kept(assembly) == {}  # they were written before it looked last
