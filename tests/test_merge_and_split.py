"""A merge that is split again: every row of every module is what it would be had the two never been one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.customers import facts, merging, splitting
from patron.customers.links import links, sync_links
from patron.customers.models import Customer
from patron.interactions import timeline
from patron.migrate import CORE
from patron.plugins import discover
from patron.records import table
from patron.testing.canaries import hatch
from patron.testing.databases import Databases
from patron.testing.faces import settings_for, working
from sqlalchemy import select, update
from sqlmodel import AutoString, SQLModel

TRACES = {  # that it was done is not undone
    "core_audit", "core_audit_value", "core_outbox", "core_delivery", "core_merge_journal", "core_generation",
    "core_replay", "core_search",
}  # fmt: skip
EDITED = ("note", "title", "subject", "body", "label", "comment", "reason", "description", "reference")
_DATED = ("version", "updated_at", "as_of")

Firm = tuple[Assembly, tuple[int, int]]
Dump = dict[str, dict[int, dict[str, Any]]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def firm(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Firm]:
    """All modules, with two customers and a record of each kind."""
    folder: Path = tmp_path_factory.mktemp("merging")
    distributions = (CORE, *(p.migrations for p in discover(None)))
    with databases.fresh(request.param, folder, distributions) as database:
        assembly = assemble(settings_for(database, modules=None, folder=str(folder)))
        after_migration(assembly)
        with working(assembly) as ctx:
            sync_links(ctx)
        found = hatch(assembly)
        with working(assembly) as ctx:
            facts.after_merge(ctx, [found.customer, found.other_customer])  # as they are kept
        yield assembly, (found.customer, found.other_customer)


class _Undo(Exception):
    """Raised to leave a unit of work without a trace."""


@contextmanager
def undone(assembly: Assembly) -> Iterator[Context]:
    """A unit of work of which nothing stays."""
    try:
        with working(assembly) as ctx:
            yield ctx
            raise _Undo
    except _Undo:
        pass


def dumped(ctx: Context) -> Dump:
    """Every row of every table but the traces, by its id."""
    told: Dump = {}
    prefixes = (
        "core_",
        *(f"{plugin.name}_" for plugin in ctx.assembly.active),
    )  # other tests have tables too
    for name, t in SQLModel.metadata.tables.items():
        if name in TRACES or "id" not in t.c or not name.startswith(prefixes):
            continue
        rows = ctx.session.execute(select(t)).mappings()
        told[name] = {
            row["id"]: {key: value for key, value in row.items() if key not in _DATED} for row in rows
        }
    lines = told["core_timeline"]
    told["core_timeline"] = {
        key: row for key, row in lines.items() if row["kind"] not in ("core.merged", "core.split")
    }
    return told


def children(ctx: Context, customer_id: int) -> list[tuple[str, int, str]]:
    """What can be edited of what refers to a customer: table, id and a column of free text."""
    found = []
    for link in links(ctx, "customer"):
        t = SQLModel.metadata.tables[link.table_name]
        names = [name for name in EDITED if name in t.c and isinstance(t.c[name].type, AutoString)]
        if names and link.table_name not in ("core_customer", *TRACES):
            rows = ctx.session.execute(select(t.c.id).where(t.c[link.column_name] == customer_id))
            found += [(link.table_name, int(key), names[0]) for key in rows.scalars()]
    return sorted(set(found))


@settings(
    max_examples=8,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_edits_of_children_and_nothing_else_are_left(firm: Firm, data: st.DataObject) -> None:
    assembly, pair = firm
    survivor, merged = data.draw(st.permutations(pair), label="who survives")
    take = data.draw(st.sets(st.sampled_from(sorted(merging.CHOICES))), label="taken of the other")
    with undone(assembly) as ctx:
        expected, of_both = dumped(ctx), children(ctx, survivor) + children(ctx, merged)
        assert len(of_both) > 10
        edits = data.draw(
            st.lists(st.sampled_from(of_both), unique=True, max_size=6), label="edited meanwhile"
        )
        merge_id = merging.merge(ctx, survivor, merged, take)
        for name, key, column in edits:
            t = SQLModel.metadata.tables[name]
            ctx.session.execute(update(t).where(t.c.id == key).values({column: f"edited {merge_id}"}))
            expected[name][key][column] = f"edited {merge_id}"
        splitting.split(ctx, merge_id)
        after = dumped(ctx)
    wrong = [name for name, rows in after.items() if rows != expected[name]]
    assert not wrong, {name: (after[name], expected[name]) for name in wrong}


def test_a_merge_leaves_nothing_behind_but_what_clashes(firm: Firm) -> None:
    assembly, (survivor, merged) = firm
    with undone(assembly) as ctx:
        merge_id = merging.merge(ctx, survivor, merged)
        parked = splitting.plan(ctx, merge_id).merge["before"]["parked"]
        left = _left(ctx, merged, parked)
        assert left <= {"core_merge_journal"}


def _left(ctx: Context, merged: int, parked: dict[str, list[int]]) -> set[str]:
    found = set()
    for link in links(ctx, "customer"):
        t = SQLModel.metadata.tables[link.table_name]
        mine = (t.c[link.column_name] == merged, t.c.id.not_in(parked.get(link.table_name, ())))
        if ctx.session.execute(select(t.c.id).where(*mine)).first():
            found.add(link.table_name)
    return found


def test_what_is_made_of_a_moved_record_goes_with_it(firm: Firm) -> None:
    assembly, (merged, survivor) = firm
    orders = SQLModel.metadata.tables["orders_order"]
    lines = SQLModel.metadata.tables["core_timeline"]
    with undone(assembly) as ctx:
        theirs = (
            ctx.session.execute(select(orders.c.id).where(orders.c.customer_id == merged)).scalars().first()
        )
        assert theirs is not None, "the canary order is the merged one's"
        merge_id = merging.merge(ctx, survivor, merged)
        timeline.add(ctx, survivor, "orders.sent", "Sent", resource="orders.orders", record_id=theirs)
        timeline.add(ctx, survivor, "core.note", "A word")
        plan = splitting.plan(ctx, merge_id)
        came = {row.because for one in plan.arrivals if one.table == "core_timeline" for row in one.rows}
        assert came == {"the record", ""}
        splitting.split(ctx, merge_id)
        c = table(Customer)
        assert ctx.session.execute(select(c.c.merged_into_id).where(c.c.id == merged)).scalar() is None
        told = select(lines.c.kind, lines.c.customer_id).where(lines.c.kind.in_(("orders.sent", "core.note")))
        stands = {row.kind: row.customer_id for row in ctx.session.execute(told.order_by(lines.c.id))}
    assert stands == {"orders.sent": merged, "core.note": survivor}
