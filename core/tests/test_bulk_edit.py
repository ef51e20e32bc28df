"""Bulk edit: all or none, each record with its rules, audit and event, in as many statements for one as for many."""

from __future__ import annotations

from typing import Any

import pytest
from patron.accounts.history import of_record
from patron.assembly import Assembly
from patron.contributions import EventType, Handler
from patron.errors import Invalid, NotFound
from patron.events import Happening, publish_many
from patron.records import table
from patron.resources import editing
from patron.resources.query import Listing, read_page
from patron.resources.search_text import token
from patron.statements import statement_count
from patron.system.models import Delivery, OutboxEvent, SearchEntry
from patron.testing.faces import app_client, make_user, signed_in, working
from sqlalchemy import select

pytest_plugins = ["patron.testing.faces"]


def people(assembly: Assembly, count: int) -> list[int]:
    with working(assembly) as ctx:
        made = [
            editing.create(
                ctx, assembly.resource("customers"), {"kind": "person", "name": f"Person {number}"}
            )
            for number in range(count)
        ]
        return [record.key for record in made]


def statements(assembly: Assembly, ids: list[int], values: dict[str, Any]) -> int:
    with working(assembly) as ctx, statement_count() as count:
        editing.change_many(ctx, assembly.resource("customers"), dict.fromkeys(ids, values))
    return count.total


@pytest.mark.parametrize("field", ["note", "owner"])
def test_as_many_statements_for_forty_as_for_two(assembly: Assembly, field: str) -> None:
    value = make_user(assembly, email="new@example.com") if field == "owner" else "Met at the fair"
    ids = people(assembly, 42)
    few = statements(assembly, ids[:2], {field: value})
    assert statements(assembly, ids[2:], {field: value}) == few <= 12
    with working(assembly) as ctx:
        for record_id in (ids[0], ids[-1]):
            last = of_record(ctx, "customers", record_id)[0]
            assert (last["action"], set(last["became"])) == ("change", {field})
        t = table(OutboxEvent)
        payloads = ctx.session.execute(select(t.c.payload).where(t.c.name == "customers.changed")).scalars()
        assert [payload["id"] for payload in payloads] == ids


def test_whose_they_become_finds_them(assembly: Assembly) -> None:
    ids, user_id = people(assembly, 3), make_user(assembly, email="new@example.com")
    customers = assembly.resource("customers")
    with working(assembly) as ctx:
        editing.change_many(ctx, customers, {key: {"owner": user_id} for key in ids})
        t = table(SearchEntry)
        scopes = ctx.session.execute(select(t.c.scope).where(t.c.record_id.in_(ids))).scalars().all()
        assert len(scopes) == 3
        assert all(token("customers", f"u{user_id}") in scope.split() for scope in scopes)


def test_one_that_is_refused_keeps_all(assembly: Assembly) -> None:
    ids = people(assembly, 3)
    customers = assembly.resource("customers")
    wanted: dict[int, dict[str, Any]] = {key: {"note": "new"} for key in ids}
    wanted[ids[2]] = {"name": "", "given_name": "", "family_name": ""}
    with pytest.raises(Invalid), working(assembly) as ctx:
        editing.change_many(ctx, customers, wanted)
    with pytest.raises(NotFound), working(assembly) as ctx:
        editing.change_many(ctx, customers, {key: {"note": "new"} for key in (*ids, 999)})
    with working(assembly) as ctx:
        items = read_page(ctx, customers, Listing(fields=("note",))).items
        assert [item["note"] for item in items] == ["", "", ""]


def notes(assembly: Assembly, ids: list[int]) -> list[str]:
    with working(assembly) as ctx:
        return [editing.load(ctx, assembly.resource("customers"), key).note for key in ids]


def test_undo_leaves_what_others_changed_since_and_says_which(assembly: Assembly) -> None:
    """One is edited by somebody else, one given to somebody else, so that it is out of reach, one is trashed."""
    with app_client(assembly) as client:
        user_id = signed_in(client, "user", "North")
        other = make_user(assembly, "user", "South")
        ids = people(assembly, 5)
        customers = assembly.resource("customers")
        with working(assembly) as ctx:
            editing.change_many(ctx, customers, {key: {"owner": user_id} for key in ids})
        data = {"ids": [str(key) for key in ids], "field": "note", "note": "in bulk"}
        assert client.post("/customers/bulk/apply", data=data).status_code == 303
        with working(assembly) as ctx:
            editing.change(ctx, customers, ids[1], {"note": "by hand"})
            editing.change(ctx, customers, ids[2], {"owner": other})
            editing.trash(ctx, customers, [ids[3]])
        undone = client.post("/customers/bulk/1/undo")
        assert undone.status_code == 303
        page = client.get(undone.headers["location"]).text
        assert f"Undone. 3 were changed since and stay: Person 1, customer {ids[2]}, Person 3." in page
        assert client.post("/customers/bulk/1/undo").status_code == 409
    assert notes(assembly, ids) == ["", "by hand", "in bulk", "in bulk", ""]


def test_all_that_match_the_filter_are_meant_and_no_other(assembly: Assembly) -> None:
    """More than a page of them, in the scope of who asks; the preview and the change mean the same."""
    with app_client(assembly) as client:
        user_id = signed_in(client, "user", "North")
        mine, others = people(assembly, 60), people(assembly, 3)
        customers = assembly.resource("customers")
        with working(assembly) as ctx:
            editing.change_many(ctx, customers, {key: {"owner": user_id} for key in mine})
            editing.change_many(ctx, customers, {key: {"source": "fair"} for key in (*mine[:55], *others)})
        asked = {"all": "true", "field": "note", "note": "in bulk"}
        shown = client.post("/customers/bulk?source=fair", data=asked)
        assert shown.status_code == 200
        assert "55" in shown.text
        assert client.post("/customers/bulk/apply?source=fair", data=asked).status_code == 303
        asked["note"] = "too many"
        for nobody in ("?source=nowhere", "?sorce=fair", "?filter={"):
            assert client.post(f"/customers/bulk/apply{nobody}", data=asked).status_code == 422, nobody
    assert notes(assembly, mine) == ["in bulk"] * 55 + [""] * 5
    assert notes(assembly, others) == [""] * 3


def test_each_event_has_a_delivery_for_each_who_listens(assembly: Assembly) -> None:
    assembly.events["probe.done"] = EventType("probe.done", "Something was done.")
    for name in ("probe.one", "probe.two"):
        assembly.handlers[name] = Handler(name.partition(".")[2], "probe.done", lambda ctx, event: None)
    with working(assembly) as ctx:
        publish_many(ctx, "probe.done", [Happening({"id": key}, None) for key in (5, 6)])
        e, d = table(OutboxEvent), table(Delivery)
        rows = select(e.c.payload, d.c.handler, d.c.state).join(d, d.c.event_id == e.c.id)
        found = ctx.session.execute(rows.where(e.c.name == "probe.done").order_by(d.c.id)).all()
    assert [(row.payload["id"], row.handler, row.state) for row in found] == [
        (5, "probe.one", "due"), (5, "probe.two", "due"), (6, "probe.one", "due"), (6, "probe.two", "due"),
    ]  # fmt: skip
