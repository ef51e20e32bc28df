"""Facts of customers in the filter language: defaults of absent rows, relationships of today, rights, gone modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from time import sleep
from typing import Any

import pytest
from patron import Actor, Context, CustomerFields, Invalid, Scope, consents, hookimpl, origins, read_page
from patron.assembly import Assembly, assemble
from patron.customers.relationships import relate
from patron.db import Database
from patron.resources.query import Listing
from patron.testing.faces import make_customer, make_user, settings_for, working

pytest_plugins = ["patron.testing.faces"]


def found(ctx: Context, asked: dict[str, Any]) -> list[str]:
    rows = read_page(ctx, ctx.assembly.resource("customers"), Listing(filter=asked, sort="name"))
    return [row["name"] for row in rows.items]


@pytest.fixture
def people(assembly: Assembly) -> dict[str, int]:
    """Ada came by the spring campaign, Bea by none that is known; both work at the firm, Bea no more."""
    ids = {name: make_customer(assembly, name) for name in ("Ada", "Bea")}
    ids["Firm"] = make_customer(assembly, "Firm", "organisation")
    with working(assembly) as ctx:
        origins.record_origin(ctx, ids["Ada"], campaign="Spring", medium="web")
        origins.record_origin(ctx, ids["Firm"], campaign="Fair")
        relate(ctx, ids["Ada"], ids["Firm"], "works_at")
        relate(ctx, ids["Bea"], ids["Firm"], "works_at", until=ctx.now.date() - timedelta(days=1))
    return ids


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"campaign": "Spring"}, ["Ada"]),
        ({"campaign": {"ne": "Spring"}}, ["Bea", "Firm"]),
        ({"campaign": {"in": ["", "Fair"]}}, ["Bea", "Firm"]),
        ({"campaign": {"empty": True}}, ["Bea"]),
        ({"not": {"campaign": {"empty": True}}}, ["Ada", "Firm"]),
        ({"came_at": {"ge": {"days": -1}}}, ["Ada", "Firm"]),
        ({"came_at": {"lt": {"days": -1}}}, []),
        ({"came_at": None}, ["Bea"]),
        ({"related": {"by": "works_at", "where": {"campaign": "Fair"}}}, ["Ada"]),
        ({"related": {"by": "works_at", "reverse": True, "where": {"campaign": "Spring"}}}, ["Firm"]),
    ],
)
def test_an_absent_row_counts_as_its_default(
    assembly: Assembly, people: dict[str, int], asked: dict[str, Any], expected: list[str]
) -> None:
    with working(assembly) as ctx:
        assert found(ctx, asked) == expected


def test_a_narrower_right_reaches_no_further(assembly: Assembly, people: dict[str, int]) -> None:
    mine = make_user(assembly)
    with working(assembly) as ctx:
        ctx.assembly.facts = {
            key: replace(fact, permission="facts.read") for key, fact in assembly.facts.items()
        }
        own = {"customers.read": Scope.ALL, "facts.read": Scope.OWN}
        asked = {"campaign": "Spring"}
        assert found(ctx.acting_as(Actor("user", mine, grants=own)), asked) == []
        with pytest.raises(Invalid, match="cannot be filtered by"):
            found(ctx.acting_as(Actor("user", mine, grants={"customers.read": Scope.ALL})), asked)


def test_a_fact_of_a_module_that_is_gone_is_refused_never_ignored(
    assembly: Assembly, people: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        ctx.assembly.facts = {key: replace(f, module="loyalty") for key, f in assembly.facts.items()}
        assembly.live = replace(assembly.live, disabled=frozenset({"loyalty"}))
        with pytest.raises(Invalid, match="cannot be filtered by"):
            found(ctx, {"not": {"campaign": "Spring"}})


def test_what_came_first_counts(assembly: Assembly, people: dict[str, int]) -> None:
    with working(assembly) as ctx:
        assert not origins.record_origin(ctx, people["Ada"], campaign="Autumn")
        origin = origins.origin_of(ctx, people["Ada"])
        assert origin is not None
        assert origin.campaign == "Spring"


def test_who_comes_first_of_two_at_once_counts_and_the_other_is_told(
    assembly: Assembly, people: dict[str, int]
) -> None:
    both, new = Barrier(2), []

    def come(campaign: str) -> None:
        both.wait(10)
        with working(assembly) as ctx:
            new.append(origins.record_origin(ctx, people["Bea"], campaign=campaign))
            sleep(0.2)  # the other comes before this is committed

    threads = [Thread(target=come, args=(campaign,)) for campaign in ("Spring", "Fair")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False, True]


def test_customer_fields_of_another_table_refuse_the_module(database: Database) -> None:
    class Loyalty:
        @hookimpl
        def register_customer_fields(self) -> Sequence[CustomerFields]:
            return (origins.FIELDS,)

    made = assemble(settings_for(database), {"loyalty": Loyalty()})
    assert "must begin with “loyalty_”" in made.plugins[0].refused
    made.database.dispose()


def test_the_newest_act_decides_and_a_brand_has_its_own(assembly: Assembly, people: dict[str, int]) -> None:
    ada, bea = people["Ada"], people["Bea"]
    with working(assembly) as ctx:
        consents.record_consent(ctx, ada, "newsletter", granted=True)
        consents.record_consent(ctx, bea, "newsletter", granted=True)
        consents.record_consent(ctx, bea, "newsletter", granted=False)
        consents.record_consent(ctx, ada, "offers", granted=True, channel="phone")
        assert consents.decided(ctx, people.values(), "newsletter") == {ada: True, bea: False}
        assert consents.decided(ctx, people.values(), "offers") == {}
