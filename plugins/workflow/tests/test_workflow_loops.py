"""Rules that would go round: refused when saved, and stopped where one slipped through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from automation_world import action, add_customer, condition, runs, save_rule, work
from hypothesis import given
from hypothesis import strategies as st
from patron import Invalid, editing, table
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.testing.faces import make_user, settings_for, working
from patron_workflow.automation.loops import Need, Node, find_loop, spelled_out
from patron_workflow.automation.running import MOST_DEPTH
from patron_workflow.models import Automation
from sqlalchemy import update

FIELDS, KINDS = ("a", "b", "c"), ("R", "S")


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    made = assemble(settings_for(database, modules=("workflow",), strict=True, folder=str(tmp_path)))
    after_migration(made)
    yield made
    made.database.dispose()


VALUES = ("", "x", "y")


@st.composite
def rules(draw: st.DrawFn) -> list[Node]:
    some = st.frozensets(st.sampled_from(FIELDS), max_size=2)
    values = st.frozensets(st.sampled_from(VALUES), min_size=1, max_size=2)
    found = []
    for key in range(draw(st.integers(1, 7))):
        created = draw(st.booleans())
        watches = frozenset() if created else draw(st.one_of(st.none(), some))
        needs = {
            name: [draw(st.one_of(st.builds(Need, among=values), st.builds(Need, without=values)))]
            for name in sorted(watches or ())
        }
        changes = draw(some)
        sets = {name: draw(st.sampled_from(VALUES)) for name in sorted(changes) if draw(st.booleans())}
        made = draw(st.frozensets(st.sampled_from(KINDS), max_size=1))
        kind = draw(st.sampled_from(KINDS))
        found.append(Node(key, f"rule {key}", kind, created, watches, changes, made, sets, needs))
    return found


Fact = tuple[
    str, tuple[tuple[str, str | None], ...]
]  # kind; the fields changed with their values, none: it was made


def hears(node: Node, fact: Fact) -> bool:
    """Whether conditions that are not yet decided could let the rule run after the fact."""
    kind, changed = fact
    if node.resource != kind or node.created != (not changed):
        return False
    known = dict(changed)
    if changed and node.watches is not None and not set(known) & node.watches:
        return False
    for name, needs in node.needs.items():
        value = known.get(name)
        if value is not None and any(
            (need.among is not None and value not in need.among) or value in need.without for need in needs
        ):
            return False
    return True


def comes_to_rest(nodes: list[Node]) -> bool:
    """Whether what the rules do, begun in every way there is, ends."""
    wave: set[Fact] = {(kind, ()) for kind in KINDS}
    wave |= {(kind, ((name, None),)) for kind in KINDS for name in FIELDS}
    for _ in range(2 * len(nodes) + 2):
        running = [node for node in nodes for fact in wave if hears(node, fact)]
        wave = {(one, ()) for node in running for one in node.makes}
        for node in running:
            if node.changes:
                wave.add((node.resource, tuple((name, node.sets.get(name)) for name in sorted(node.changes))))
    return not wave


@given(rules())
def test_what_is_saved_one_by_one_always_comes_to_rest(candidates: list[Node]) -> None:
    saved: list[Node] = []
    for node in candidates:
        if not find_loop([*saved, node]):
            saved.append(node)
    assert comes_to_rest(saved)


@given(rules())
def test_a_loop_is_found_where_there_is_one_and_only_there(candidates: list[Node]) -> None:
    loop = find_loop(candidates)
    for node, following in zip(loop, [*loop[1:], *loop[:1]], strict=True):
        assert node.begins(following)
    assert bool(loop) != comes_to_rest(candidates)


def test_a_loop_is_spelled_out() -> None:
    loop = [
        Node(1, "One", "R", created=False, watches=frozenset({"a"}), changes=frozenset({"b"})),
        Node(2, "Two", "R", created=False, watches=frozenset({"b"}), changes=frozenset({"a"})),
    ]
    assert spelled_out(loop, lambda kind, name: name or kind) == (
        "This would go round for ever: “One” changes b of R, which begins “Two” changes a of R, "
        "which begins “One” again."
    )


def test_a_rule_that_closes_a_loop_is_refused_until_it_is_opened(assembly: Assembly) -> None:
    author = make_user(assembly, "manager")
    with working(assembly) as ctx:
        save_rule(
            ctx, author, "Source by language", trigger="customers.changed",
            conditions=[condition("record.source", "eq", "fair")], actions=[action("set.kind", value="person")],
        )  # fmt: skip
        back = {
            "trigger": "customers.changed", "conditions": [condition("record.kind", "eq", ["person"])],
            "actions": [action("set.source", value="fair")],
        }  # fmt: skip
        with pytest.raises(
            Invalid, match=r"“Back” changes source of a customer, which begins “Source by language”"
        ):
            save_rule(ctx, author, "Back", **back)
        off = save_rule(ctx, author, "Back", enabled=False, **back)
        rules_resource = assembly.resource("workflow.automations")
        from automation_world import as_user

        with pytest.raises(Invalid, match="round for ever"):
            editing.change(as_user(ctx, author), rules_resource, off.key, {"enabled": True})
        with pytest.raises(Invalid, match="round for ever"):
            save_rule(ctx, author, "Itself", trigger="customers.changed", conditions=[])
        save_rule(
            ctx, author, "Ends by itself", trigger="customers.changed", conditions=[condition("record.owner", "empty")],
            actions=[action("set.owner", value=author)],
        )  # fmt: skip


def test_a_rule_that_begins_itself_all_the_same_is_stopped_and_says_so(assembly: Assembly) -> None:
    author = make_user(assembly, "manager")
    customer = add_customer(assembly)
    with working(assembly) as ctx:
        to = ("fair", "web")
        for n in (0, 1):
            rule = save_rule(
                ctx, author, f"To {to[n]}", trigger="customers.changed", enabled=False,
                conditions=[condition("record.source", "eq", to[1 - n])], actions=[action("set.source", value=to[n])],
            )  # fmt: skip
            t = table(Automation)  # past the check that refuses it
            ctx.session.execute(update(t).where(t.c.id == rule.key).values(enabled=True))
        editing.change(ctx, assembly.resource("customers"), customer, {"source": "fair"})
    work(assembly)
    assert "round for ever" in runs(assembly)[-1].text
    assert sum(run.outcome == "done" for run in runs(assembly)) <= 4


def test_a_chain_stops_after_its_eighth_rule_and_says_so(assembly: Assembly) -> None:
    author = make_user(assembly, "manager")
    with working(assembly) as ctx:
        save_rule(ctx, author, conditions=[])
        for length in (MOST_DEPTH - 1, MOST_DEPTH):
            ctx.cause = {"event": 1, "rules": [-n - 1 for n in range(length)]}
            editing.create(ctx, assembly.resource("customers"), {"name": f"Chain of {length}"})
    work(assembly)
    seventh, eighth = runs(assembly)
    assert (seventh.outcome, seventh.depth) == ("done", MOST_DEPTH - 1)
    assert (eighth.outcome, eighth.depth) == ("stopped", MOST_DEPTH)
    assert "8 rules" in eighth.text
