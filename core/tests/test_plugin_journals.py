"""A module that was away while customers were merged and erased follows all of it before it is back in service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.customers import erasing, journal, merging, splitting
from patron.customers.models import ErasureJournal
from patron.db import Database
from patron.errors import Conflict
from patron.hookspecs import hookimpl
from patron.records import table
from patron.system import plugins_service
from patron.testing.faces import make_customer, settings_for, working
from sqlalchemy import select

CALLS: list[tuple[Any, ...]] = []


@hookimpl
def before_customer_merge(ctx: Context, survivor_id: int, merged_id: int) -> Sequence[Mapping[str, Any]]:
    CALLS.append(("merge", survivor_id, merged_id))
    return [{"moved": merged_id}]


@hookimpl
def after_customer_split(
    ctx: Context, survivor_id: int, merged_id: int, journal: Sequence[Mapping[str, Any]]
) -> None:
    CALLS.append(("split", survivor_id, merged_id, list(journal)))


@hookimpl
def before_customer_erase(ctx: Context, customer_id: int) -> str:
    CALLS.append(("erase", customer_id))
    return "erased"


@hookimpl
def plugin_enabled(ctx: Context) -> None:
    CALLS.append(("enabled",))


@hookimpl
def plugin_disabled(ctx: Context) -> None:
    CALLS.append(("disabled",))


@hookimpl
def check_customer_archive(ctx: Context, customers: Sequence[Any]) -> Sequence[str]:
    return ["Not this one."] if any(customer.name == "Kept" for customer in customers) else []


HOOKS = (
    before_customer_merge,
    after_customer_split,
    before_customer_erase,
    plugin_enabled,
    plugin_disabled,
    check_customer_archive,
)


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    CALLS.clear()
    return {"desk": SimpleNamespace(**{item.__name__: item for item in HOOKS}, __package__="")}


def switch(assembly: Assembly, on: bool) -> None:
    with working(assembly) as ctx:
        (plugins_service.enable if on else plugins_service.disable)(ctx, "desk")
    with working(assembly):
        pass  # follows the generation


def merge(assembly: Assembly, survivor: int, merged: int) -> int:
    with working(assembly) as ctx:
        return merging.merge(ctx, survivor, merged)


def erase(assembly: Assembly, customer_id: int) -> None:
    with working(assembly) as ctx:
        erasing.erase(ctx, customer_id)


def test_what_was_missed_is_replayed_in_order_before_the_module_is_back(assembly: Assembly) -> None:
    ids = [make_customer(assembly, f"Customer {number}") for number in range(6)]
    merge(assembly, ids[0], ids[1])
    CALLS.clear()
    switch(assembly, False)
    merge(assembly, ids[0], ids[2])
    undone = merge(assembly, ids[3], ids[4])
    with working(assembly) as ctx:
        splitting.split(ctx, undone)
    erase(assembly, ids[5])
    assert CALLS == [("disabled",)], "a module that is disabled is not called"
    switch(assembly, True)
    assert CALLS[1:] == [("merge", ids[0], ids[2]), ("erase", ids[5]), ("enabled",)]
    e = table(ErasureJournal)
    with working(assembly) as ctx:
        assert ctx.session.execute(select(e.c.answers)).scalar_one()["desk"] == "erased"
    CALLS.clear()
    switch(assembly, False)
    switch(assembly, True)
    assert CALLS == [("disabled",), ("enabled",)], "nothing is replayed twice"


def test_a_split_gives_the_module_back_what_its_merge_returned(assembly: Assembly) -> None:
    first, second = make_customer(assembly, "First"), make_customer(assembly, "Second")
    merge_id = merge(assembly, first, second)
    with working(assembly) as ctx:
        splitting.split(ctx, merge_id)
    assert [("merge", first, second), ("split", first, second, [{"moved": second}])] == CALLS


def test_so_does_a_split_of_a_merge_that_the_module_had_missed(assembly: Assembly) -> None:
    first, second = make_customer(assembly, "First"), make_customer(assembly, "Second")
    merge(assembly, make_customer(assembly, "Third"), make_customer(assembly, "Fourth"))
    switch(assembly, False)
    merge_id = merge(assembly, first, second)
    switch(assembly, True)
    CALLS.clear()
    with working(assembly) as ctx:
        splitting.split(ctx, merge_id)
    assert [("split", first, second, [{"moved": second}])] == CALLS


def split(assembly: Assembly, merge_id: int) -> None:
    with working(assembly) as ctx:
        splitting.split(ctx, merge_id)


def test_a_split_that_the_module_had_missed_is_replayed_in_its_place(assembly: Assembly) -> None:
    first, second, third = (make_customer(assembly, name) for name in ("First", "Second", "Third"))
    merged, other = merge(assembly, first, second), make_customer(assembly, "Other")
    CALLS.clear()
    switch(assembly, False)
    merge(assembly, first, third)
    split(assembly, merged)
    merge(assembly, second, other)
    assert CALLS == [("disabled",)]
    with working(assembly) as ctx:
        assert journal.lagging(ctx.session) == {"desk"}
    switch(assembly, True)
    back = ("split", first, second, [{"moved": second}])
    assert CALLS[1:] == [("merge", first, third), back, ("merge", second, other), ("enabled",)]
    with working(assembly) as ctx:
        assert journal.lagging(ctx.session) == set()
    CALLS.clear()
    switch(assembly, False)
    switch(assembly, True)
    assert CALLS == [("disabled",), ("enabled",)], "nothing is replayed twice"


def test_a_module_that_was_refused_or_gone_must_follow_a_split_before_it_is_back(
    assembly: Assembly, database: Database, plugins: Mapping[str, Any]
) -> None:
    first, second = make_customer(assembly, "First"), make_customer(assembly, "Second")
    merged = merge(assembly, first, second)
    without = assemble(settings_for(database))
    split(without, merged)
    without.database.dispose()
    again = assemble(settings_for(database), plugins)
    assert "missed merges, splits or erasures" in again.plugins[0].refused
    again.database.dispose()
    back = assemble(settings_for(database), plugins, check_journals=False)
    CALLS.clear()
    after_migration(back)
    assert [("split", first, second, [{"moved": second}])] == CALLS
    back.database.dispose()
    again = assemble(settings_for(database), plugins)
    assert again.plugins[0].refused == ""
    again.database.dispose()


def test_a_module_may_keep_a_customer_from_the_trash(assembly: Assembly) -> None:
    from patron.errors import Invalid
    from patron.resources import editing

    kept = make_customer(assembly, "Kept")
    with pytest.raises(Invalid, match="Not this one"), working(assembly) as ctx:
        editing.trash(ctx, assembly.resource("customers"), [kept])


def test_a_module_that_another_needs_stays(assembly: Assembly) -> None:
    needy = assembly.plugins[0].__class__("needy", "", "", "0", ("desk",), module=SimpleNamespace())
    assembly.plugins.append(needy)
    with pytest.raises(Conflict, match="needy"), working(assembly) as ctx:
        plugins_service.disable(ctx, "desk")
