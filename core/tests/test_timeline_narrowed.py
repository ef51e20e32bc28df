"""One history over all modules: narrowed, searched, paged; each entry for whom it is; the same whatever happens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from patron.assembly import Assembly, assemble
from patron.customers import merging, relationships, splitting
from patron.interactions import history, timeline
from patron.interactions import services as interactions
from patron.interactions.history import Wanted
from patron.interactions.services import Party
from patron.permissions import Actor, Scope
from patron.statements import statement_count
from patron.testing.faces import app_client, make_customer, make_user, settings_for, signed_in, working

WORDS = ("chair", "Tisch", "façade", "invoice", "late", "Ärger")


class Away:
    """A module that is removed later."""


@pytest.fixture
def plugins() -> dict[str, Any]:
    return {"away": Away()}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _fill(assembly: Assembly, customer_id: int, users: list[int]) -> None:
    """Sixty touches and facts of all sorts, some private, some a team's, several at one instant."""
    dice = random.Random(7)
    with working(assembly) as ctx:
        for place in range(60):
            actor = Actor("user", dice.choice(users), "Kim", grants={"*": Scope.ALL}, team_ids=frozenset())
            acting = ctx.acting_as(actor)
            at = ctx.now - timedelta(hours=dice.randrange(0, 400, 5))
            text = " ".join(dice.sample(WORDS, 2))
            seen = dice.choice(("all", "all", "private"))
            if place % 2:
                intent = dice.choice(("", "complaint", "order"))
                interactions.log(acting, dice.choice(("phone", "email", "post")), [Party("from", customer_id)],
                                 subject=text, intent=intent, at=at, visibility=seen)  # fmt: skip
            else:
                timeline.add(acting, customer_id, "away.fact", text, module="away", at=at, visibility=seen)


def _all(ctx: Any, customer_id: int, wanted: Wanted, limit: int = 7) -> list[Any]:
    found, cursor = [], ""
    while True:
        page, older = history.read(ctx, customer_id, wanted, cursor=cursor, limit=limit)
        assert len(page) <= limit
        found += page
        if older is None:
            return found
        cursor = older


def test_every_way_to_narrow_finds_what_it_says_once_each_and_nothing_hidden(assembly: Assembly) -> None:
    mine, other = make_user(assembly, "user"), make_user(assembly, "user")
    ada = make_customer(assembly)
    _fill(assembly, ada, [mine, other])
    with working(assembly) as ctx:
        reader = ctx.acting_as(Actor("user", mine, "Reader", grants={"*": Scope.ALL}))
        whole = _all(reader, ada, Wanted())
        assert len(whole) > 30
        assert whole == sorted(whole, key=lambda e: (e.at, e.id), reverse=True)
        middle = whole[len(whole) // 2].at.date()
        checks: list[tuple[Wanted, Callable[[Any], bool]]] = [
            (Wanted(medium="phone"), lambda e: e.kind == "core.phone"),
            (Wanted(intent="complaint"), lambda e: e.snapshot.get("intent") == "complaint"),
            (Wanted(module="away"), lambda e: e.module == "away"),
            (Wanted(since=middle), lambda e: e.at.date() >= middle),
            (Wanted(until=middle), lambda e: e.at.date() <= middle),
            (Wanted(words="facade"), lambda e: "façade" in e.title),
            (Wanted(words="arger late"), lambda e: "Ärger" in e.title and "late" in e.title),
            (Wanted(medium="email", words="chair"), lambda e: e.kind == "core.email" and "chair" in e.title),
        ]
        for wanted, fits in checks:
            found = _all(reader, ada, wanted)
            assert found == [entry for entry in whole if fits(entry)], wanted
            assert found, wanted
        private = {entry.id for entry in whole if entry.visibility == "private"}
        by_me = {entry.id for entry in _all(reader, ada, Wanted(who=mine))}
        assert private <= by_me
        assert not private & {e.id for e in _all(ctx.acting_as(Actor("user", other)), ada, Wanted())}
        with statement_count() as count:
            history.read(reader, ada, Wanted(medium="phone", module="core"))
        assert count.total == 1


def test_a_search_stops_and_leads_on(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_customer(assembly)
    with working(assembly) as ctx:
        timeline.add(ctx, ada, "core.note", "needle", at=ctx.now - timedelta(days=9))
        for _ in range(12):
            timeline.add(ctx, ada, "core.note", "hay")
        monkeypatch.setattr(history, "LOOKED_AT", 4)
        monkeypatch.setattr(history, "_CHUNK", 4)
        page, older = history.read(ctx, ada, Wanted(words="needle"))
        assert (page, older is None) == ([], False)
        assert [entry.title for entry in _all(ctx, ada, Wanted(words="needle"))] == ["needle"]


def test_the_page_and_the_api_narrow(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    with working(assembly) as ctx:
        interactions.log(ctx, "phone", [Party("caller", ada)], subject="Chairs are late")
        interactions.log(ctx, "email", [Party("from", ada)], subject="A letter")
    url = f"/customers/{ada}/timeline"
    page = client.get(url + "?medium=phone").text
    assert "Chairs are late" in page
    assert "A letter" not in page
    items = client.get(f"/api/v1{url}?q=letter").json()["items"]
    assert [item["title"] for item in items] == ["A letter"]
    assert "Nothing of that kind" in client.get(url + "?q=nothing").text
    assert client.get(url + "?medium=smoke").status_code == 422
    assert client.get(url + "?since=yesterday").status_code == 422
    assert f'href="{url}"' in client.get(f"/customers/{ada}").text


def _read(assembly: Assembly, customer_id: int) -> list[tuple[Any, ...]]:
    with working(assembly) as ctx:
        found = _all(ctx, customer_id, Wanted())
    return [
        (e.at, e.kind, e.title, e.body, e.visibility)
        for e in found
        if e.kind not in ("core.merged", "core.split")
    ]


def test_it_reads_the_same_after_merge_split_and_removal_of_a_module(assembly: Assembly) -> None:
    users = [make_user(assembly)]
    ada, twin = make_customer(assembly), make_customer(assembly, "Ada Lovelace")
    mill = make_customer(assembly, "Mill Ltd", "organisation")
    with working(assembly) as ctx:
        relationships.relate(ctx, ada, mill, "works_at")
        relationships.relate(ctx, twin, mill, "works_at")
    for customer_id in (ada, twin):
        _fill(assembly, customer_id, users)
    with working(assembly) as ctx:
        both = [Party("to", ada), Party("to", twin), Party("cc", ada)]
        interactions.log(ctx, "email", both, subject="To the group", direction="out")
    before = {key: _read(assembly, key) for key in (ada, twin, mill)}
    assert [title for *_, title, _, _ in before[mill]].count("To the group (Ada Lovelace)") == 1
    with working(assembly) as ctx:
        merge_id = merging.merge(ctx, ada, twin)
    merged = _read(assembly, ada)
    assert [title for *_, title, _, _ in merged].count("To the group") == 1
    once = [row for row in before[twin] if row[2] != "To the group"]
    assert sorted(merged) == sorted(before[ada] + once)
    assert _read(assembly, mill) == before[mill]
    with working(assembly) as ctx:
        splitting.split(ctx, merge_id)
    assert {key: _read(assembly, key) for key in (ada, twin, mill)} == before
    without = assemble(settings_for(assembly.database, folder=assembly.settings.folder), {})
    try:
        assert {key: _read(without, key) for key in (ada, twin, mill)} == before
    finally:
        without.database.dispose()
